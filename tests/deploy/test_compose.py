from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from erc.deploy.processes import PROCESSES

ROOT = Path(__file__).parents[2]
SERVERS = {"postgres", "nats", "opensearch"}
STEPS = {"migrations", "provision"}
ENGINE = {"builder", "executor"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def example() -> dict[str, str]:
    lines = (ROOT / "deploy" / "compose.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_process_is_a_service(services: dict[str, Any]) -> None:
    assert set(services) == {process.name for process in PROCESSES} | SERVERS | STEPS


def test_every_process_has_its_own_role(services: dict[str, Any]) -> None:
    for process in PROCESSES:
        url = services[process.name]["environment"]["DATABASE_URL"]
        assert url.startswith(f"postgresql://{process.role}:${{{process.name.upper()}_DATABASE_PASSWORD:?")
        assert f"MIGRATIONS_{process.name.upper()}_PASSWORD" in services["migrations"]["environment"]


def test_every_command_is_a_module_that_exists(services: dict[str, Any]) -> None:
    for name in set(services) - SERVERS:
        python, flag, module, *_ = services[name]["command"]
        assert (python, flag) == ("python", "-m")
        assert (ROOT.joinpath(*module.split(".")[1:]) / "__main__.py").exists(), module


def test_only_builder_and_executor_hold_the_engine(services: dict[str, Any]) -> None:
    holding = {name for name, service in services.items() if "docker.sock" in str(service.get("volumes"))}
    assert holding == ENGINE


def test_only_this_machine_is_served(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"gateway"}
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])


def test_no_password_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    names = set(re.findall(r"\$\{(\w*(?:PASSWORD|TOKEN)\w*)", text))
    assert names == {name for name in example() if name != "ERC_STATE"}
    for name in names:
        assert re.findall(rf"\$\{{{name}(..)", text).count(":?") == text.count(f"${{{name}")


def test_the_composition_is_valid() -> None:
    ways = [["docker", "compose"], ["docker-compose"]]
    working = [way for way in ways if shutil.which(way[0]) and _works(way)]
    if not working:
        pytest.skip("Docker Compose is missing; `make setup` installs it")
    environment = os.environ | {name: value or "x" for name, value in example().items()}
    for way in working:
        run = subprocess.run(
            [*way, "config", "-q"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr


def _works(way: list[str]) -> bool:
    return subprocess.run([*way, "version"], capture_output=True, check=False).returncode == 0


def test_the_image_has_the_git_that_repositories_are_asked_with() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    last = text[text.rindex("FROM ") :]
    assert re.search(r"^RUN .*apt-get install [^&]*\bgit\b", last, re.MULTILINE)
