"""A lock in the whole cluster, kept by PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from erc.events.outbox import database_errors
from erc.schemas.ids import Digest


@contextlib.asynccontextmanager
async def held(engine: AsyncEngine, key: Digest) -> AsyncIterator[None]:
    """Hold the lock of a key (hexadecimal); others wait here. Raises Unavailable when PostgreSQL does not answer.

    The lock belongs to a connection, so that it is free as soon as its holder dies.
    """
    number = int(key[:15], 16)
    async with database_errors(), engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
        await connection.commit()
        try:
            yield
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
            await connection.commit()
