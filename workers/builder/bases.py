"""Base images of a Debian suite: kept in the engine, made from the distribution's own archive where none is kept.

As a program (`python -m erc.workers.builder.bases`) it prepares the base image and says what it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import NamedTuple

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError
from aiodocker.jsonstream import json_stream_stream

from erc.events.errors import Rejected, Unavailable
from erc.events.holding import held, holding
from erc.workers.docker import LABEL_BASE, connect

SUITE = "bookworm"
REPOSITORY = "erc-base"

_CHUNK_BYTES = 1 << 20
_PREFIX = "erc-base-"
_OF_THIS_MACHINE = ("etc/resolv.conf", "etc/hostname", "etc/machine-id")
_LEFT_OUT = ("./dev/*", "./proc/*", "./sys/*", *(f"./{path}" for path in _OF_THIS_MACHINE))
_SWEPT = ("var/lib/apt/lists", "var/cache/apt", "var/log", "var/cache/debconf", "usr/share/man", "usr/share/info")
_HELP = (
    "Install debootstrap and run this service as root, or install mmdebstrap and uidmap (on Debian: apt-get install), "
    "or name an image in BUILDER_BASE"
)


class Base(NamedTuple):
    """A base image: the name to build from, and the id (`sha256:…`) that is part of an environment's key."""

    name: str
    image_id: str


class Bases:
    """Finds or makes the base image; `configured` is BUILDER_BASE (a name or digest), empty for none."""

    def __init__(
        self, engine: aiodocker.Docker, configured: str = "", progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self._engine, self._configured, self._progress = engine, configured, progress

    async def prepare(self, suite: str = SUITE) -> Base:
        """Return the base image: as configured, else kept, else made by debootstrap or mmdebstrap, else pulled.

        Raises `Rejected` when the configured image does not exist, `Unavailable` with what to install when there is
        no way to a base image.
        """
        if self._configured:
            return await self._named(self._configured)
        name = f"{REPOSITORY}:{suite}"
        if kept := await self.find(name):
            self._progress(f"The base image {name} is there.")
            return kept
        return await self._made(suite, name) or await self._pulled(suite, name)

    async def find(self, name: str) -> Base | None:
        """Return the image of this name when the engine has it."""
        try:
            return Base(name, str((await self._engine.images.inspect(name))["Id"]))
        except DockerError as error:
            if error.status == 404:
                return None
            raise Unavailable(f"The container engine does not answer: {error.message}") from error

    async def _named(self, name: str) -> Base:
        if found := await self.find(name):
            return found
        self._progress(f"Fetching {name} …")
        try:
            await self._engine.images.pull(name)
        except DockerError as error:
            raise Rejected(
                "The configured base image cannot be fetched",
                f"BUILDER_BASE is {name}: {error.message}. Load that image into the engine or name another one.",
                code="base_missing",
            ) from error
        if found := await self.find(name):
            return found
        raise Unavailable(f"The base image {name} was fetched, but the engine does not have it")

    async def _made(self, suite: str, name: str) -> Base | None:
        for tool, way in (("debootstrap", _debootstrapped), ("mmdebstrap", _mmdebstrapped)):
            if shutil.which(tool) is None or (tool == "debootstrap" and os.geteuid() != 0):
                continue
            self._progress(f"Making the base image {name} with {tool} (about half a minute) …")
            said: list[str] = []
            try:
                await self._import(_listened(way(suite), said), suite, name)
            except (DockerError, _ToolFailed, aiohttp.ClientError) as error:
                self._progress(f"{tool} did not succeed: {said[0] if said else error}")
                continue
            return await self.find(name)
        return None

    async def _import(self, content: AsyncGenerator[bytes, None], suite: str, name: str) -> None:
        repository, _, tag = name.partition(":")
        async with (
            contextlib.aclosing(content),
            self._engine._query(  # noqa: SLF001 - aiodocker has no import from a stream
                "images/create",
                "POST",
                params={"fromSrc": "-", "repo": repository, "tag": tag, "changes": f"LABEL {LABEL_BASE}={suite}"},
                headers={"Content-Type": "application/x-tar"},
                data=content,
                timeout=None,
            ) as response,
        ):
            async for _ in json_stream_stream(response):
                pass

    async def _pulled(self, suite: str, name: str) -> Base:
        image = f"debian:{suite}-slim"
        self._progress(f"Fetching {image} from the image registry …")
        try:
            await self._engine.images.pull(image)
            await self._engine.images.tag(image, REPOSITORY, tag=suite)
        except DockerError as error:
            raise Unavailable(f"There is no base image. {_HELP}.") from error
        found = await self.find(name)
        if found is None:
            raise Unavailable(f"There is no base image. {_HELP}.")
        return found


class _ToolFailed(Exception):  # noqa: N818 - says what happened, like the other failures of this service
    """A tool ended with an error; the text is its last line."""


async def _listened(pieces: AsyncGenerator[bytes, None], said: list[str]) -> AsyncGenerator[bytes, None]:
    # The HTTP client reports a failing body as a lost connection; what the tool said is kept here.
    async with contextlib.aclosing(pieces):
        try:
            async for piece in pieces:
                yield piece
        except _ToolFailed as failure:
            said.append(str(failure))
            raise


async def _debootstrapped(suite: str) -> AsyncGenerator[bytes, None]:
    # A mount namespace of its own: whatever debootstrap leaves mounted is gone before the folder is removed.
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder, holding(Path(folder)):
        root = Path(folder) / "root"
        tool = ["unshare", "--mount", "debootstrap", "--variant=minbase", suite, str(root)]
        async with contextlib.aclosing(_output(tool, merged=True)) as lines:
            async for _ in lines:
                pass
        await asyncio.to_thread(_tidy, root)
        excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        packer = ["tar", "--numeric-owner", "--sort=name", *excluded, "-C", str(root), "-c", "."]
        async with contextlib.aclosing(_output(packer)) as pieces:
            async for piece in pieces:
                yield piece


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


async def _mmdebstrapped(suite: str) -> AsyncGenerator[bytes, None]:
    mode = "root" if os.geteuid() == 0 else "unshare"
    skipped = ["--skip=output/dev", "--skip=output/mknod"]
    lean = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "info", "locale")]
    tool = ["mmdebstrap", f"--mode={mode}", "--variant=minbase", "--format=tar", *skipped, *lean]
    swept = " ".join(f'"$1"/{path}' for path in [*(f"{path}/*" for path in _SWEPT), *_OF_THIS_MACHINE])
    async with contextlib.aclosing(_output([*tool, f"--customize-hook=rm -rf {swept}", suite, "-"])) as pieces:
        async for piece in pieces:
            yield piece


