"""One paper by three ways, from a folder, from an address and by its name: the same run, the same verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.git_server import GitServer, Repository, git_server
from support.service import TEXT_PAPER, Service, running

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("runs") / "home"
    home.mkdir()
    with running(home, SOURCES_ALLOW_LOOPBACK="1", BUILDER_SAVE_IMAGE="false") as service:
        yield service


def erc(stack: Service, *arguments: str, cwd: Path | None = None) -> tuple[int, dict[str, Any]]:
    """Call the command line; return its exit code and its JSON."""
    environment = {**os.environ, "ERC_HOME": str(stack.home)}
    command = [sys.executable, "-m", "erc.gateway.client", *arguments, "--json"]
    ran = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_a_paper_is_the_same_run_by_address_by_folder_and_by_name(
    stack: Service, server: GitServer, tmp_path: Path
) -> None:
    files = {name: text if isinstance(text, bytes) else text.encode() for name, text in TEXT_PAPER.items()}
    repository = Repository(server.root, "ada/rain")
    repository.commit(files)
    url = f"{server.url}/ada/rain"

    code, by_address = erc(stack, "run", url)
    assert (code, by_address["verdict"], by_address["name"], by_address["generation"]) == (0, "reproduced", "rain", 1)

    clone = tmp_path / "rain"
    subprocess.run(["git", "clone", "-q", url, str(clone)], check=True, capture_output=True)
    code, refused = erc(stack, "run", str(clone))
    assert (code, refused["problem"]["code"]) == (5, "run_exists")
    code, by_folder = erc(stack, "update", ".", cwd=clone)
    assert (code, by_folder["verdict"], by_folder["name"], by_folder["generation"]) == (0, "reproduced", "rain", 2)

    code, by_name = erc(stack, "run", "rain")
    assert (code, by_name["verdict"], by_name["generation"]) == (0, "reproduced", 3)
    assert by_name["compendium_id"] == by_folder["compendium_id"]
    assert sorted(path.name for path in clone.iterdir()) == [".git", *sorted(files)]

    code, shown = erc(stack, "status", "rain")
    assert (shown["status"], shown["origin"], shown["source"]) == ("stopped", url, ".")
    assert stack.get("/api/v1/runs/rain/build")["image"] == shown["image"]
    code, environment = erc(stack, "env", "show", "build://rain:latest")
    assert (code, environment["image"]) == (0, shown["image"])
    assert any(package["name"].startswith("python3") for package in environment["packages"])
    code, difference = erc(stack, "env", "diff", "rain", by_address["job_id"])
    assert (code, difference["same_image"], difference["differences"]) == (0, True, [])


def test_an_entrypoint_runs_below_what_is_sent_and_a_killed_run_stays_killed(stack: Service, tmp_path: Path) -> None:
    folder = tmp_path / "all-papers"
    (folder / "papers" / "one").mkdir(parents=True)
    (folder / "values.py").write_text("MEAN = 4.2\n")
    program = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, '.')\nfrom values import MEAN\n"
        "Path('papers/one/display.txt').write_text(f'The mean is {MEAN}\\n')\n"
    )
    (folder / "papers" / "one" / "paper.py").write_text(program)
    (folder / "papers" / "one" / "display.txt").write_text("The mean is 4.2\n")
    (folder / "main.py").write_text("from pathlib import Path\nPath('display.txt').write_text('another one')\n")
    (folder / "display.txt").write_text("another one")
    code, ended = erc(stack, "run", str(folder), "--entrypoint", "papers/one")
    assert (code, ended.get("verdict"), ended.get("name")) == (0, "reproduced", "all-papers"), ended

    (folder / "papers" / "one" / "paper.py").write_text("import time\ntime.sleep(600)\n")
    code, begun = erc(stack, "update", str(folder), "--no-wait")
    assert (code, begun["generation"]) == (0, 2)
    assert stack.get("/api/v1/runs/all-papers")["entrypoint"] == "papers/one"
    code, killed = erc(stack, "kill", str(folder))
    assert (code, killed["runs"][0]["status"]) == (0, "killed")
    assert stack.ended(begun["job_id"])["verdict"] == "cancelled"
    code, shown = erc(stack, "status", "all-papers")
    assert (code, shown["status"], shown["generation"]) == (0, "killed", 2)
