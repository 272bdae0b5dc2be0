"""The history of the metadata: one row a revision; the first is what was read from the files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from erc.events.outbox import Database, Transaction, utc_now
from erc.gateway.merge_patch import changed_fields
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job

SERVICE = "service"
"""The author of the first revision."""
AlsoOf = Callable[[Transaction, Compendium, Compendium], Awaitable[None]]
"""What is written within the transaction of a change, from the compendium before and after it."""
Decide = Callable[[Compendium, Callable[[], Awaitable[Sequence[Job]]]], Awaitable[Advance[Compendium] | None]]
"""Decides about a compendium, and its jobs if they are asked for."""


@dataclass(frozen=True)
class Revision:
    """The o2r metadata as somebody saved them; `changed` names the fields that differ from the revision before."""

    number: int
    author: str
    created: datetime
    changed: list[str]
    document: dict[str, Any]


class Revisions:
    """Reads and writes the history."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    def by(self, author: str) -> AlsoOf:
        """Return what writes the revision of a change, and before the first change what it replaces."""

        async def keep(transaction: Transaction, before: Compendium, after: Compendium) -> None:
            if after.revision == before.revision:
                return
            old, new = _o2r(before), _o2r(after)
            if before.revision == 1:
                await _write(transaction, before.id, _first(before))
            changed = changed_fields(old, new)
            await _write(transaction, after.id, Revision(after.revision, author, self._now(), changed, new))

        return keep

    async def page(self, compendium: Compendium, oldest: int, start: int, limit: int) -> Sequence[Revision]:
        """Return the revisions from number `oldest` on, newest first; `start` counts from 1."""
        table = tables.revision
        these = (table.c.compendium_id == compendium.id, table.c.number >= oldest)
        query = select(table).where(*these).order_by(table.c.number.desc())
        rows = await self._database.rows(query.offset(start - 1).limit(limit))
        if not rows and compendium.revision == 1 and start == 1:
            return [_first(compendium)]
        return [_revision(row) for row in rows]

    async def one(self, compendium: Compendium, number: int) -> Revision | None:
        """Return a revision, or None."""
        if number == compendium.revision == 1:
            return _first(compendium)
        table = tables.revision
        if not 1 <= number <= compendium.revision:
            return None
        this = (table.c.compendium_id == compendium.id, table.c.number == number)
        rows = await self._database.rows(select(table).where(*this))
        return _revision(rows[0]) if rows else None


def _o2r(compendium: Compendium) -> dict[str, Any]:
    o2r = compendium.metadata.get("o2r")
    return o2r if isinstance(o2r, dict) else {}


def _first(compendium: Compendium) -> Revision:
    return Revision(1, SERVICE, compendium.created, [], _o2r(compendium))


def _revision(row: Any) -> Revision:
    return Revision(row["number"], row["author"], row["created"], row["summary"], row["document"])


async def _write(transaction: Transaction, compendium_id: str, revision: Revision) -> None:
    row = {
        "compendium_id": compendium_id,
        "number": revision.number,
        "author": revision.author,
        "document": revision.document,
        "summary": revision.changed,
        "created": revision.created,
    }
    statement = insert(tables.revision).values(**row)
    await transaction.connection.execute(statement.on_conflict_do_nothing())
