"""Fresh systems in folders: bootstrapped from a distribution's own archive, copied for each try."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from erc.deploy.refusal import Refusal
from erc.workers.builder.bootstrap import ToolFailed, debootstrap, keyring
from erc.workers.builder.domain.archives import Archive, BaseWanted, TimeMachine, archive

INCLUDED = "ca-certificates,git,make,sudo"
"""What a stranger has before the README's first line; everything else is the set-up's work."""
_USER = "stranger"


@dataclass(frozen=True)
class System:
    """A release of a distribution, which comes from the archive that its bootstrap script names."""

    name: str
    distribution: str
    suite: str

    @property
    def archive(self) -> Archive:
        """What is known of its archive: the same as for base images."""
        return archive(BaseWanted(self.distribution, self.suite), TimeMachine())


SYSTEMS = (
    System("debian-12", "debian", "bookworm"),
    System("debian-13", "debian", "trixie"),
    System("ubuntu-24.04", "ubuntu", "noble"),
)


def bootstrap(system: System, folder: Path) -> Path:
    """Return the bootstrapped system, made once in `folder`. Raises Refusal when it cannot be made."""
    kept = folder / f"base-{system.name}"
    if kept.exists():
        return kept
    draft = folder / f"draft-{system.name}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        command = debootstrap(system.archive, keyring(system.archive, folder), draft, INCLUDED)
    except ToolFailed as failure:
        raise Refusal(f"{failure}.") from failure
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Refusal(f"{system.name} could not be bootstrapped: {(made.stdout + made.stderr).strip()[-600:]}")
    draft.rename(kept)
    return kept


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
