"""A file as the parameter `size` wants it: a picture of so many pixels' width, the first lines of a text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from erc.events.blobs import BlobStore, place_of
from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.gateway.errors import Refused
from erc.gateway.files.kept import Folder
from erc.gateway.files.pictures import MOST_WIDTH, resized
from erc.gateway.files.pieces import Row, stored
from erc.schemas.ids import Digest

PICTURES = {"png", "jpg", "jpeg", "gif", "bmp", "webp"}
TEXTS = {"txt", "r", "rmd", "md", "markdown", "csv"}
MOST_LINES = 1_000_000
LOOKED_AT_BYTES = 16 << 20
"""How much of a text is looked at for its first lines; a longer beginning is cut there."""
MOST_ANSWER_BYTES = 64 << 20

_SIZE = re.compile(r"[1-9]\d{0,6}", re.ASCII)


def asked_size(text: str | None, path: str) -> int | None:
    """Return the size that the query asks for, None when it does not; raises Refused (400)."""
    if text is None:
        return None
    most = MOST_WIDTH if extension_of(path) in PICTURES else MOST_LINES
    if not _SIZE.fullmatch(text) or int(text) > most:
        raise Refused(400, "invalid size parameter", f"A whole number from 1 to {most} is needed.", "invalid_size")
    return int(text)


def extension_of(path: str) -> str:
    """Return the extension of a path's name in lower case, without its dot; empty when there is none."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


class Smaller:
    """Makes files smaller: pictures in a limited child, a few at a time, kept in a folder; texts by counting lines."""

    def __init__(self, blobs: BlobStore, folder: Folder, reader: Limited, at_once: int = 2) -> None:
        self._blobs, self._folder, self._reader = blobs, folder, reader
        self._places = asyncio.Semaphore(at_once)

    async def of(self, digest: Digest, path: str, size: int) -> Row | None:
        """Return the smaller file, None when its kind is handed out as it is.

        Raises Refused (400, 413, 415) for pictures that cannot be read.
        """
        kind = extension_of(path)
        if kind in TEXTS:
            source = await place_of(self._blobs, digest)
            return stored(source, await asyncio.to_thread(first_lines, source, size))
        if kind not in PICTURES:
            return None
        made = await self._folder.get(f"{digest}-{size}", self._resizing(digest, size))
        return stored(made, made.stat().st_size)

    def _resizing(self, digest: Digest, size: int) -> Callable[[], Awaitable[bytes]]:
        async def resize() -> bytes:
            async with self._places:
                return await self._read(await place_of(self._blobs, digest), size)

        return resize

    async def _read(self, path: Path, size: int) -> bytes:
        try:
            return await self._reader.read(MOST_ANSWER_BYTES, resized, path, size)
        except Rejected as error:
            problem = error.problem
            status = {"invalid_size": 400, "too_demanding": 413, "picture_too_large": 413}.get(problem.code, 415)
            raise Refused(status, problem.title, problem.detail, problem.code) from error


def first_lines(path: Path, count: int) -> int:
    """Return how many bytes the first lines of a file have, their ends included."""
    seen = 0
    with path.open("rb") as file:
        while piece := file.read(min(1 << 18, LOOKED_AT_BYTES - seen)):
            lines = piece.count(b"\n")
            if lines >= count:
                return seen + _end_of_line(piece, count)
            count -= lines
            seen += len(piece)
    return seen


def _end_of_line(piece: bytes, number: int) -> int:
    end = 0
    for _ in range(number):
        end = piece.index(b"\n", end) + 1
    return end
