"""What is sent: a row of pieces of known size, each made or read only when it is its turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from erc.events.errors import Rejected

CHUNK_BYTES = 512 << 10
"""How much is read at once: what a reader who takes nothing keeps in memory, two times over."""


@dataclass(frozen=True, slots=True)
class Stored:
    """So many bytes of a file on this machine, from `begin`."""

    size_bytes: int
    path: Path
    begin: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """Bytes whose number is known before they are made."""

    size_bytes: int
    make: Callable[[], bytes]


Piece = Stored | Made


@dataclass(frozen=True)
class Row:
    """All the bytes of an answer: how many, and the pieces anew for everyone who reads them.

    `path` is set when they are those of one file.
    """

    size_bytes: int
    pieces: Callable[[], Iterator[Piece]]
    path: Path | None = None


class Chunks(Protocol):
    """Gives the next bytes, none at the end. Blocks: call it from a thread, and never two at a time."""

    def next(self) -> bytes:
        """Return the next bytes."""
        ...

    def at_once(self) -> bytes | bytearray | None:
        """Return the next bytes if they can be had without waiting for anything, else None; may be called anywhere."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def stored(path: Path, size_bytes: int) -> Row:
    """Return the first bytes of a file as a row."""
    return Row(size_bytes, lambda: iter((Stored(size_bytes, path),)), path)


class Reading:
    """Reads a row from `begin` to `end` (exclusive) in chunks; small pieces come together in one."""

    def __init__(self, row: Row, begin: int, end: int) -> None:
        self._pieces, self._skip, self._left = row.pieces(), begin, end - begin
        self._file: int | None = None
        self._place, self._piece_left = 0, 0

    def next(self) -> bytes:
        """Return the next bytes; raises Rejected when a file is shorter than was promised."""
        parts: list[bytes] = []
        room = min(CHUNK_BYTES, self._left)
        self._left -= room
        while room:
            part = self._part(room)
            room -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def at_once(self) -> bytes | bytearray | None:
        """Return the next bytes of the file that is open, if the system holds them in memory (Linux)."""
        room = min(CHUNK_BYTES, self._left, self._piece_left)
        if self._file is None or not room:
            return None
        buffer = bytearray(room)
        try:
            count = os.preadv(self._file, [buffer], self._place, os.RWF_NOWAIT)
        except OSError:
            return None
        if not count:
            return None
        self._left -= count
        self._took(count)
        return buffer if count == room else buffer[:count]

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _part(self, room: int) -> bytes:
        """Return bytes of the piece whose turn it is, at most so many; none when only its end was reached."""
        if self._file is None:
            return self._begin(next(self._pieces), room)
        part = os.pread(self._file, min(room, self._piece_left), self._place)
        if not part:
            raise Rejected("A file of the compendium is damaged", "It has another size.", "blob_damaged")
        self._took(len(part))
        return part

    def _took(self, count: int) -> None:
        self._place += count
        self._piece_left -= count
        if not self._piece_left:
            self.close()

    def _begin(self, piece: Piece, room: int) -> bytes:
        if self._skip >= piece.size_bytes:
            self._skip -= piece.size_bytes
            return b""
        skip, self._skip = self._skip, 0
        if isinstance(piece, Stored):
            self._file = os.open(piece.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            self._place, self._piece_left = piece.begin + skip, piece.size_bytes - skip
            return b""
        made = piece.make()[skip:]
        if len(made) > room:
            rest = made[room:]
            self._pieces = _before(Made(len(rest), lambda: rest), self._pieces)
        return made[:room]


def _before(first: Piece, others: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from others
