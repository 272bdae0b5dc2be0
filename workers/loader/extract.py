"""Reads an uploaded archive into the blob store; meant to run in a limited child process."""

from __future__ import annotations

from collections.abc import Iterator

from erc.events.blob_place import BlobPlace
from erc.events.blobs import CHUNK_BYTES, BlobStore
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.schemas.limits import ArchiveLimits
from erc.schemas.workspace import Manifest
from erc.workers.loader.domain import Extracted, Unpacked, unpack, validate_bag

PAYLOAD = "data/"
PROBLEMS_SHOWN = 5


def extract(place: BlobPlace, upload: Digest, limits: ArchiveLimits) -> Extracted:
    """Unpack an upload into the store; raises Rejected with what the author can mend."""
    blobs = place.store()
    with blobs.open(upload) as file:
        unpacked = unpack(file, blobs.put, limits)
    return keep(unpacked, blobs)


def keep(unpacked: Unpacked, blobs: BlobStore) -> Extracted:
    """Keep the list of files of what was unpacked; raises Rejected for a bag that is not valid."""
    manifest = unpacked.manifest
    if unpacked.bag:
        manifest = _payload(manifest, blobs)
    return Extracted(
        manifest=blobs.put(manifest.document()),
        bag=unpacked.bag,
        compendium=unpacked.compendium,
        size_bytes=manifest.size_bytes,
    )


def _payload(manifest: Manifest, blobs: BlobStore) -> Manifest:
    def read(digest: Digest) -> Iterator[bytes]:
        with blobs.open(digest) as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece

    problems = validate_bag(manifest, read)
    if problems:
        more = f" (and {len(problems) - PROBLEMS_SHOWN} more)" if len(problems) > PROBLEMS_SHOWN else ""
        raise Rejected("bag ist invalid: " + "; ".join(problems[:PROBLEMS_SHOWN]) + more, code="bag_invalid")
    return Manifest(
        entry.model_copy(update={"path": entry.path.removeprefix(PAYLOAD)})
        for entry in manifest.entries()
        if entry.path.startswith(PAYLOAD)
    )
