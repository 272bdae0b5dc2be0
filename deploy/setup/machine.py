"""The machine that is set up: its distribution, its package manager, how to become root, what was installed."""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".erc" / "setup"
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Missing(Exception):  # noqa: N818 - a statement about the machine, not a programming error
    """Something that set-up cannot provide; the text says what to do by hand."""


def say(sentence: str) -> None:
    """Tell the person."""
    print(sentence, flush=True)


def distribution() -> str:
    """Return `debian`, `ubuntu` or another name (`ID` of /etc/os-release); its relatives count as these two."""
    fields: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            fields[name] = value.strip('"')
    family = [fields.get("ID", sys.platform), *fields.get("ID_LIKE", "").split()]
    return next((name for name in family if name in {"debian", "ubuntu"}), family[0])


def has_apt() -> bool:
    """Return whether packages can be installed here by this set-up."""
    return distribution() in {"debian", "ubuntu"} and shutil.which("apt-get") is not None


def is_root() -> bool:
    """Return whether this is root."""
    return os.geteuid() == 0


def user() -> str:
    """Return the name of who runs this."""
    return getpass.getuser()


def as_root(command: Sequence[str]) -> list[str]:
    """Return the command that runs this one as root, with the proxies of this environment.

    Raises Missing when there is no sudo.
    """
    if is_root():
        return list(command)
    if shutil.which("sudo") is None:
        raise Missing(f"This needs root, and there is no sudo. Let root run: {' '.join(command)}")
    # sudo drops the environment, and `sudo -E` is often forbidden.
    return ["sudo", "env", *(f"{name}={os.environ[name]}" for name in PROXIES if name in os.environ), *command]


def installed(package: str) -> bool:
    """Return whether this Debian package is installed."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() == "installed"


def available(package: str) -> bool:
    """Return whether this Debian package can be installed."""
    answer = subprocess.run(["apt-cache", "show", package], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and bool(answer.stdout.strip())


def install(packages: Sequence[str]) -> None:
    """Install Debian packages and remember them. Raises Missing with apt's words when that fails."""
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    new = [package for package in packages if not installed(package)]
    command = as_root([*environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])
    refresh()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        last = "\n".join((run.stdout + run.stderr).strip().splitlines()[-6:])
        raise Missing(f"apt-get could not install {' '.join(packages)}:\n{last}")
    note = read_note("packages")
    write_note("packages", {"names": sorted({*note.get("names", []), *new})})


@functools.cache
def refresh() -> None:
    """Fetch the lists of packages. Raises Missing when none could be fetched."""
    run = subprocess.run(as_root(["apt-get", "update", "-qq"]), capture_output=True, text=True, check=False)
    if run.returncode:
        raise Missing(f"apt-get update failed; is there a network, or is a proxy missing?\n{run.stderr.strip()[-400:]}")


def read_note(name: str) -> dict[str, Any]:
    """Return what an earlier set-up noted under this name; empty when it noted nothing."""
    try:
        document = json.loads((STATE / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def write_note(name: str, document: dict[str, Any]) -> None:
    """Note something for later set-ups."""
    STATE.mkdir(parents=True, exist_ok=True)
    (STATE / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
