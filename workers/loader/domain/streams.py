"""Bytes in pieces: read from a file, inflated, and cut to measure; never more than a piece in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from erc.events.errors import Rejected
from erc.workers.loader.domain.refusals import ambiguous, broken

if TYPE_CHECKING:
    from zlib import _Decompress

PIECE_BYTES = 1 << 20
PACKED_BYTES = 1 << 16
"""Compressed pieces are smaller: zlib copies the rest of one for each piece that comes out."""
GZIP_PARTS = 1_000_000


def exact(file: BinaryIO, size_bytes: int) -> bytes:
    """Read so many bytes, which must be few; raises `Rejected` when the file ends before."""
    found = file.read(size_bytes)
    while len(found) < size_bytes and (more := file.read(size_bytes - len(found))):
        found += more
    if len(found) < size_bytes:
        raise broken("It ends in the middle.")
    return found


def pieces(file: BinaryIO, size_bytes: int | None = None, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Yield the next bytes of a file, at most so many, or all; ends early when the file does."""
    left = size_bytes
    while left is None or left > 0:
        piece = file.read(piece_bytes if left is None else min(left, piece_bytes))
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece


def inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a raw deflate stream holds; it must end exactly where its bytes end."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in packed:
        if engine.eof:
            raise _hidden()
        yield from _drained(engine, chunk)
    if not engine.eof:
        raise broken("A compressed file ends in the middle.")
    if engine.unused_data:
        raise _hidden()


def gunzipped(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a gzip file holds, all of its parts one after the other; checksums are checked, a tail is refused."""
    engine, parts = zlib.decompressobj(zlib.MAX_WBITS | 16), 1
    for read in packed:
        chunk = read
        while chunk:
            if engine.eof:
                engine, parts = zlib.decompressobj(zlib.MAX_WBITS | 16), parts + 1
            if parts > GZIP_PARTS:
                raise broken("It consists of too many gzip parts.")
            yield from _drained(engine, chunk)
            chunk = engine.unused_data
    if not engine.eof:
        raise broken("The gzip file ends in the middle.")


def _drained(engine: _Decompress, packed: bytes) -> Iterator[bytes]:
    chunk = packed
    while True:
        try:
            piece = engine.decompress(chunk, PIECE_BYTES)
        except zlib.error as error:
            raise broken("Compressed bytes cannot be read.") from error
        if piece:
            yield piece
        chunk = engine.unconsumed_tail
        # zlib can hold back output after its last input byte, but only when the piece was full
        if engine.eof or (not chunk and len(piece) < PIECE_BYTES):
            return


def _hidden() -> Rejected:
    return ambiguous("Bytes are hidden behind the end of a compressed file.")


class Stream:
    """Reads to measure from pieces that come one after the other."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._left = memoryview(b"")

    def some(self, most_bytes: int) -> bytes:
        """Return the next bytes, at least one and at most so many; `b""` at the end."""
        while not self._left:
            piece = next(self._source, None)
            if piece is None:
                return b""
            self._left = memoryview(piece)
        found, self._left = self._left[:most_bytes], self._left[most_bytes:]
        return bytes(found)

    def exact(self, size_bytes: int) -> bytes:
        """Return exactly so many bytes, which must be few; raises `Rejected` at the end."""
        return b"".join(self.pieces(size_bytes))

    def start(self, size_bytes: int) -> bytes:
        """Return so many bytes, or fewer at the end."""
        found = b""
        while len(found) < size_bytes and (more := self.some(size_bytes - len(found))):
            found += more
        return found

    def pieces(self, size_bytes: int) -> Iterator[bytes]:
        """Yield exactly so many bytes; raises `Rejected` when the stream ends before."""
        left = size_bytes
        while left:
            found = self.some(min(left, PIECE_BYTES))
            if not found:
                raise broken("It ends in the middle.")
            left -= len(found)
            yield found
