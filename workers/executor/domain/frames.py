"""The engine's log stream."""

from __future__ import annotations

_HEADER_BYTES = 8


class Frames:
    """Takes a log stream apart: frames of 8 header bytes, the last 4 of which are the length, and text.

    At most `limit_bytes` of the text are let through, then a sentence that says so, and `cut` is true.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self._left, self._pending = limit_bytes, limit_bytes, b""
        self.cut = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the text of all frames that are whole now; nothing once it was cut."""
        if self.cut:
            return b""
        text = self._whole(self._pending + chunk)
        self.cut = len(text) > self._left
        if self.cut:
            sentence = f"\n[The log is cut here: it is longer than {self._limit} bytes.]\n"
            return text[: self._left] + sentence.encode()
        self._left -= len(text)
        return text

    def _whole(self, data: bytes) -> bytes:
        position, texts = 0, []
        while len(data) - position >= _HEADER_BYTES:
            begin = position + _HEADER_BYTES
            end = begin + int.from_bytes(data[begin - 4 : begin], "big")
            if end > len(data):
                break
            texts.append(data[begin:end])
            position = end
        self._pending = data[position:]
        return b"".join(texts)
