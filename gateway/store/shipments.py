"""Lists of shipments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.store.rows import page
from erc.schemas import tables
from erc.schemas.shipment import Shipment


async def shipments(
    database: Database, principal: Principal, compendium_id: str | None, start: int, limit: int
) -> Sequence[Shipment]:
    """Return the shipments that somebody may follow: one's own, for editors all; newest first. Raises Unavailable."""
    table = tables.shipment
    query = select(table.c.document)
    if principal.level < EDITOR:
        query = query.where(table.c.owner == principal.name)
    if compendium_id is not None:
        query = query.where(table.c.compendium_id == compendium_id)
    rows = await database.rows(page(query, table.c.id, start, limit))
    return [Shipment.model_validate(row["document"]) for row in rows]


async def is_taken(database: Database, identifier: str) -> bool:
    """Return whether there is a shipment with this id. Raises Unavailable."""
    return bool(await database.rows(select(tables.shipment.c.id).where(tables.shipment.c.id == identifier)))
