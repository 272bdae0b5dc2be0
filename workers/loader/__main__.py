"""`python -m erc.workers.loader`."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from functools import partial
from pathlib import Path

from erc.events.catalog import LoadWorkspace
from erc.events.git_process import loopback_allowed
from erc.events.limited import Limited
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.schemas.ids import Digest
from erc.schemas.limits import ArchiveLimits
from erc.workers.limits import TimeLimit, wall_clock
from erc.workers.loader.domain import Extracted
from erc.workers.loader.extract import extract
from erc.workers.loader.fetch import FetchLimits, fetch, sweep_fetches
from erc.workers.loader.handler import Loader, rejected
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore

log = logging.getLogger("erc.worker")

READER_MIB = 2048
READER_CALLS = 50
READER_SECONDS = 3600.0
GRACE_SECONDS = 60.0
SWEEP_SECONDS = 120.0
YOUNG_SECONDS = 60.0


def main() -> None:
    """Load until SIGTERM or SIGINT."""
    run("loader", 2, _build)


async def _sweep(home: Path) -> None:
    """Remove what fetches that were killed left, at the start and every few minutes."""
    while True:
        try:
            removed = await asyncio.to_thread(sweep_fetches, home, YOUNG_SECONDS, utc_now().timestamp())
            if removed:
                log.info("Removed %d fetches that nobody finishes", removed)
        except OSError as error:
            log.warning("Sweeping fetches waits: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def _build(context: Context) -> list[Duty]:
    seconds = wall_clock("loader", READER_SECONDS)
    reader = Limited(["erc.workers.loader.extract", "erc.workers.loader.fetch"], READER_MIB, seconds, READER_CALLS)
    store = WorkStore(context.database, tables.workspace, "loader")
    limits = ArchiveLimits(
        unpacked_bytes=int(os.environ.get("LOADER_UNPACKED_BYTES", ArchiveLimits().unpacked_bytes)),
        entries=int(os.environ.get("LOADER_ENTRIES", ArchiveLimits().entries)),
    )
    read = partial(reader.call, extract, context.place)
    fetching = FetchLimits(
        seconds=float(os.environ.get("LOADER_GIT_SECONDS", FetchLimits.seconds)),
        pack_bytes=int(os.environ.get("LOADER_GIT_BYTES", FetchLimits.pack_bytes)),
        loopback=loopback_allowed(),
    )

    async def bring(source: Digest) -> Extracted:
        return await reader.call(fetch, context.place, source, limits, fetching)

    context.beside(_sweep(context.place.home))
    loader = Loader(lambda upload: read(upload, limits), bring, store)
    advice = "Send a smaller archive, or one with fewer files."
    limit = TimeLimit(timedelta(seconds=seconds + GRACE_SECONDS), "Unpacking the archive", advice)
    return [Duty(LoadWorkspace, store, loader.load, rejected, limit=limit)]


if __name__ == "__main__":
    main()
