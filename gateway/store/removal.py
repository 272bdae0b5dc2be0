"""Compendia that are removed: what goes with them, what is set aside for ever, and how that comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from erc.events.catalog import CompendiumPublished
from erc.events.envelope import outgoing_event
from erc.events.outbox import Database, Transaction, row_for_update, utc_now
from erc.gateway.store.records import Also, nothing
from erc.gateway.store.rows import compendium_row, jobs_of
from erc.gateway.store.runs import forget_runs
from erc.gateway.store.telling import public_subject
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest
from erc.schemas.job import Job

KeepSnapshot = Callable[[Compendium, Sequence[Job], datetime], Awaitable[Digest]]
"""Keeps what is public of a compendium from now on."""


@dataclass(frozen=True)
class Removed:
    """A published compendium that an administrator deleted."""

    id: str
    principal: str
    deleted: datetime
    size_bytes: int
    compendium: Compendium


async def set_aside(
    transaction: Transaction, identifier: str, principal: str, check: Callable[[Compendium], None]
) -> None:
    """Take away what goes with a compendium; of a published one, keep it with the compendium and its jobs.

    Its public link goes, the history of its metadata, and the names that mean it now. `check` raises what forbids it.
    """
    rows = await transaction.rows(row_for_update(tables.compendium, identifier))
    if not rows:
        return
    compendium = Compendium.model_validate(rows[0]["document"])
    check(compendium)
    table = tables.revision
    await transaction.connection.execute(delete(tables.link).where(tables.link.c.compendium_id == identifier))
    await forget_runs(transaction, identifier)
    gone = delete(table).where(table.c.compendium_id == identifier)
    history = await transaction.rows(gone.returning(*table.c))
    if compendium.candidate:
        return
    document = {
        "compendium": rows[0]["document"],
        "jobs": [job.model_dump(mode="json") for job in await jobs_of(transaction, identifier)],
        "revisions": [{**row, "created": row["created"].isoformat()} for row in history],
    }
    kept = {"compendium_id": identifier, "principal": principal, "document": document, "bytes": compendium.size_bytes}
    await transaction.connection.execute(insert(tables.removed).values(**kept))


class RemovedCompendia:
    """Reads what was set aside, and brings it back."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def page(self, start: int, limit: int) -> tuple[list[Removed], int]:
        """Return what was set aside, the newest first, and how much there is; `start` counts from 1."""
        table = tables.removed
        about = (table.c.compendium_id, table.c.principal, table.c.deleted, table.c.bytes)
        query = select(*about, table.c.document["compendium"].label("compendium"))
        ordered = query.order_by(table.c.deleted.desc(), table.c.compendium_id)
        rows = await self._database.rows(ordered.offset(start - 1).limit(limit))
        total = await self._database.rows(select(func.count().label("total")).select_from(table))
        return [_removed(row) for row in rows], int(total[0]["total"])

    async def restore(self, identifier: str, keep: KeepSnapshot, also: Also = nothing) -> Compendium | None:
        """Make a removed compendium public again, with its history; None when nothing of this id was removed.

        Its jobs are those of before, ended as the removal left them. Its public link does not come back.
        """
        async with self._database.transaction() as transaction:
            this = tables.removed.c.compendium_id == identifier
            rows = await transaction.rows(select(tables.removed.c.document).where(this).with_for_update())
            if not rows:
                return None
            kept, now = rows[0]["document"], self._now()
            before = Compendium.model_validate(kept["compendium"])
            buried = before.model_copy(update={"version": before.version + 1})
            snapshot = await keep(buried, await jobs_of(transaction, identifier), now)
            after = buried.model_copy(update={"version": buried.version + 1, "snapshot": snapshot})
            await transaction.connection.execute(insert(tables.compendium).values(**compendium_row(after)))
            await _bring_back(transaction, identifier, kept["revisions"])
            await also(transaction)
            event = CompendiumPublished(compendium_id=identifier, snapshot=snapshot)
            said = outgoing_event(event, after.version, now, "gateway")
            transaction.send([said], public={said.message_id: public_subject(said, event)})
            return after


async def _bring_back(transaction: Transaction, identifier: str, revisions: list[dict[str, Any]]) -> None:
    """Put the history back, and forget the grave and that work for the compendium was stopped."""
    if revisions:
        rows = [{**row, "created": datetime.fromisoformat(row["created"])} for row in revisions]
        await transaction.connection.execute(insert(tables.revision), rows)
    for table, column in (
        (tables.removed, tables.removed.c.compendium_id),
        (tables.tombstone, tables.tombstone.c.compendium_id),
        (tables.cancellation, tables.cancellation.c.id),
    ):
        await transaction.connection.execute(delete(table).where(column == identifier))


def _removed(row: Any) -> Removed:
    compendium = Compendium.model_validate(row["compendium"])
    return Removed(row["compendium_id"], row["principal"], row["deleted"], row["bytes"], compendium)
