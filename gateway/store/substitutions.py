"""Substituted compendia: written with the beginning of their history, and listed by what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, or_, select, true

from erc.events.catalog import CompendiumChanged, CompendiumPublished
from erc.events.envelope import outgoing_event
from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.store.records import Also
from erc.gateway.store.rows import compendium_row, hold, page
from erc.gateway.store.telling import public_subject
from erc.schemas import tables
from erc.schemas.compendium import Compendium


class Substitutions:
    """Reads and writes compendia that were made from two others. All raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, compendium: Compendium, now: datetime, also: Also) -> None:
        """Keep a new compendium that is ready, and public when its snapshot is given; with the events that say so.

        Raises Refused (404) when one of those that it was made from is gone.
        """
        assert compendium.substitution
        made = CompendiumChanged(compendium_id=compendium.id, status=compendium.status, candidate=True)
        events = [outgoing_event(made, 1, now, "gateway")]
        subjects = {}
        if compendium.snapshot:
            published = CompendiumPublished(compendium_id=compendium.id, snapshot=compendium.snapshot)
            events.append(outgoing_event(published, 2, now, "gateway"))
            subjects = {events[-1].message_id: public_subject(events[-1], published)}
        async with self._database.transaction() as transaction:
            await also(transaction)
            for source in sorted({compendium.substitution.base, compendium.substitution.overlay}):
                await hold(transaction, source)
            await transaction.connection.execute(insert(tables.compendium).values(**compendium_row(compendium)))
            transaction.send(events, public=subjects)

    async def found(
        self, principal: Principal, base: str | None, overlay: str | None, start: int, limit: int
    ) -> Sequence[str]:
        """Return the ids of substituted compendia that the principal may see, newest first."""
        table = tables.compendium
        visible = true() if principal.level >= EDITOR else or_(~table.c.candidate, table.c.owner == principal.name)
        query = select(table.c.id).where(table.c.base.is_not(None), visible)
        for column, value in ((table.c.base, base), (table.c.overlay, overlay)):
            if value is not None:
                query = query.where(column == value)
        rows = await self._database.rows(page(query, table.c.id, start, limit))
        return [row["id"] for row in rows]
