"""The virtual environment `.venv`: made by the system's Python, filled with pinned packages of checked hashes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .machine import ROOT, Missing, has_apt, install, read_note, write_note

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
_INPUTS = ("requirements/build.txt", "requirements/dev.txt", "pyproject.toml")


def fingerprint() -> str:
    """Return a digest of everything that decides what is installed."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for name in _INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def up_to_date() -> bool:
    """Return whether the environment holds what the requirements say."""
    return PYTHON.exists() and read_note("python").get("fingerprint") == fingerprint()


def needs_venv_package() -> bool:
    """Return whether this Python cannot make virtual environments, as Debian's without python3-venv."""
    return not PYTHON.exists() and importlib.util.find_spec("ensurepip") is None


def provide() -> None:
    """Make and fill the environment. Raises Missing with what failed."""
    if not PYTHON.exists():
        _make()
    for requirements in _INPUTS[:2]:
        _pip("--require-hashes", "-r", requirements)
    # The build tool is installed with its hash already: building must not fetch another one.
    _pip("--no-deps", "--no-build-isolation", "-e", ".")
    write_note("python", {"fingerprint": fingerprint()})


def install_into(folder: Path, package: str) -> None:
    """Put one package without its dependencies into a folder of its own. Raises Missing with what failed."""
    _pip("--no-deps", "--target", str(folder), package)


def _make() -> None:
    if needs_venv_package() and has_apt():
        install([f"python3.{sys.version_info[1]}-venv"])
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Missing(f"The virtual environment could not be made: {(made.stdout + made.stderr).strip()[-600:]}")


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    environment = dict(os.environ)
    if "SSL_CERT_FILE" in environment:
        environment.setdefault("PIP_CERT", environment["SSL_CERT_FILE"])
    run = subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise Missing(
            f"pip could not install {arguments[-1]}: {run.stderr.strip()[-800:]}\n"
            "Behind a proxy set https_proxy; with an own certificate authority set SSL_CERT_FILE or PIP_CERT."
        )
