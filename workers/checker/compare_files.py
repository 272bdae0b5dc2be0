"""Compares displays that lie in the blob store; meant to run in a limited child process."""

from __future__ import annotations

from dataclasses import dataclass

from erc.events.blob_place import BlobPlace
from erc.events.blobs import BlobStore, read_manifest
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.workspace import Manifest
from erc.workers.checker.domain import Resources, check, not_comparable

DISPLAY_BYTES = 256 << 20
"""The largest display file that is read."""
LINKED_BYTES = 64 << 20
"""The largest file linked by a display that is read."""


@dataclass(frozen=True)
class CheckRequest:
    """What to compare: the display's path in the published workspace and among the files that the run made."""

    place: BlobPlace
    published: Digest
    """The manifest of the workspace."""
    reproduced: Digest
    """The manifest of the files that the run made."""
    display: str


def check_files(request: CheckRequest) -> CheckReport:
    """Compare, keep what is to be shown, return the report; raises Rejected when a manifest cannot be read."""
    blobs = request.place.store()
    published, reproduced = read_manifest(blobs, request.published), read_manifest(blobs, request.reproduced)
    before, after = published.get(request.display), reproduced.get(request.display)
    if before is not None and after is not None and max(before.size_bytes, after.size_bytes) > DISPLAY_BYTES:
        sizes = before.size_bytes, after.size_bytes
        return not_comparable(request.display, sizes, blobs.put, same_bytes=before.digest == after.digest)
    theirs, ours = _Files(blobs, published), _Files(blobs, reproduced)
    alone = before is None or after is None
    return check(
        b"" if before is not None and alone else theirs.read(request.display, DISPLAY_BYTES),
        b"" if after is not None and alone else ours.read(request.display, DISPLAY_BYTES),
        request.display,
        Resources(theirs.read, ours.read),
        blobs.put,
    )


class _Files:
    """The files of a manifest by path."""

    def __init__(self, blobs: BlobStore, manifest: Manifest) -> None:
        self._blobs, self._manifest = blobs, manifest

    def read(self, path: str, limit_bytes: int = LINKED_BYTES) -> bytes | None:
        """Return a file's bytes, None when there is none; raises Rejected when it is too large."""
        entry = self._manifest.get(path)
        return None if entry is None else self._blobs.read(entry.digest, limit_bytes)
