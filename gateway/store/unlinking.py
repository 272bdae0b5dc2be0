"""The end of public links."""

from __future__ import annotations

from sqlalchemy import delete

from erc.events.outbox import Transaction
from erc.schemas import tables


async def unlink(transaction: Transaction, compendium_id: str) -> None:
    """Forget the public link of a compendium, which is none any more or is public now."""
    await transaction.connection.execute(delete(tables.link).where(tables.link.c.compendium_id == compendium_id))
