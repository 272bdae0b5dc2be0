"""`python -m erc.workers.shipper`."""

from __future__ import annotations

from erc.events.catalog import PackShipment
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.shipper.archive import write_zip
from erc.workers.shipper.handler import Shipper, failed
from erc.workers.store import WorkStore


def main() -> None:
    """Pack until SIGTERM or SIGINT."""
    run("shipper", 2, _build)


async def _build(context: Context) -> list[Duty]:
    store = WorkStore(context.database, tables.package, "shipper")
    return [Duty(PackShipment, store, Shipper(context.blobs, write_zip, store, utc_now).pack, failed)]


if __name__ == "__main__":
    main()
