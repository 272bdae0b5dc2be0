"""`python -m erc.workers.metadata`."""

from __future__ import annotations

from datetime import timedelta

from erc.events.asking import DESCRIBE
from erc.events.catalog import DescribeWorkspace
from erc.events.limited import Limited
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.schemas.ids import Digest
from erc.workers.answering import AT_A_TIME
from erc.workers.limits import TimeLimit, wall_clock
from erc.workers.metadata.handler import Describer, rejected
from erc.workers.metadata.read_workspace import describe_workspace
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore

READER_MIB = 2048
READER_CALLS = 50
READER_SECONDS = 120.0
GRACE_SECONDS = 60.0


def main() -> None:
    """Describe until SIGTERM or SIGINT."""
    run("metadata", 2, _build)


async def _build(context: Context) -> list[Duty]:
    seconds = wall_clock("metadata", READER_SECONDS)
    reader = Limited(["erc.workers.metadata.read_workspace"], READER_MIB, seconds, READER_CALLS)
    store = WorkStore(context.database, tables.description, "metadata")

    async def describe(manifest: Digest, choice: Digest | None) -> Digest:
        today = utc_now().date().isoformat()
        return await reader.call(describe_workspace, context.settings.home / "blobs", manifest, today, choice)

    await context.asking.answer(DESCRIBE, lambda about: describe(about["manifest"], None), AT_A_TIME)
    advice = "Leave out files that do not belong to the analysis."
    limit = TimeLimit(timedelta(seconds=seconds + GRACE_SECONDS), "Reading the workspace", advice)
    return [Duty(DescribeWorkspace, store, Describer(describe, store).describe, rejected, limit=limit)]


if __name__ == "__main__":
    main()
