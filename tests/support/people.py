"""Somebody with an account, signed in."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from erc.gateway.services import Services
from erc.schemas import tables


async def signed_in(services: Services, name: str, level: int = 100) -> str:
    """Give somebody an account of this level and return the cookie of a new session."""
    values = {"id": name, "provider": "test", "subject": name, "name": name.capitalize(), "level": level}
    statement = insert(tables.account).values(**values)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"level": level})
    async with services.records.database.transaction() as transaction:
        await transaction.connection.execute(statement)
    return await services.sessions.create(name)
