"""`python -m erc.workers.builder`."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiodocker

from erc.events.asking import PLAN
from erc.events.blobs import BlobStore
from erc.events.catalog import PrepareEnvironment, SaveImage
from erc.events.errors import Unavailable
from erc.events.limited import Limited
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.schemas.ids import Digest
from erc.workers.answering import answering
from erc.workers.builder.bases import Base, Bases, sweep_unfinished
from erc.workers.builder.engine import ImageBuilder
from erc.workers.builder.handler import Builder, prepare_failed, save_failed
from erc.workers.builder.read_workspace import plan_workspace
from erc.workers.builder.settings import BuilderSettings
from erc.workers.builder.store import Environments
from erc.workers.docker import connect
from erc.workers.limits import TimeLimit
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore

log = logging.getLogger("erc.worker")

SLOTS = 2
READER = (1024, 20.0, 50)
"""The limits of a process that plans without building: MiB, seconds, calls."""
SWEEP_SECONDS = 120.0
YOUNG_SECONDS = 60.0
MARGIN = timedelta(minutes=30)
_ADVICE = "Use fewer or smaller packages, or start it again when the service is less busy."


def main() -> None:
    """Build until SIGTERM or SIGINT."""
    run("builder", SLOTS, _build)


class EngineImages:
    """The engine's images, over a connection that is made when it is first needed."""

    def __init__(self, settings: BuilderSettings, about: dict[str, Any]) -> None:
        self._settings, self._about = settings, about
        self._engine: aiodocker.Docker | None = None
        self._base: Base | None = None
        self._lock = asyncio.Lock()

    async def _connected(self) -> aiodocker.Docker:
        async with self._lock:
            if self._engine is None:
                self._engine = await connect(self._settings.engine)
            return self._engine

    async def build(self, *arguments: Any) -> str:
        return await ImageBuilder(await self._connected()).build(*arguments)

    async def find(self, tag: str) -> str | None:
        return await ImageBuilder(await self._connected()).find(tag)

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        with blobs.writer() as writer:
            await ImageBuilder(await self._connected()).save(image_id, writer.write)
            return await asyncio.to_thread(writer.commit)

    async def sweep(self) -> None:
        await ImageBuilder(await self._connected()).sweep()

    async def base(self) -> tuple[str, str]:
        engine = await self._connected()
        async with self._lock:
            bases = Bases(engine, self._settings.base)
            if self._base is None or await bases.find(self._base.name) != self._base:
                self._base = await bases.prepare()
                self._about["base_image"] = self._base.name
            return self._base.name, self._base.image_id


async def _sweep(images: EngineImages) -> None:
    """Remove what builds that were killed left, at the start and every few minutes."""
    folder = Path(tempfile.gettempdir())
    while True:
        try:
            await asyncio.to_thread(sweep_unfinished, folder, utc_now().timestamp() - YOUNG_SECONDS)
            await images.sweep()
        except (Unavailable, OSError) as error:
            log.warning("Sweeping waits: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def _build(context: Context) -> list[Duty]:
    settings = BuilderSettings.read()
    prepared = WorkStore(context.database, tables.environment, "builder")
    saved = WorkStore(context.database, tables.image, "builder")
    about = context.about["manifest"] = {"memory": settings.rules.limits.memory_bytes}
    reader = Limited(["erc.workers.builder.read_workspace"], *READER)
    await answering(context, PLAN, reader, plan_workspace, "manifest", "description")
    environments = Environments(context.database, context.database.engine)
    images = EngineImages(settings, about)
    context.beside(_sweep(images))
    builder = Builder(settings.rules, images, environments, context.blobs, context.logs, prepared, saved)
    # Another job may be building the same environment, so that this one waits for that build and then for its own.
    preparing = TimeLimit(2 * settings.rules.limits.wall_clock + MARGIN, "Preparing the environment", _ADVICE)
    saving = TimeLimit(MARGIN, "Keeping the image of the environment", "The verdict stands without it.")
    return [
        Duty(PrepareEnvironment, prepared, builder.prepare, prepare_failed, limit=preparing),
        Duty(SaveImage, saved, builder.save, save_failed, limit=saving),
    ]


if __name__ == "__main__":
    main()
