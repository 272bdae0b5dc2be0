"""Plans a workspace that lies in the blob store, without building anything; meant to run in a limited child process."""

from __future__ import annotations

from pathlib import Path

from erc.events.blobs import FileBlobStore, put_document, read_manifest
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.workers.builder.domain.plan import plan

FILE_BYTES = 8 << 20


def plan_workspace(store: Path, manifest: Digest, description: Digest) -> Digest:
    """Return the blob of the plan; raises Rejected with what the author can mend."""
    blobs = FileBlobStore(store)
    workspace = read_manifest(blobs, manifest)

    def read(path: str) -> bytes:
        entry = workspace.get(path)
        if entry is None:
            raise Rejected("A file is missing", f"The workspace has no {path}.", "file_missing")
        return blobs.read(entry.digest, FILE_BYTES)

    described = Description.model_validate_json(blobs.read(description))
    return put_document(blobs, plan(described, workspace, read))
