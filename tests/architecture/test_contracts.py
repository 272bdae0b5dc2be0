"""Each import contract refuses a planted violation: a contract that cannot fail guards nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("gateway", "workers", "events", "schemas", "migrations", "deploy")

PLANTED = [
    ("schemas/job.py", "import erc.events.catalog", "Arrows point down"),
    ("events/catalog.py", "import erc.gateway.pipeline", "Arrows point down"),
    ("workers/loader/handler.py", "import erc.workers.builder.handler", "No worker imports another"),
    ("workers/checker/domain/__init__.py", "import subprocess", "Pure code does no I/O"),
    ("gateway/pipeline.py", "import asyncio", "Pure code does no I/O"),
    ("workers/loader/domain/__init__.py", "import erc.workers.loader.handler", "Inside a worker"),
    ("workers/loader/utils.py", "", "Inside a worker"),
    ("gateway/app.py", "import nats", "Only the wire knows the broker"),
    ("workers/loader/handler.py", "import asyncpg", "Only the relay speaks to PostgreSQL by itself"),
    ("gateway/client/cli.py", "import erc.events.catalog", "The client speaks HTTP only"),
]


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED, ids=[f"{file}-{name}" for file, _, name in PLANTED])
def test_a_planted_violation_is_refused(tmp_path: Path, file: str, line: str, contract: str) -> None:
    root = tmp_path / "erc"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    target = root / file
    before = target.read_text() if target.exists() else ""
    head, _, rest = before.partition("from __future__ import annotations\n")
    target.write_text(f"{head}from __future__ import annotations\n{line}\n{rest}" if rest else f"{line}\n{before}")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    # Without `site`, so that the development folder does not come in beside the planted copy.
    code = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{tmp_path}:{sysconfig.get_path('purelib')}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
    assert run.returncode == 1, run.stdout[-2000:]
    assert any(contract in row and "BROKEN" in row for row in run.stdout.splitlines()), run.stdout[-2000:]
