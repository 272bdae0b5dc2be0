"""Which environments are built, and the cluster-wide lock of a build under way."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from erc.events.outbox import Database, database_errors
from erc.schemas import tables
from erc.schemas.ids import Digest
from erc.workers.builder.domain.rules import Built


class Environments:
    """The builder's cache of environments."""

    def __init__(self, database: Database, engine: AsyncEngine) -> None:
        self._database, self._engine = database, engine

    async def find(self, key: Digest) -> Built | None:
        """Return the environment of this key, or None."""
        rows = await self._database.rows(select(tables.built).where(tables.built.c.key == key))
        return Built(rows[0]["image_id"], rows[0]["image"]) if rows else None

    async def put(self, key: Digest, image_id: str) -> None:
        """Remember an environment; another image forgets the saved one."""
        values = {"image_id": image_id, "image": None}
        statement = insert(tables.built).values(key=key, **values)
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["key"], set_=values, where=tables.built.c.image_id != image_id
                )
            )

    async def saved(self, key: Digest, image: Digest) -> None:
        """Remember the blob of an environment's image."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                tables.built.update().where(tables.built.c.key == key).values(image=image)
            )

    @contextlib.asynccontextmanager
    async def building(self, key: Digest) -> AsyncIterator[None]:
        """Hold the one build of this key in the whole cluster; others wait here and then find it done.

        The lock belongs to a connection, so that it is free as soon as its holder dies.
        """
        number = int(key[:15], 16)
        async with database_errors(), self._engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
            await connection.commit()
            try:
                yield
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
                await connection.commit()
