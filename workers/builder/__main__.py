"""`python -m erc.workers.builder`."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from erc.events.asking import PLAN
from erc.events.catalog import PrepareEnvironment, SaveImage
from erc.events.delegating import BUILD
from erc.events.limited import Limited
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.workers.answering import answering
from erc.workers.builder.bootstrap import sweep_unfinished
from erc.workers.builder.builders import Fallback, LocalBuilder, RemoteBuilder
from erc.workers.builder.domain.outcomes import prepare_failed, save_failed
from erc.workers.builder.evidence import Evidences
from erc.workers.builder.handler import Builder
from erc.workers.builder.images import EngineImages, swept
from erc.workers.builder.ports import Making
from erc.workers.builder.read_workspace import InChild, plan_workspace
from erc.workers.builder.settings import BuilderSettings
from erc.workers.builder.store import Environments
from erc.workers.handover import Handover
from erc.workers.limits import TimeLimit
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore

log = logging.getLogger("erc.worker")

SLOTS = 2
READER, PLANNER = (1024, 20.0, 50), (2048, 120.0, 50)
"""The limits of a process that plans without building, and of one that plans a build: MiB, seconds, calls."""
_READS = ["erc.workers.builder.read_workspace"]
SWEEP_SECONDS = 120.0
YOUNG_SECONDS = 60.0
MARGIN = timedelta(minutes=30)
_ADVICE = "Use fewer or smaller packages, or start it again when the service is less busy."


def main() -> None:
    """Build until SIGTERM or SIGINT."""
    run("builder", SLOTS, _build)


async def _sweep(settings: BuilderSettings) -> None:
    """Remove what builds that were killed left, at the start and every few minutes."""
    folder = Path(tempfile.gettempdir())
    while True:
        try:
            await asyncio.to_thread(sweep_unfinished, folder, utc_now().timestamp() - YOUNG_SECONDS)
        except OSError as error:
            log.warning("Sweeping waits: %s", error)
        await swept(settings.engine, settings.rules.limits)
        await asyncio.sleep(SWEEP_SECONDS)


async def _making(
    context: Context, settings: BuilderSettings, images: EngineImages, environments: Environments
) -> Making:
    """Return who builds, as it is set."""
    local = LocalBuilder(images, settings.rules)
    if settings.remote.use == "never":
        return local
    door = Handover(context.blobs, settings.remote.host, settings.remote.port, settings.remote.address)
    await door.open()
    delegate = context.delegating(BUILD)
    remote = RemoteBuilder(delegate, door, images, environments, context.blobs, settings.rules, settings.user)
    return remote if settings.remote.use == "only" else Fallback(remote, local)


async def _build(context: Context) -> list[Duty]:
    settings = BuilderSettings.read()
    prepared = WorkStore(context.database, tables.environment, "builder")
    saved = WorkStore(context.database, tables.image, "builder")
    about = context.about["manifest"] = {"memory": settings.rules.limits.memory_bytes}
    reader = Limited(_READS, *READER)
    await answering(context, PLAN, reader, plan_workspace, "manifest", "description")
    environments = Environments(context.database, context.database.engine)
    images = EngineImages(settings.engine, settings.rules, environments, context.blobs, settings.user, about)
    context.beside(_sweep(settings))
    evidences = Evidences(images, context.blobs)
    planner, stores = InChild(Limited(_READS, *PLANNER), context.place), (prepared, saved)
    making = await _making(context, settings, images, environments)
    builder = Builder(
        settings.rules, images, making, environments, planner, context.blobs, context.logs, *stores, evidences, utc_now
    )
    # Another job may be building the same environment, so that this one waits for that build and then for its own:
    # each of packages and scripts, and once more where it is tried whether that is reproducible.
    builds = 2 * (2 + 2 * settings.rules.check_reproducible)
    preparing = TimeLimit(builds * settings.rules.limits.wall_clock + MARGIN, "Preparing the environment", _ADVICE)
    saving = TimeLimit(MARGIN, "Keeping the image of the environment", "The verdict stands without it.")
    return [
        Duty(PrepareEnvironment, prepared, builder.prepare, prepare_failed, limit=preparing),
        Duty(SaveImage, saved, builder.save, save_failed, limit=saving),
    ]


if __name__ == "__main__":
    main()
