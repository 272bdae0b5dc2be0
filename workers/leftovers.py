"""What killed processes left in the blob store is removed beside the deliveries, at the start and every minute."""

from __future__ import annotations

import asyncio
import logging

from erc.events.blobs import BlobStore
from erc.events.errors import Unavailable
from erc.events.outbox import utc_now

log = logging.getLogger("erc.worker")

SWEEP_SECONDS = 30.0
YOUNG_SECONDS = 20.0


async def sweep_partials(blobs: BlobStore) -> None:
    """Remove blobs in the making that no process holds any more, for ever."""
    while True:
        try:
            removed = await asyncio.to_thread(blobs.sweep, YOUNG_SECONDS, utc_now().timestamp())
            if removed:
                log.info("Removed %d blobs that nobody finishes", removed)
        except (OSError, Unavailable) as error:
            log.warning("Sweeping the blob store waits: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)
