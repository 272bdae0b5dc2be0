"""Reads what lies in the blob store of a workspace, in limited child processes: its files are hostile."""

from __future__ import annotations

from erc.events.blob_place import BlobPlace
from erc.events.blobs import put_document
from erc.events.limited import Limited
from erc.schemas.ids import Digest
from erc.workers.builder.domain.complete import Completed, Outline, complete, draft, drafted, outline


class InChild:
    """Plans and completes workspaces, each in a child process."""

    def __init__(self, reader: Limited, place: BlobPlace) -> None:
        self._reader, self._place = reader, place

    async def outline(self, manifest: Digest, description: Digest, platform: str) -> Outline:
        return await self._reader.call(outline_workspace, self._place, manifest, description, platform)

    async def complete(
        self, manifest: Digest, description: Digest, plan: Digest, compendium_id: str, base: str
    ) -> Completed:
        about = (manifest, description, plan, compendium_id, base)
        return await self._reader.call(complete_workspace, self._place, *about)


def plan_workspace(place: BlobPlace, manifest: Digest, description: Digest) -> Digest:
    """Return the blob of the plan; raises Rejected with what the author can mend."""
    blobs = place.store()
    return put_document(blobs, draft(blobs, manifest, description).plan)


def outline_workspace(place: BlobPlace, manifest: Digest, description: Digest, platform: str) -> Outline:
    """Return what a workspace needs; raises Rejected with what the author can mend."""
    return outline(place.store(), manifest, description, platform)


def complete_workspace(
    place: BlobPlace, manifest: Digest, description: Digest, plan: Digest, compendium_id: str, base: str
) -> Completed:
    """Return the completed workspace by the plan that was kept; raises Rejected with what the author can mend."""
    blobs = place.store()
    return complete(blobs, drafted(blobs, manifest, description, plan), compendium_id, base)
