"""Plans workspaces in this process: what the builder does in limited children."""

from __future__ import annotations

from dataclasses import dataclass

from erc.events.blobs import BlobStore
from erc.schemas.ids import Digest
from erc.workers.builder.domain.complete import Completed, Outline, complete, drafted, outline


@dataclass
class InThread:
    """A planner over one blob store."""

    blobs: BlobStore

    async def outline(self, manifest: Digest, description: Digest, platform: str) -> Outline:
        return outline(self.blobs, manifest, description, platform)

    async def complete(
        self, manifest: Digest, description: Digest, plan: Digest, compendium_id: str, base: str
    ) -> Completed:
        return complete(self.blobs, drafted(self.blobs, manifest, description, plan), compendium_id, base)
