"""Sign-ins that have begun, in PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, insert

from erc.events.outbox import Database
from erc.gateway.identity.signing_in import Kept
from erc.schemas import tables


class SignIns:
    """Keeps sign-ins until they are taken or over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, one: Kept, lifetime: timedelta) -> None:
        """Keep a sign-in; those that are over are forgotten."""
        table = tables.sign_in
        values = {"state": one.state, "browser": one.browser, "provider": one.provider, "document": one.document}
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(table).where(table.c.expires < func.now()))
            await transaction.connection.execute(insert(table).values(expires=func.now() + lifetime, **values))

    async def take(self, state: str, browser: str) -> Kept | None:
        """Return a sign-in of this browser that is not over, and forget it."""
        table = tables.sign_in
        wanted = (table.c.state == state, table.c.browser == browser, table.c.expires > func.now())
        columns = (table.c.state, table.c.browser, table.c.provider, table.c.document)
        async with self._database.transaction() as transaction:
            rows = await transaction.rows(delete(table).where(*wanted).returning(*columns))
        return Kept(**rows[0]) if rows else None
