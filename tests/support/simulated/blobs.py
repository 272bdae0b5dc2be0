"""The blob store in memory: immutable bytes by their SHA-256; writing and reading fail as the network does."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from support.simulated.network import Network

from erc.events.blobs import Writer
from erc.events.errors import Rejected, Unavailable
from erc.schemas.ids import Digest


class MemoryBlobs:
    """What every blob store does."""

    local = True

    def __init__(self, network: Network) -> None:
        self._network = network
        self.kept: dict[Digest, bytes] = {}

    def put(self, source: bytes | Iterable[bytes]) -> Digest:
        data = source if isinstance(source, bytes) else b"".join(source)
        return self._network.call_now("blob put", lambda: self.keep(data), _full)

    def keep(self, data: bytes) -> Digest:
        """Keep bytes without a fault."""
        digest = hashlib.sha256(data).hexdigest()
        self.kept.setdefault(digest, data)
        return digest

    def read(self, digest: Digest, limit_bytes: int | None = None) -> bytes:
        return self._network.call_now("blob read", lambda: self._there(digest), _full)

    def open(self, digest: Digest) -> BinaryIO:
        return io.BytesIO(self.read(digest))

    def size(self, digest: Digest) -> int | None:
        data = self.kept.get(digest)
        return None if data is None else len(data)

    def path(self, digest: Digest) -> Path:
        raise NotImplementedError

    @contextlib.contextmanager
    def writer(self) -> Iterator[Writer]:
        raise NotImplementedError
        yield

    def _there(self, digest: Digest) -> bytes:
        try:
            return self.kept[digest]
        except KeyError as error:
            raise Rejected("A blob is missing", f"There are no bytes named {digest}.", "blob_missing") from error


def _full() -> Exception:
    return Unavailable("The blob store cannot be reached")
