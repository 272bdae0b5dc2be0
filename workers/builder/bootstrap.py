"""Makes the file system of a suite from its distribution's own archive, as a tar archive piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import AsyncGenerator
from pathlib import Path

from erc.events.holding import held, holding
from erc.workers.builder.domain.archives import Archive, sources_list

_CHUNK_BYTES = 1 << 20
_PREFIX = "erc-base-"
_OF_THIS_MACHINE = ("etc/resolv.conf", "etc/hostname", "etc/machine-id")
_LEFT_OUT = ("./dev/*", "./proc/*", "./sys/*", *(f"./{path}" for path in _OF_THIS_MACHINE))
_SWEPT = ("var/lib/apt/lists", "var/cache/apt", "var/log", "var/cache/debconf", "usr/share/man", "usr/share/info")
_KEYRINGS = Path("/usr/share/keyrings")
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_USUAL = re.compile(r'^DEF_MIRROR="(\S+)"', re.MULTILINE)
_UBUNTU_KEYRING = "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
"""Where the package of Ubuntu's keys lies in the archive that the bootstrap script names."""
_UBUNTU_KEYRING_SHA256 = "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8"
"""Debian has no package of Ubuntu's keys; this one is known by its digest."""


class ToolFailed(Exception):  # noqa: N818 - says what happened, like the other failures of this service
    """A tool ended with an error, or lacks what it needs; the text is a sentence or the tool's last line."""


def tools() -> list[str]:
    """Return the names of the tools that can be used here, the better one first."""
    found = [tool for tool in ("debootstrap", "mmdebstrap") if shutil.which(tool)]
    return [tool for tool in found if tool != "debootstrap" or os.geteuid() == 0]


