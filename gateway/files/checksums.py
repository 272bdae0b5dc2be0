"""CRC-32 of blobs, which zips need: each computed once, as a blob never changes."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict

from erc.events.blobs import CHUNK_BYTES, BlobStore
from erc.schemas.ids import Digest


class Checksums:
    """Remembers those that were asked for last. For threads."""

    def __init__(self, blobs: BlobStore, most: int = 200_000) -> None:
        self._blobs, self._most = blobs, most
        self._known: OrderedDict[Digest, int] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, digest: Digest) -> int:
        """Return the CRC-32 of a blob; reads it when it is not known. Raises Rejected when it is not there."""
        with self._lock:
            known = self._known.get(digest)
        if known is not None:
            return known
        crc = 0
        with self._blobs.open(digest) as file:
            while piece := file.read(CHUNK_BYTES):
                crc = zlib.crc32(piece, crc)
        with self._lock:
            self._known[digest] = crc
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return crc
