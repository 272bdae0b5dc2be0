"""The blob store: immutable bytes, named by their SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from erc.events.errors import Rejected, Unavailable
from erc.events.holding import held, hold
from erc.schemas.ids import Digest
from erc.schemas.workspace import Manifest

CHUNK_BYTES = 1 << 20
_FORGOTTEN_SECONDS = 86_400.0

D = TypeVar("D", bound=BaseModel)


class Writer(Protocol):
    """A blob in the making: `write` pieces, then `commit`; leaving without a commit leaves nothing behind."""

    size_bytes: int

    def write(self, piece: bytes | memoryview) -> None:
        """Add bytes."""
        ...

    def commit(self) -> Digest:
        """Make the bytes durable and visible under their digest."""
        ...


class BlobStore(Protocol):
    """What every store does. All calls block: call them from a thread, or from a process of their own.

    Raises `Unavailable` when the store cannot be reached or is full, `Rejected` when a blob is not there.
    """

    def put(self, source: bytes | Iterable[bytes]) -> Digest:
        """Keep these bytes and return their digest; equal bytes are kept once."""
        ...

    def writer(self) -> contextlib.AbstractContextManager[Writer]:
        """Return a writer for bytes that come piece by piece."""
        ...

    def read(self, digest: Digest, limit_bytes: int | None = None) -> bytes:
        """Return a blob's bytes; raises `Rejected` when it is larger than the limit."""
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading; the caller closes it."""
        ...

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, None when it is not there."""
        ...

    def path(self, digest: Digest) -> Path:
        """Return where the bytes lie on this machine, for hard links and `sendfile`."""
        ...


def put_document(blobs: BlobStore, document: BaseModel) -> Digest:
    """Keep a document as JSON and return its digest."""
    return blobs.put(document.model_dump_json().encode())


def read_document(blobs: BlobStore, digest: Digest, kind: type[D]) -> D:
    """Return the document of this kind kept under this digest; raises `Rejected` when it is none or is gone."""
    try:
        return kind.model_validate_json(blobs.read(digest))
    except ValidationError as error:
        raise Rejected(f"The {kind.__name__} cannot be read", str(error), code="document_unreadable") from error


def read_manifest(blobs: BlobStore, digest: Digest) -> Manifest:
    """Return the manifest kept under this digest; raises `Rejected` when it cannot be read."""
    try:
        return Manifest.parse(blobs.read(digest))
    except ValueError as error:
        raise Rejected("The manifest cannot be read", str(error), code="manifest_unreadable") from error


class _FileWriter:
    def __init__(self, store: FileBlobStore, partial: Path) -> None:
        self._store, self._partial = store, partial
        self._file = partial.open("xb", buffering=0)
        hold(self._file.fileno())
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, piece: bytes | memoryview) -> None:
        view = memoryview(piece)
        self._hash.update(view)
        self.size_bytes += len(view)
        while view:
            view = view[self._file.write(view) :]

    def commit(self) -> Digest:
        digest = self._hash.hexdigest()
        target = self._store.path(digest)
        if target.exists():
            return digest
        os.fchmod(self._file.fileno(), 0o644)
        os.fsync(self._file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(self._partial, target)
        _fsync_folder(target.parent)
        return digest

    def close(self) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)


class FileBlobStore:
    """Blobs as files under one folder: `sha256/ab/cd/<digest>`, written beside it, fsynced, then linked into place."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)
        (root / "sha256").mkdir(exist_ok=True)

    def path(self, digest: Digest) -> Path:
        return self._root / "sha256" / digest[:2] / digest[2:4] / digest

    @contextlib.contextmanager
    def writer(self) -> Iterator[Writer]:
        try:
            writer = _FileWriter(self, self._partial / secrets.token_hex(16))
            try:
                yield writer
            finally:
                writer.close()
        except OSError as error:
            raise Unavailable(f"The blob store cannot be written: {error.strerror}") from error

    def put(self, source: bytes | Iterable[bytes]) -> Digest:
        with self.writer() as writer:
            for piece in [source] if isinstance(source, bytes) else source:
                writer.write(piece)
            return writer.commit()

    def open(self, digest: Digest) -> BinaryIO:
        try:
            descriptor = os.open(self.path(digest), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise Rejected("A blob is missing", f"There are no bytes named {digest}.", code="blob_missing") from error
        except OSError as error:
            raise Unavailable(f"The blob store cannot be read: {error.strerror}") from error
        return os.fdopen(descriptor, "rb")

    def read(self, digest: Digest, limit_bytes: int | None = None) -> bytes:
        with self.open(digest) as file:
            size = os.fstat(file.fileno()).st_size
            if limit_bytes is not None and size > limit_bytes:
                raise Rejected("A file is too large to be read", f"{size} bytes, at most {limit_bytes} are read.")
            return file.read()

    def size(self, digest: Digest) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            return self.path(digest).stat().st_size
        return None

    def sweep(self, older_than_seconds: float, now: float) -> int:
        """Remove partial files that nobody has touched for so long and no process holds; return how many.

        Where the file system knows no locks, those of yesterday.
        """
        removed = 0
        for partial in self._partial.iterdir():
            with contextlib.suppress(FileNotFoundError):
                age = now - partial.stat().st_mtime
                if age > older_than_seconds and (age > _FORGOTTEN_SECONDS or not held(partial)):
                    partial.unlink()
                    removed += 1
        return removed


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
