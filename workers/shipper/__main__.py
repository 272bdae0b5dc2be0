"""`python -m erc.workers.shipper`."""

from __future__ import annotations

from datetime import timedelta

from erc.events.catalog import PackShipment
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.workers.limits import TimeLimit, wall_clock
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.shipper.archive import write_zip
from erc.workers.shipper.handler import Shipper, failed
from erc.workers.store import WorkStore

PACK_SECONDS = 3600.0


def main() -> None:
    """Pack until SIGTERM or SIGINT."""
    run("shipper", 2, _build)


async def _build(context: Context) -> list[Duty]:
    store = WorkStore(context.database, tables.package, "shipper")
    length = timedelta(seconds=wall_clock("shipper", PACK_SECONDS))
    limit = TimeLimit(length, "Packing the bag", "Ship it without the image, or ask whoever runs this service.")
    return [Duty(PackShipment, store, Shipper(context.blobs, write_zip, store, utc_now).pack, failed, limit=limit)]


if __name__ == "__main__":
    main()
