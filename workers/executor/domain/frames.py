"""The engine's log stream."""

from __future__ import annotations

_HEADER_BYTES = 8


class Frames:
    """Takes the engine's log stream apart: frames of 8 header bytes, the last 4 of which are the length, and text."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the text of all frames that are whole now."""
        data, position, texts = self._pending + chunk, 0, []
        while len(data) - position >= _HEADER_BYTES:
            begin = position + _HEADER_BYTES
            end = begin + int.from_bytes(data[begin - 4 : begin], "big")
            if end > len(data):
                break
            texts.append(data[begin:end])
            position = end
        self._pending = data[position:]
        return b"".join(texts)
