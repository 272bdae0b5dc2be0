"""Finds work that has not ended with the signs of who does it, asks for it again, and trims what is over."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select, text

from erc.events.catalog import COMMANDS
from erc.events.envelope import Envelope, outgoing_command
from erc.events.outbox import Database, database_errors, row_for_update
from erc.gateway.abandoned import AGAIN, Going, LastCommand
from erc.gateway.idempotency import KEPT
from erc.gateway.store.queue import WAITING_WORKERS, Queue
from erc.schemas import tables

MOST = 500
"""How many are looked at in one round, the oldest first."""
_LEADER = 0x65_72_6A

_GOING = text(
    "SELECT kind, id, version, created FROM ("
    "SELECT 'job' AS kind, id, version, created FROM job WHERE status IN ('queued', 'running') AND NOT EXISTS "
    "(SELECT FROM waiting WHERE waiting.job_id = job.id AND released IS NULL) "
    "UNION ALL SELECT 'compendium', id, version, created FROM compendium WHERE status IN ('loading', 'describing') "
    "UNION ALL SELECT 'shipment', id, version, created FROM shipment WHERE status = 'to be shipped') AS going "
    "WHERE created <= :before ORDER BY created LIMIT :most"
)
"""What has not ended; jobs that wait in a queue are waited for."""
_TRIM = (
    "DELETE FROM idempotency WHERE created <= :answered",
    "DELETE FROM source_upload WHERE created < now() - interval '24 hours'",
    (
        "DELETE FROM source WHERE used < now() - interval '24 hours' AND NOT EXISTS (SELECT FROM compendium "
        "WHERE compendium.owner = source.owner AND compendium.document->>'upload' = source.digest)"
    ),
    "DELETE FROM session WHERE expires < now()",
    "DELETE FROM capacity WHERE seen < now() - interval '1 hour'",
    "DELETE FROM cancellation WHERE requested < now() - interval '30 days'",
)
_FREE = text(
    "DELETE FROM waiting WHERE NOT EXISTS (SELECT FROM job WHERE job.id = waiting.job_id "
    "AND job.status IN ('queued', 'running'))"
)

_TABLES: dict[str, Table] = {"job": tables.job, "compendium": tables.compendium, "shipment": tables.shipment}
_WORK: dict[str, Table] = {
    "loader.load": tables.workspace,
    "metadata.describe": tables.description,
    "builder.prepare": tables.environment,
    "builder.save": tables.image,
    "executor.execute": tables.execution,
    "checker.check": tables.check,
    "shipper.pack": tables.package,
}
_NAMES = {kind: [name for name, command in COMMANDS.items() if f"{kind}_id" == command.ID_FIELD] for kind in _TABLES}


class SqlCare:
    """The rows that the janitor cares for."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database, self._queue = database, queue

    @contextlib.asynccontextmanager
    async def leading(self) -> AsyncIterator[bool]:
        """Yield whether this process is the one that cares now; the lead ends with the block or the process."""
        async with database_errors(), self._database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            leads = bool(await connection.scalar(text("SELECT pg_try_advisory_lock(:it)"), {"it": _LEADER}))
            try:
                yield leads
            finally:
                if leads:
                    await connection.execute(text("SELECT pg_advisory_unlock(:it)"), {"it": _LEADER})

    async def going(self, before: datetime) -> Sequence[Going]:
        """Return what was begun before and has not ended, the oldest first."""
        rows = await self._database.rows(_GOING, {"before": before, "most": MOST})
        return [await self._with_signs(row) for row in rows]

    async def _with_signs(self, row: Any) -> Going:
        last = await self._last(row["kind"], row["id"], row["version"])
        event = tables.event
        unsent = select(event.c.id).where(event.c.sent.is_(None), event.c.aggregate_id == row["id"]).limit(1)
        if last is not None and await self._database.rows(unsent):
            # What a worker has said of it waits for the relay.
            last = replace(last, sent=None)
        seen = None
        if last is not None:
            work = _WORK[f"{last.command.WORKER}.{last.command.VERB}"]
            found = await self._database.rows(select(work.c.changed).where(work.c.id == row["id"]))
            seen = found[0]["changed"] if found else None
        return Going(row["kind"], row["id"], row["version"], row["created"], last, seen)

    async def _last(self, kind: str, identifier: str, version: int) -> LastCommand | None:
        causes = [f"{number}{end}" for number in range(version + 1) for end in ("", f".{AGAIN}")]
        ids = [f"command:{identifier}:{name}:{cause}" for name in _NAMES[kind] for cause in causes]
        event = tables.event
        query = select(event.c.body, event.c.message_id, event.c.sent).where(event.c.message_id.in_(ids))
        rows = await self._database.rows(query.order_by(event.c.id.desc()).limit(1))
        if not rows:
            return None
        command = Envelope.model_validate(rows[0]["body"]).command()
        return LastCommand(command, rows[0]["message_id"].rsplit(":", 1)[1], rows[0]["sent"])

    async def ask_again(self, going: Going, last: LastCommand, now: datetime) -> bool:
        """Send the command once more under a new cause; False when the work has come further meanwhile."""
        async with self._database.transaction() as transaction:
            rows = await transaction.rows(row_for_update(_TABLES[going.kind], going.id))
            if not rows or rows[0]["version"] != going.version:
                return False
            transaction.send([outgoing_command(last.command, f"{last.cause}.{AGAIN}", now)])
        return True

    async def trim(self, now: datetime) -> None:
        """Remove answers, sessions, announcements and cancellations that are over, and places of ended jobs."""
        async with self._database.transaction() as transaction:
            for statement in _TRIM:
                values = {"answered": now - KEPT} if ":answered" in statement else {}
                await transaction.connection.execute(text(statement), values)
        async with self._database.transaction() as transaction:
            await self._queue.hold(transaction)
            if await transaction.changed(_FREE):
                for worker in WAITING_WORKERS:
                    await self._queue.fill(transaction, worker)
