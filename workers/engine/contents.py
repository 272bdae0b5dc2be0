"""Reads the file system of an image without running anything of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tarfile
import tempfile
from typing import IO

import aiodocker

from erc.workers.containers import Containers, engine_errors
from erc.workers.engine.confined import LABEL_BUILD

_CHUNK_BYTES = 1 << 20
_OF_THE_ENGINE = frozenset({"etc/hostname", "etc/hosts", "etc/resolv.conf", ".dockerenv"})


async def tree(engine: aiodocker.Docker, image_id: str) -> dict[str, str]:
    """Return what each path of an image is: kind, mode, owner, and the digest of its content; times are left aside."""
    containers, name = Containers(engine), f"erc-contents-{image_id[-24:]}"
    await containers.remove(name)
    await containers.create(name, {"Image": image_id, "Cmd": ["true"], "Labels": {LABEL_BUILD: name}})
    try:
        with tempfile.TemporaryFile() as archive:
            await _export(engine, name, archive)
            return await asyncio.to_thread(_read, archive)
    finally:
        await asyncio.shield(containers.remove(name))


async def _export(engine: aiodocker.Docker, name: str, archive: IO[bytes]) -> None:
    with engine_errors():
        async with engine._query(f"containers/{name}/export", timeout=None) as response:  # noqa: SLF001
            with contextlib.closing(response):
                async for piece in response.content.iter_chunked(_CHUNK_BYTES):
                    await asyncio.to_thread(archive.write, piece)
    archive.seek(0)


def _read(archive: IO[bytes]) -> dict[str, str]:
    found = {}
    with tarfile.open(fileobj=archive, mode="r|") as entries:
        for entry in entries:
            if entry.name not in _OF_THE_ENGINE:
                found[entry.name] = _what(entries, entry)
    return found


def _what(entries: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    content = entry.linkname
    if entry.isreg():
        file = entries.extractfile(entry)
        assert file is not None
        content = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return f"{entry.type.decode()} {entry.mode:o} {entry.uid}:{entry.gid} {content}"
