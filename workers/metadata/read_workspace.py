"""Describes a workspace that lies in the blob store; meant to run in a limited child process."""

from __future__ import annotations

from erc.events.blob_place import BlobPlace
from erc.events.blobs import put_document, read_manifest
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.workspace import Entry
from erc.workers.metadata.domain import describe

FILE_BYTES = 64 << 20


def describe_workspace(place: BlobPlace, manifest: Digest, today: str, choice: Digest | None = None) -> Digest:
    """Return the blob of the description; raises Rejected with what the author can mend.

    `today` is an ISO date, `choice` the blob of a description by which a person chose main and display.
    """
    blobs = place.store()

    def read(entry: Entry) -> bytes:
        return blobs.read(entry.digest, FILE_BYTES)

    chosen = Description.model_validate_json(blobs.read(choice)) if choice else None
    description = describe(read_manifest(blobs, manifest), read, today, chosen)
    return put_document(blobs, description.model_copy(update={"choice": choice}))
