"""A file of an archive: a blob, or a text made here."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from erc.schemas.ids import Digest


@dataclass(frozen=True, slots=True)
class Packed:
    """Its path as UTF-8, its size in bytes, and the blob or the bytes that it is."""

    name: bytes
    size_bytes: int
    content: Digest | bytes
    executable: bool = False

    @property
    def crc(self) -> int:
        """The CRC-32 of bytes that are here."""
        return zlib.crc32(self.content) if isinstance(self.content, bytes) else 0
