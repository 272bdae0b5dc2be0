"""An engine's images in memory, and evidence that says what was gathered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from erc.events.blobs import BlobStore
from erc.schemas.environment import Plan
from erc.schemas.evidence import Origin
from erc.schemas.ids import Digest
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.provenance import Build
from erc.workers.builder.domain.rules import Base, OnLog, Order


@dataclass
class FakeImages:
    """Images by name; fails as it is told to."""

    images: dict[str, str] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failure: Exception | None = None

    async def base(self, plan: Plan) -> Base:
        return Base(f"erc-base:{plan.suite}", f"sha256:{plan.suite}")

    async def build(self, order: Order, on_log: OnLog, limits: BuildLimits, ca_bundle: Path | None = None) -> str:
        del limits, ca_bundle
        self.orders.append(order)
        await on_log("[erc phase=base step=1/1]")
        await asyncio.sleep(0.02)
        if self.failure:
            raise self.failure
        self.images[order.tag] = f"sha256:{len(self.orders):064d}"
        return self.images[order.tag]

    async def find(self, tag: str) -> str | None:
        return self.images.get(tag) or (tag if tag in self.images.values() else None)

    async def load(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        self.loads.append(tag)
        if self.failure:
            raise self.failure
        self.images[tag] = blobs.read(image).decode()
        return self.images[tag]

    async def bring(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        if self.failure:
            raise self.failure
        self.brought.append(tag)
        self.images[tag] = f"sha256:{image}"
        return self.images[tag]

    def named_base(self, plan: Plan) -> str:
        return f"erc-base:{plan.suite}"

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        return blobs.put(image_id.encode())

    async def remove(self, image_id: str) -> None:
        self.removed.append(image_id)


@dataclass
class FakeEvidences:
    """Evidence that is the build's key, and remembers the second builds; silent it has none, and it waits if told."""

    blobs: BlobStore
    again: list[str | None] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    silent: bool = False
    going: asyncio.Event | None = None
    go_on: asyncio.Event | None = None

    async def gather(self, build: Build, again: str | None = None) -> Digest | None:
        self.again.append(again)
        self.origins.append(build.origin)
        if self.going and self.go_on:
            self.going.set()
            await self.go_on.wait()
        return None if self.silent else self.blobs.put(build.key.encode())


class NoChunks:
    """A live log that nobody follows."""

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        """Leave it."""
