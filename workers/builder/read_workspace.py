"""Plans a workspace that lies in the blob store, without building anything; meant to run in a limited child process."""

from __future__ import annotations

from pathlib import Path

from erc.events.blobs import FileBlobStore, put_document, read_manifest
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.workers.builder.domain.plan import plan

FILE_BYTES = 32 << 20


def plan_workspace(store: Path, manifest: Digest, description: Digest) -> Digest:
    """Return the blob of the plan; raises Rejected with what the author can mend."""
    blobs = FileBlobStore(store)
    workspace = read_manifest(blobs, manifest)
    digests = {entry.path: entry.digest for entry in workspace.entries()}
    described = Description.model_validate_json(blobs.read(description))
    return put_document(blobs, plan(described, workspace, lambda path: blobs.read(digests[path], FILE_BYTES)))
