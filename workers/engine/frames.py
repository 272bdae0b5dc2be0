"""Takes apart what the engine hands over of a container's output: frames of two streams in one."""

from __future__ import annotations

from typing import NamedTuple

_HEADER, _ERROR = 8, 2
_LARGEST = 1 << 24


class Piece(NamedTuple):
    """Some output, and whether it was written to the standard error."""

    content: bytes
    error: bool


class Frames:
    """Reads frames from pieces that are cut anywhere; raises ValueError for what are none."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> list[Piece]:
        """Return the frames that are complete with this chunk."""
        self._pending += chunk
        pieces, place = [], 0
        while len(self._pending) - place >= _HEADER:
            size = int.from_bytes(self._pending[place + 4 : place + _HEADER], "big")
            if size > _LARGEST:
                raise ValueError("this is no output of a container")
            if len(self._pending) - place - _HEADER < size:
                break
            begin = place + _HEADER
            pieces.append(Piece(bytes(self._pending[begin : begin + size]), self._pending[place] == _ERROR))
            place = begin + size
        del self._pending[:place]
        return pieces
