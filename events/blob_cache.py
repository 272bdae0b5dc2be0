"""Copies of blobs on this machine, for hard links and `sendfile`; the least recently used go when they are too many."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.schemas.ids import Digest

SPARED_SECONDS = 3600.0
"""Who was told where a blob lies has so long to open it."""


class BlobCache:
    """A folder of copies, best on the file system where workspaces are laid out; `most_bytes` is what it may hold."""

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root, self._files, self._most = root, FileBlobStore(root), most_bytes

    def open(self, digest: Digest) -> BinaryIO | None:
        """Open a copy, None when there is none."""
        with contextlib.suppress(Rejected):
            return self._files.open(digest)
        return None

    def size(self, digest: Digest) -> int | None:
        """Return the size of a copy in bytes, None when there is none."""
        return self._files.size(digest)

    def used(self, digest: Digest) -> Path | None:
        """Return where a copy lies and spare it for a while, None when there is none."""
        path = self._files.path(digest)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return path
        return None

    def keep(self, digest: Digest, pieces: Iterable[bytes]) -> Path:
        """Keep a copy; raises Rejected when its bytes are not those of the digest."""
        self._files.put(pieces, expect=digest)
        return self._files.path(digest)

    def forget(self, digest: Digest) -> None:
        """Remove a copy, if there is one."""
        self._files.delete(digest)

    def sweep(self, older_than_seconds: float, now: float) -> int:
        """Remove copies that nobody finishes; return how many."""
        return self._files.sweep(older_than_seconds, now)

    def evict(self, now: float) -> int:
        """Remove copies, the longest unused first, until no more is kept than may be; return how many."""
        found = sorted(self._copies(), key=lambda copy: copy[1])
        excess = sum(size for _path, _used, size in found) - self._most
        removed = 0
        for path, used, size in found:
            if excess <= 0 or now - used < SPARED_SECONDS:
                break
            path.unlink(missing_ok=True)
            excess -= size
            removed += 1
        return removed

    def _copies(self) -> Iterator[tuple[Path, float, int]]:
        for folder, _folders, names in os.walk(self._root / "sha256"):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    yield path, status.st_mtime, status.st_size
