"""Who may see the events of a compendium: its row, or what was kept of it when it was deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, union_all

from erc.events.outbox import Database
from erc.gateway.auth import Thing
from erc.schemas import tables


@dataclass(frozen=True, slots=True)
class Seen:
    """A compendium as those who read events see it: what it is now, and since when it is no candidate any more.

    `published` is None for what was never a candidate, and for what is one still.
    """

    now: Thing
    published: datetime | None = None

    def at(self, time: datetime) -> Thing:
        """Return what it was at a time: history from before the publication stays a candidate's."""
        if self.published is None or time >= self.published:
            return self.now
        return Thing(self.now.owner, candidate=True, id=self.now.id)


class Visibility:
    """Reads compendia and tombstones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, identifiers: Collection[str]) -> dict[str, Seen]:
        """Return those of the compendia that are or were there. Raises Unavailable."""
        alive, dead = tables.compendium.c, tables.tombstone.c
        wanted = list(identifiers)
        query = union_all(
            select(alive.id, alive.owner, alive.candidate, alive.published).where(alive.id.in_(wanted)),
            select(dead.compendium_id, dead.owner, dead.candidate, dead.published).where(
                dead.compendium_id.in_(wanted)
            ),
        )
        rows = await self._database.rows(query)
        return {row["id"]: Seen(Thing(row["owner"], row["candidate"], row["id"]), row["published"]) for row in rows}
