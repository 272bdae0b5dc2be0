"""`make engine-stop` and `make clean-all`: take back what set-up did."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import engine
from .machine import ROOT, STATE, Missing, as_root, read_note, say

BASE_LABEL = "org.erc.base"


def stop_engine() -> None:
    """Stop the engine that set-up started."""
    say(engine.stop())


def clean_all() -> None:
    """Remove .venv, the state of runs from here, the base images; with REMOVE=1 the Debian packages too."""
    _remove_bases()
    stop_engine()
    packages = [str(name) for name in read_note("packages").get("names", [])]
    if packages and os.environ.get("REMOVE") == "1":
        run = subprocess.run(as_root(["apt-get", "remove", "-y", "-qq", *packages]), check=False)
        if run.returncode:
            raise Missing("apt-get could not remove the packages; the rest was left as it is.")
        say(f"Removed the Debian packages {' '.join(packages)}.")
    elif packages:
        say(f"These Debian packages stay: {' '.join(packages)}. To remove them: make clean-all REMOVE=1")
    _remove_folders()


def _remove_bases() -> None:
    if not (shutil.which("docker") and engine.answering()):
        return
    ask = ["docker", "image", "ls", "-q", "--filter", f"label={BASE_LABEL}"]
    images = sorted(set(subprocess.run(ask, capture_output=True, text=True, check=False).stdout.split()))
    if images:
        subprocess.run(["docker", "image", "rm", "-f", *images], capture_output=True, check=False)
        say(f"Removed {len(images)} base image(s).")


def _remove_folders() -> None:
    for folder in (ROOT / ".venv", STATE.parent, *map(ROOT.joinpath, (".mypy_cache", ".ruff_cache", ".pytest_cache"))):
        if folder.exists():
            _remove(folder)
            say(f"Removed {folder.relative_to(ROOT)}.")
    state = Path(os.environ.get("ERC_HOME", Path.home() / ".erc"))
    if state.exists():
        say(f"The state of the service, with everything that was uploaded, stays in {state}; remove it by hand.")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(as_root(["rm", "-rf", "--one-file-system", str(folder)]), check=False)
