"""A zip as a row of pieces: files as they are, their places and the size of all known before the first byte is sent.

Stored, not compressed, so that a download can be resumed; ZIP64 where it must be. Equal files give equal bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from erc.gateway.files.packed import Packed
from erc.gateway.files.pieces import Made, Piece, Row, Stored
from erc.schemas.ids import Digest

_DAY, _TIME = (0 << 9) | (1 << 5) | 1, 0
"""1 January 1980, midnight."""
_UTF8 = 1 << 11
_UNIX = 3 << 8
_MORE_BYTES, _MORE_FILES = 0xFFFFFFFF, 0xFFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")

Check = Callable[[Digest], int]
"""Returns the CRC-32 of a blob. Blocks."""


def zip_row(files: Sequence[Packed], comment: str, place: Callable[[Digest], Path], check: Check) -> Row:
    """Return the zip of these files; `place` is where a blob lies."""
    writing = _Zip(files, comment.encode()[:_MORE_FILES], place, check)
    return Row(writing.size_bytes, writing.pieces)


class _Zip:
    def __init__(self, files: Sequence[Packed], comment: bytes, place: Callable[[Digest], Path], check: Check) -> None:
        self._files, self._comment, self._place, self._check = files, comment, place, check
        self._directory_begin = sum(_local_bytes(file) + file.size_bytes for file in files)
        self._directory_bytes = sum(_central_bytes(file, begin) for file, begin in self._placed())
        self.size_bytes = self._directory_begin + self._directory_bytes + len(self._end())

    def _placed(self) -> Iterator[tuple[Packed, int]]:
        begin = 0
        for file in self._files:
            yield file, begin
            begin += _local_bytes(file) + file.size_bytes

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces; checksums are computed when it is their turn."""
        for file in self._files:
            yield Made(_local_bytes(file), lambda file=file: _local(file, self._crc(file)))  # type: ignore[misc]
            if isinstance(file.content, bytes):
                yield Made(file.size_bytes, lambda content=file.content: content)  # type: ignore[misc]
            elif file.size_bytes:
                yield Stored(file.size_bytes, self._place(file.content))
        for file, begin in self._placed():
            size = _central_bytes(file, begin)
            yield Made(size, lambda file=file, begin=begin: _central(file, begin, self._crc(file)))  # type: ignore[misc]
        end = self._end()
        yield Made(len(end), lambda: end)

    def _crc(self, file: Packed) -> int:
        return file.crc if isinstance(file.content, bytes) else self._check(file.content)

    def _end(self) -> bytes:
        count, size, begin = len(self._files), self._directory_bytes, self._directory_begin
        large = count >= _MORE_FILES or size >= _MORE_BYTES or begin >= _MORE_BYTES
        end64 = b""
        if large:
            end64 = _END64.pack(b"PK\x06\x06", 44, 45 | _UNIX, 45, 0, 0, count, count, size, begin)
            end64 += _LOCATOR.pack(b"PK\x06\x07", 0, begin + size, 1)
        few = min(count, _MORE_FILES)
        end = _END.pack(
            b"PK\x05\x06", 0, 0, few, few, min(size, _MORE_BYTES), min(begin, _MORE_BYTES), len(self._comment)
        )
        return end64 + end + self._comment


def _local_extra(file: Packed) -> bytes:
    if file.size_bytes < _MORE_BYTES:
        return b""
    return struct.pack("<2H2Q", 1, 16, file.size_bytes, file.size_bytes)


def _central_extra(file: Packed, begin: int) -> bytes:
    large = [file.size_bytes, file.size_bytes] if file.size_bytes >= _MORE_BYTES else []
    large += [begin] if begin >= _MORE_BYTES else []
    return struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""


def _local_bytes(file: Packed) -> int:
    return _LOCAL.size + len(file.name) + len(_local_extra(file))


def _central_bytes(file: Packed, begin: int) -> int:
    return _CENTRAL.size + len(file.name) + len(_central_extra(file, begin))


def _needs(extra: bytes) -> int:
    return 45 if extra else 20


def _local(file: Packed, crc: int) -> bytes:
    extra = _local_extra(file)
    size = min(file.size_bytes, _MORE_BYTES)
    head = _LOCAL.pack(b"PK\x03\x04", _needs(extra), _UTF8, 0, _TIME, _DAY, crc, size, size, len(file.name), len(extra))
    return head + file.name + extra


def _central(file: Packed, begin: int, crc: int) -> bytes:
    extra = _central_extra(file, begin)
    size = min(file.size_bytes, _MORE_BYTES)
    mode = (0o100755 if file.executable else 0o100644) << 16
    head = _CENTRAL.pack(
        b"PK\x01\x02", _needs(extra) | _UNIX, _needs(extra), _UTF8, 0, _TIME, _DAY, crc, size, size,
        len(file.name), len(extra), 0, 0, 0, mode, min(begin, _MORE_BYTES),
    )  # fmt: skip
    return head + file.name + extra
