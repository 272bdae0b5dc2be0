"""Fresh systems in folders: bootstrapped from a distribution's own archive, copied for each try."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from erc.deploy.refusal import Refusal

INCLUDED = "ca-certificates,git,make,sudo"
"""What a stranger has before the README's first line; everything else is the set-up's work."""
_KEYRINGS = Path("/usr/share/keyrings")
_UBUNTU_KEYRING = "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
"""Where the package of Ubuntu's keys lies in the archive that the bootstrap script names."""
_UBUNTU_KEYRING_SHA256 = "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8"
"""Debian has no package of Ubuntu's keys; this one is known by its digest."""
_USER = "stranger"


@dataclass(frozen=True)
class System:
    """A release of a distribution, which comes from the archive that its bootstrap script names."""

    name: str
    suite: str
    keyring: str
    components: str
    script: str = ""
    """The bootstrap script, where an older debootstrap does not know the suite."""


SYSTEMS = (
    System("debian-12", "bookworm", "debian-archive-keyring", "main"),
    System("debian-13", "trixie", "debian-archive-keyring", "main"),
    System("ubuntu-24.04", "noble", "ubuntu-archive-keyring", "main,universe", "gutsy"),
)


def bootstrap(system: System, folder: Path) -> Path:
    """Return the bootstrapped system, made once in `folder`. Raises Refusal when it cannot be made."""
    kept = folder / f"base-{system.name}"
    if kept.exists():
        return kept
    keyring = _keyring(system, folder)
    draft = folder / f"draft-{system.name}"
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        *("debootstrap", "--variant=minbase", f"--include={INCLUDED}", f"--components={system.components}"),
        *(f"--keyring={keyring}", system.suite, str(draft), "", system.script or system.suite),
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Refusal(f"{system.name} could not be bootstrapped: {(made.stdout + made.stderr).strip()[-600:]}")
    draft.rename(kept)
    return kept


def _keyring(system: System, folder: Path) -> Path:
    name = f"{system.keyring}.gpg"
    if (_KEYRINGS / name).exists():
        return _KEYRINGS / name
    if "ubuntu" not in system.keyring:
        raise Refusal(f"{name} is missing; install it with: apt-get install {system.keyring}")
    package, keys = folder / "ubuntu-keyring.deb", folder / "ubuntu-keyring"
    for archive in _archives(system):
        with contextlib.suppress(OSError):
            package.write_bytes(urllib.request.urlopen(f"{archive}/{_UBUNTU_KEYRING}", timeout=60).read())  # noqa: S310
            break
    else:
        raise Refusal("Ubuntu's keys cannot be fetched from any archive that the bootstrap script names.")
    if hashlib.sha256(package.read_bytes()).hexdigest() != _UBUNTU_KEYRING_SHA256:
        raise Refusal("Ubuntu's keys are not those that were expected; nothing of them is used.")
    subprocess.run(["dpkg-deb", "-x", str(package), str(keys)], check=True)
    return keys / "usr/share/keyrings" / name


def copy(base: Path, root: Path, repository: Path) -> None:
    """Make a fresh copy with an ordinary user who may use sudo, and with the repository to clone at /srv/erc."""
    if root.exists():
        shutil.rmtree(root)
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
    _inside(root, "useradd", "-m", "-s", "/bin/bash", _USER)
    (root / "etc/sudoers.d/stranger").write_text(f"{_USER} ALL=(ALL) NOPASSWD: ALL\n", encoding="utf-8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost fresh\n", encoding="utf-8")
    (root / "etc/hostname").write_text("fresh\n", encoding="utf-8")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    subprocess.run(["git", "clone", "-q", "--bare", str(repository), str(root / "srv/erc")], check=True)
    _inside(root, "chown", "-R", f"{_USER}:", "/srv/erc")
    for name in ("SSL_CERT_FILE", "PIP_CERT"):
        if os.environ.get(name):
            shutil.copy(os.environ[name], root / "etc/ssl" / f"{name}.pem")


def _inside(root: Path, *command: str) -> None:
    subprocess.run(["chroot", str(root), *command], check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def _archives(system: System) -> list[str]:
    """Return the archives that the bootstrap script of a system may fetch from by itself."""
    script = Path("/usr/share/debootstrap/scripts") / (system.script or system.suite)
    if not script.exists():
        raise Refusal(f"The bootstrap script {script} is missing; install it with: apt-get install debootstrap")
    return re.findall(r"default_mirror\s+(\S+)", script.read_text(encoding="utf-8"))
