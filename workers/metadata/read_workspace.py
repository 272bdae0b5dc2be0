"""Describes a workspace that lies in the blob store; meant to run in a limited child process."""

from __future__ import annotations

from pathlib import Path

from erc.events.blobs import FileBlobStore, put_document, read_manifest
from erc.schemas.ids import Digest
from erc.schemas.workspace import Entry
from erc.workers.metadata.domain import describe

FILE_BYTES = 64 << 20


def describe_workspace(store: Path, manifest: Digest, today: str) -> Digest:
    """Return the blob of the description; raises Rejected with what the author can mend. `today` is an ISO date."""
    blobs = FileBlobStore(store)

    def read(entry: Entry) -> bytes:
        return blobs.read(entry.digest, FILE_BYTES)

    return put_document(blobs, describe(read_manifest(blobs, manifest), read, today))
