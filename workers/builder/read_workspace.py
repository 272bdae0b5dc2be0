"""Plans a workspace that lies in the blob store, without building anything; meant to run in a limited child process."""

from __future__ import annotations

from pathlib import Path

from erc.events.blobs import FileBlobStore, put_document
from erc.schemas.ids import Digest
from erc.workers.builder.domain.complete import draft


def plan_workspace(store: Path, manifest: Digest, description: Digest) -> Digest:
    """Return the blob of the plan; raises Rejected with what the author can mend."""
    blobs = FileBlobStore(store)
    return put_document(blobs, draft(blobs, manifest, description).plan)
