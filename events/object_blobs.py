"""Blobs in an object store (S3 and friends), with a folder on this machine for those that must lie in a file.

Only obstore's sync API is used, from threads: processes that used its async one may crash at their exit.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore

from erc.events.blob_cache import BlobCache
from erc.events.blob_pump import PART_BYTES, Pump
from erc.events.blobs import CHUNK_BYTES, Writer, checked_digest, missing_blob, refuse_large
from erc.events.errors import Unavailable
from erc.schemas.ids import Digest

AT_ONCE = 16
"""How many small requests are under way at once."""
COPY_BYTES = 5 << 30
"""S3 copies no larger object in one request."""
STAGED = timedelta(hours=24)
"""How long what nobody finished is spared."""
SWEEP_SECONDS = 600.0
_STAGING = "staging"


class ObjectBlobStore:
    """Blobs as objects `sha256/ab/cd/<digest>` of a bucket; large ones are written to `staging/` first, then copied.

    No condition of the store is relied upon: whoever writes a digest writes the same bytes.
    """

    local = False

    def __init__(self, bucket: ObjectStore, cache: BlobCache, copy_bytes: int = COPY_BYTES) -> None:
        self.bucket, self._cache, self.copy_bytes = bucket, cache, copy_bytes
        self._fetching = [threading.Lock() for _ in range(AT_ONCE)]
        self._swept = 0.0

    @staticmethod
    def key(digest: Digest) -> str:
        """Return the name of the object that holds a blob."""
        return f"sha256/{digest[:2]}/{digest[2:4]}/{digest}"

    @contextlib.contextmanager
    def writer(self) -> Iterator[Writer]:
        writer = _ObjectWriter(self)
        with _speaking():
            try:
                yield writer
            finally:
                writer.close()

    def put(self, source: bytes | Iterable[bytes], expect: Digest | None = None) -> Digest:
        with self.writer() as writer:
            for piece in [source] if isinstance(source, bytes) else source:
                writer.write(piece)
            return writer.commit(expect)

    def open(self, digest: Digest) -> BinaryIO:
        kept = self._cache.open(digest)
        if kept is not None:
            return kept
        size = self.size(digest)
        if size is None:
            raise missing_blob(digest)
        reader = _Ranges(self.bucket, self.key(digest), size)
        return cast("BinaryIO", io.BufferedReader(reader, max(1, min(size, PART_BYTES))))

    def read(self, digest: Digest, limit_bytes: int | None = None) -> bytes:
        kept = self._cache.open(digest)
        if kept is not None:
            with kept:
                refuse_large(os.fstat(kept.fileno()).st_size, limit_bytes)
                return kept.read()
        with _speaking(digest):
            found = obstore.get(self.bucket, self.key(digest))
            refuse_large(found.meta["size"], limit_bytes)
            return bytes(found.bytes())

    def size(self, digest: Digest) -> int | None:
        kept = self._cache.size(digest)
        return self.there(digest) if kept is None else kept

    def there(self, digest: Digest) -> int | None:
        """Return the size of a blob in the bucket, None when it is not there, whatever the cache holds."""
        with _speaking(), contextlib.suppress(NotFoundError, FileNotFoundError):
            return int(obstore.head(self.bucket, self.key(digest))["size"])
        return None

    def path(self, digest: Digest) -> Path:
        """Return the file in the cache, which the blob is fetched into if it is not there; its digest is checked."""
        with self._fetching[int(digest[:2], 16) % AT_ONCE]:
            return self._cache.used(digest) or self._fetched(digest)

    def _fetched(self, digest: Digest) -> Path:
        size = self.size(digest)
        if size is None:
            raise missing_blob(digest)
        return self._cache.keep(digest, _pieces(_Ranges(self.bucket, self.key(digest), size)))

    def missing(self, digests: Iterable[Digest]) -> set[Digest]:
        wanted = list(dict.fromkeys(digests))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="blobs") as threads:
            found = threads.map(self.there, wanted)
            return {digest for digest, size in zip(wanted, found, strict=True) if size is None}

    def delete(self, digest: Digest) -> None:
        with _speaking(), contextlib.suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self.bucket, self.key(digest))
        self._cache.forget(digest)

    def sweep(self, older_than_seconds: float, now: float) -> int:
        """Remove what nobody finishes here, and now and then what is a day old in `staging/` or too much in the cache.

        Parts of uploads that were broken off are the bucket's own to remove: give it a rule for them.
        """
        removed = self._cache.sweep(older_than_seconds, now)
        if time.monotonic() - self._swept < SWEEP_SECONDS and self._swept:
            return removed
        self._swept = time.monotonic()
        return removed + self._cache.evict(now) + self._sweep_staging(datetime.fromtimestamp(now, UTC) - STAGED)

    def _sweep_staging(self, before: datetime) -> int:
        removed = 0
        with _speaking():
            for listed in obstore.list(self.bucket, _STAGING):
                doomed = [one["path"] for one in listed if one["last_modified"] < before]
                if doomed:
                    obstore.delete(self.bucket, doomed)
                    removed += len(doomed)
        return removed

    def settle(self, staged: str, digest: Digest, size_bytes: int) -> None:
        """Bring what was staged under its digest."""
        if self.there(digest) is not None:
            return
        if size_bytes <= self.copy_bytes:
            obstore.copy(self.bucket, staged, self.key(digest))
            return
        again = Pump(self.bucket, self.key(digest))
        try:
            for piece in _pieces(_Ranges(self.bucket, staged, size_bytes)):
                again.give(piece)
            again.finish()
        finally:
            again.give_up()


class _ObjectWriter:
    """Keeps little bytes in memory and sends them at once; more go to `staging/` while they come."""

    def __init__(self, store: ObjectBlobStore) -> None:
        self._store, self._hash = store, hashlib.sha256()
        self._first = bytearray()
        self._staged = f"{_STAGING}/{secrets.token_hex(16)}"
        self._sending: Pump | None = None
        self.size_bytes = 0

    def write(self, piece: bytes | memoryview) -> None:
        self._hash.update(piece)
        self.size_bytes += len(piece)
        if self._sending is not None:
            self._sending.give(bytes(piece))
            return
        self._first += piece
        if len(self._first) > PART_BYTES:
            self._sending = Pump(self._store.bucket, self._staged)
            self._sending.give(bytes(self._first))
            self._first = bytearray()

    def commit(self, expect: Digest | None = None) -> Digest:
        digest = checked_digest(self._hash.hexdigest(), expect)
        if self._sending is None:
            with contextlib.suppress(AlreadyExistsError):
                obstore.put(self._store.bucket, self._store.key(digest), bytes(self._first), mode="create")
        else:
            self._sending.finish()
            self._store.settle(self._staged, digest, self.size_bytes)
        return digest

    def close(self) -> None:
        if self._sending is not None:
            self._sending.give_up()
            with contextlib.suppress(BaseError, FileNotFoundError):
                obstore.delete(self._store.bucket, self._staged)


class _Ranges(io.RawIOBase):
    """An object as a file that is read by ranges."""

    def __init__(self, bucket: ObjectStore, key: str, size_bytes: int) -> None:
        super().__init__()
        self._bucket, self._key, self._size, self._place = bucket, key, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if begin + offset < 0:
            raise ValueError("a place before the beginning")
        self._place = begin + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        room = min(len(buffer), max(self._size - self._place, 0))
        if not room:
            return 0
        with _speaking():
            got = obstore.get_range(self._bucket, self._key, start=self._place, length=room)
        buffer[: len(got)] = memoryview(got)
        self._place += len(got)
        return len(got)


def _pieces(file: _Ranges, piece_bytes: int = 4 * CHUNK_BYTES) -> Iterator[bytes]:
    while piece := file.read(piece_bytes):
        yield piece


@contextlib.contextmanager
def _speaking(digest: Digest = "") -> Iterator[None]:
    """Say what an error of the store means; its own words hold addresses and keys, which stay out."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if digest:
            raise missing_blob(digest) from None
        raise Unavailable("The blob store lost what was just there") from error
    except BaseError as error:
        raise Unavailable(f"The blob store does not do what it is asked ({type(error).__name__})") from None
