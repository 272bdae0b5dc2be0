"""A tar as a row of pieces, and its gzip; equal files give equal bytes."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from erc.gateway.files.packed import Packed
from erc.gateway.files.pieces import Chunks, Made, Piece, Row, Stored
from erc.schemas.ids import Digest

_BLOCK, _RECORD = 512, 10_240


def tar_row(files: Sequence[Packed], place: Callable[[Digest], Path]) -> Row:
    """Return the tar (POSIX.1-2001) of these files; `place` is where a blob lies."""
    size = sum(len(_header(file)) + file.size_bytes + _gap(file.size_bytes) for file in files)
    tail = 2 * _BLOCK + -(size + 2 * _BLOCK) % _RECORD

    def pieces() -> Iterator[Piece]:
        for file in files:
            header = _header(file)
            yield Made(len(header), lambda header=header: header)  # type: ignore[misc]
            if isinstance(file.content, bytes):
                yield Made(file.size_bytes, lambda content=file.content: content)  # type: ignore[misc]
            elif file.size_bytes:
                yield Stored(file.size_bytes, place(file.content))
            gap = _gap(file.size_bytes)
            yield Made(gap, lambda gap=gap: bytes(gap))  # type: ignore[misc]
        yield Made(tail, lambda: bytes(tail))

    return Row(size + tail, pieces)


def _gap(size: int) -> int:
    return -size % _BLOCK


def _header(file: Packed) -> bytes:
    about = tarfile.TarInfo(file.name.decode("utf-8", "replace"))
    about.size, about.mode = file.size_bytes, 0o755 if file.executable else 0o644
    return about.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


class Gzip:
    """Chunks of a gzip of other chunks, without time and name; its length is known at its end only."""

    def __init__(self, source: Chunks, level: int = 6) -> None:
        self._source, self._ended = source, False
        self._packer = zlib.compressobj(level, zlib.DEFLATED, 31)

    def next(self) -> bytes:
        """Return the next bytes, none at the end."""
        while not self._ended:
            chunk = self._source.next()
            self._ended = not chunk
            if packed := self._packer.compress(chunk) if chunk else self._packer.flush():
                return packed
        return b""

    def at_once(self) -> None:
        """Return nothing: packing takes its time."""

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()