def _tidy(root: Path) -> None:
    """Add the archive's suite of updates, and remove what no run needs."""
    sources = root / "etc/apt/sources.list"
    lines = sources.read_text().splitlines()
    updates = [_updates(line) for line in lines if line.startswith("deb ")]
    sources.write_text("".join(f"{line}\n" for line in [*lines, *updates]))
    for path in _SWEPT:
        for child in (root / path).iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    for manual in (root / "usr/share/doc").rglob("*"):
        if manual.name != "copyright" and (manual.is_symlink() or not manual.is_dir()):
            manual.unlink()
    for translation in (root / "usr/share/locale").iterdir():
        if translation.is_dir():
            shutil.rmtree(translation)


def _updates(line: str) -> str:
    kind, archive, suite, *components = line.split()
    return " ".join([kind, archive, f"{suite}-updates", *components])


async def _output(command: list[str], *, merged: bool = False) -> AsyncGenerator[bytes, None]:
    """Yield what a tool writes; raises `_ToolFailed` at its end, and stops it when the reader goes away."""
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
                raise _ToolFailed(said.splitlines()[-1] if said else f"{command[0]} failed")
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def main() -> int:
    """Prepare the base image and report it; returns the exit code."""

    def progress(sentence: str) -> None:
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()

    try:
        async with await connect() as engine:
            base = await Bases(engine, os.environ.get("BUILDER_BASE", ""), progress).prepare()
    except Unavailable as error:
        progress(str(error))
        return 1
    except Rejected as error:
        progress(error.problem.sentence())
        return 1
    progress(f"Base image: {base.name} ({base.image_id[:19]})")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
