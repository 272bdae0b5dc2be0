"""`python -m erc.workers.checker`."""

from __future__ import annotations

from datetime import timedelta

from erc.events.catalog import CheckOutputs
from erc.events.limited import Limited
from erc.schemas import tables
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.workers.checker.compare_files import CheckRequest, check_files
from erc.workers.checker.handler import Checker, failed
from erc.workers.limits import TimeLimit, wall_clock
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore

READER_MIB = 4096
READER_SECONDS = 300.0
GRACE_SECONDS = 60.0
SHARE = 0.8
"""What of a reader's time may be spent on comparing; the rest is for writing the report."""


def main() -> None:
    """Check until SIGTERM or SIGINT."""
    run("checker", 2, _build)


async def _build(context: Context) -> list[Duty]:
    seconds = wall_clock("checker", READER_SECONDS)
    reader = Limited(["erc.workers.checker.warmed"], READER_MIB, seconds)
    store = WorkStore(context.database, tables.check, "checker")

    async def compare(manifest: Digest, outputs: Digest, described: Description) -> CheckReport:
        request = CheckRequest(context.place, manifest, outputs, described.display, described.main, SHARE * seconds)
        return await reader.call(check_files, request)

    advice = "Publish a smaller display file, or fewer figures in it."
    limit = TimeLimit(timedelta(seconds=seconds + GRACE_SECONDS), "Comparing the display files", advice)
    return [Duty(CheckOutputs, store, Checker(compare, context.blobs, store).check, failed, limit=limit)]


if __name__ == "__main__":
    main()
