"""The client as it is installed without the service: only what it declares is there."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _needed(name: str, seen: set[str]) -> Iterator[importlib.metadata.Distribution]:
    """Yield a distribution and what it needs, without extras."""
    if name in seen:
        return
    seen.add(name)
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    yield distribution
    for line in distribution.requires or []:
        match = re.match(r"[A-Za-z0-9._-]+", line)
        if match and "extra ==" not in line:
            yield from _needed(match[0].lower().replace("_", "-"), seen)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    (folder / "erc").symlink_to(ROOT / ".import" / "erc")
    for distribution in _needed("erc", set()):
        tops = {file.parts[0] for file in distribution.files or []}
        for top in tops:
            place = Path(str(distribution.locate_file(top)))
            if top != ".." and not top.endswith(".pth") and place.exists() and not (folder / top).exists():
                (folder / top).symlink_to(place)
    return folder


def _erc(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PYTHONPATH": str(installed), "PATH": os.environ["PATH"], "ERC_HOME": str(home), "HOME": str(home)}
    command = [sys.executable, "-S", "-m", "erc.gateway.client", *arguments]
    return subprocess.run(command, env=environ, cwd=installed, capture_output=True, text=True, check=False)


def test_the_client_runs_without_the_services_packages(installed: Path, home: Path, workspace: Path) -> None:
    ran = _erc(installed, home, "run", str(workspace))
    assert ran.returncode == 7, ran.stderr
    assert "start one with: erc up" in ran.stderr


def test_up_says_what_to_install(installed: Path, home: Path) -> None:
    ran = _erc(installed, home, "up")
    assert ran.returncode == 1
    assert "The service is not installed, only its client. Install it with: pip install 'erc[server]'." in ran.stderr


def test_the_doctor_names_the_packages_that_are_not_there(installed: Path, home: Path) -> None:
    ran = _erc(installed, home, "doctor")
    assert ran.returncode == 1
    assert re.search(r"✗ Server packages: not installed: .*faststream.*starlette", ran.stdout)
