"""What the handler needs of the world: environments that are remembered, images, evidence."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from erc.events.blobs import BlobStore
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.complete import Completed, Outline
from erc.workers.builder.domain.provenance import Build
from erc.workers.builder.domain.rules import Base, Built, Made, OnLog, Order


class Environments(Protocol):
    """Which environments are built."""

    async def find(self, key: Digest) -> Built | None:
        """Return the environment of this key, or None."""
        ...

    async def put(self, key: Digest, image_id: str, evidence: Digest | None = None) -> None:
        """Remember an environment."""
        ...

    async def used(self, key: Digest) -> None:
        """Note that an environment is used at this moment."""
        ...

    async def saved(self, key: Digest, image: Digest) -> None:
        """Remember the blob of an environment's image."""
        ...

    async def reloaded(self, key: Digest, image_id: str) -> None:
        """Remember the id of an image that was loaded again."""
        ...

    async def broken(self, key: Digest) -> Digest | None:
        """Return the problem of an environment that failed a moment ago, or None."""
        ...

    async def failed(self, key: Digest, problem: Digest) -> None:
        """Remember that an environment cannot be built."""
        ...

    def building(self, key: Digest) -> AbstractAsyncContextManager[None]:
        """Hold the one build of this key in the whole cluster."""
        ...


class Planner(Protocol):
    """Reads workspaces. Raises Rejected with what the author can mend."""

    async def outline(self, manifest: Digest, description: Digest, platform: str) -> Outline:
        """Return what a workspace needs on a platform, and the image that it brings."""
        ...

    async def complete(
        self, manifest: Digest, description: Digest, plan: Digest, compendium_id: str, base: str
    ) -> Completed:
        """Complete a workspace by the plan that was kept, standing on a base image of this name."""
        ...


class Images(Protocol):
    """The engine's images."""

    async def base(self, plan: Plan) -> Base:
        """Return the base image that a plan stands on."""
        ...

    async def build(self, order: Order, on_log: OnLog, limits: BuildLimits, ca_bundle: Path | None = None) -> str:
        """Build an environment and return the image's id."""
        ...

    async def find(self, tag: str) -> str | None:
        """Return the id of an image, or None."""
        ...

    async def load(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        """Give the engine an image that is kept as a blob, and return its id."""
        ...

    async def bring(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        """Give the engine an image that was made elsewhere, kept as a blob, and return its id."""
        ...

    def named_base(self, plan: Plan) -> str:
        """Return the name of the base image of a plan, which need not be there."""
        ...

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        """Keep an image as a blob."""
        ...

    async def remove(self, image_id: str) -> None:
        """Remove an image, unless something uses it."""
        ...


class Making(Protocol):
    """Turns an order into an image of this service's engine."""

    async def build(self, order: Order, on_log: OnLog) -> Made:
        """Build what was ordered, and hand over the log as it comes.

        Raises `Rejected` with what the author can mend, `Unavailable` otherwise. Cancelling stops the build.
        """
        ...


class Evidences(Protocol):
    """What a build leaves for those who want to know."""

    async def gather(self, build: Build, again: str | None = None) -> Digest | None:
        """Keep the evidence of a build and return its index, or None."""
        ...