async def bootstrapped(tool: str, archive: Archive) -> AsyncGenerator[bytes, None]:
    """Yield the file system that a tool makes of an archive; raises `ToolFailed`."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder, holding(Path(folder)):
        keys = await asyncio.to_thread(keyring, archive, Path(folder))
        way = _debootstrapped if tool == "debootstrap" else _mmdebstrapped
        async with contextlib.aclosing(way(archive, keys, Path(folder) / "root")) as pieces:
            async for piece in pieces:
                yield piece


async def _debootstrapped(archive: Archive, keys: Path, root: Path) -> AsyncGenerator[bytes, None]:
    # A mount namespace of its own: whatever debootstrap leaves mounted is gone before the folder is removed.
    tool = ["unshare", "--mount", *debootstrap(archive, keys, root)]
    async with contextlib.aclosing(_output(tool, merged=True)) as lines:
        async for _ in lines:
            pass
    await asyncio.to_thread(_tidy, root, archive)
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    packer = ["tar", "--numeric-owner", "--sort=name", *excluded, "-C", str(root), "-c", "."]
    async with contextlib.aclosing(_output(packer)) as pieces:
        async for piece in pieces:
            yield piece


def debootstrap(archive: Archive, keys: Path, root: Path, included: str = "") -> list[str]:
    """Return the command that bootstraps a suite into a folder, with packages beside the smallest set."""
    return [
        *("debootstrap", "--variant=minbase", f"--components={','.join(archive.components)}", f"--keyring={keys}"),
        *([f"--include={included}"] if included else []),
        *(archive.suite, str(root), archive.address, _script(archive)),
    ]


def _script(archive: Archive) -> str:
    """Return the name of the bootstrap script: of a similar suite, where the tool does not know this one."""
    return archive.suite if (_SCRIPTS / archive.suite).exists() else archive.like


async def _mmdebstrapped(archive: Archive, keys: Path, _root: Path) -> AsyncGenerator[bytes, None]:
    mode = "root" if os.geteuid() == 0 else "unshare"
    lean = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "info", "locale")]
    swept = " ".join(f'"$1"/{path}' for path in [*(f"{path}/*" for path in _SWEPT), *_OF_THIS_MACHINE])
    address = archive.address or next(iter(archives(archive)), "")
    dated = ['--aptopt=Acquire::Check-Valid-Until "false"'] if archive.dated else []
    tool = [
        *("mmdebstrap", f"--mode={mode}", "--variant=minbase", "--format=tar"),
        *("--skip=output/dev", "--skip=output/mknod", f"--components={','.join(archive.components)}"),
        *(f"--keyring={keys}", *dated, *lean, f"--customize-hook=rm -rf {swept}", archive.suite, "-"),
        *(sources_list(archive, address).splitlines() if address else []),
    ]
    async with contextlib.aclosing(_output(tool)) as pieces:
        async for piece in pieces:
            yield piece


def keyring(archive: Archive, folder: Path) -> Path:
    """Return the file of an archive's keys; Ubuntu's are fetched into `folder` where this machine has none.

    Blocks. Raises `ToolFailed` with what to install, or when the fetched keys are not the expected ones.
    """
    if (_KEYRINGS / archive.keyring).exists():
        return _KEYRINGS / archive.keyring
    if archive.distribution != "ubuntu":
        raise ToolFailed(f"{archive.keyring} is missing; install it with: apt-get install debian-archive-keyring")
    package, keys = folder / "ubuntu-keyring.deb", folder / "ubuntu-keyring"
    for address in archives(archive):
        with contextlib.suppress(OSError):
            package.write_bytes(urllib.request.urlopen(f"{address}/{_UBUNTU_KEYRING}", timeout=60).read())  # noqa: S310
            break
    else:
        raise ToolFailed("Ubuntu's keys cannot be fetched from any archive that the bootstrap script names")
    if hashlib.sha256(package.read_bytes()).hexdigest() != _UBUNTU_KEYRING_SHA256:
        raise ToolFailed("Ubuntu's keys are not those that were expected; nothing of them is used")
    subprocess.run(["dpkg-deb", "-x", str(package), str(keys)], check=True)
    return keys / "usr/share/keyrings" / archive.keyring


def archives(archive: Archive) -> list[str]:
    """Return the archives that the bootstrap script of a suite may fetch from by itself."""
    script = _SCRIPTS / _script(archive)
    if not script.exists():
        raise ToolFailed(f"The bootstrap script {script} is missing; install it with: apt-get install debootstrap")
    found = re.findall(r"default_mirror\s+(\S+)", script.read_text(encoding="utf-8"))
    return found or _usual()


def _usual() -> list[str]:
    path = shutil.which("debootstrap")
    return _USUAL.findall(Path(path).read_text(encoding="utf-8")) if path else []


def sweep_unfinished(folder: Path, older_than: float) -> int:
    """Remove base images in the making under this folder that no process holds any more; return how many.

    Spares what was changed after `older_than` (Unix time in seconds).
    """
    removed = 0
    for left in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < older_than and not held(left):
                shutil.rmtree(left)
                removed += 1
    return removed


def _tidy(root: Path, archive: Archive) -> None:
    """Add the archive's suite of updates, and remove what no run needs."""
    sources = root / "etc/apt/sources.list"
    line = next(line for line in sources.read_text().splitlines() if line.startswith("deb "))
    address = next(word for word in line.split() if "://" in word)
    sources.write_text(sources_list(archive, address))
    for path in _SWEPT:
        for child in (root / path).iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    for manual in (root / "usr/share/doc").rglob("*"):
        if manual.name != "copyright" and (manual.is_symlink() or not manual.is_dir()):
            manual.unlink()
    for translation in (root / "usr/share/locale").iterdir():
        if translation.is_dir():
            shutil.rmtree(translation)


async def _output(command: list[str], *, merged: bool = False) -> AsyncGenerator[bytes, None]:
    """Yield what a tool writes; raises `ToolFailed` at its end, and stops it when the reader goes away."""
    with tempfile.TemporaryFile() as complaints:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if merged else complaints,
        )
        assert child.stdout is not None
        last = b""
        try:
            while piece := await child.stdout.read(_CHUNK_BYTES):
                last = piece
                yield piece
            if await child.wait() != 0:
                complaints.seek(0)
                said = (last if merged else complaints.read()).decode(errors="replace").strip()
                raise ToolFailed(said.splitlines()[-1] if said else f"{command[0]} failed")
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
