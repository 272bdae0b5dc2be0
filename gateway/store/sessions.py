"""Signed-in browsers: an opaque random cookie, its SHA-256 in PostgreSQL; and keys that the service makes itself."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from erc.events.outbox import Database, utc_now
from erc.schemas import tables

LIFETIME = timedelta(days=7)


class Sessions:
    """The sessions of the gateway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, principal: str) -> str:
        """Begin a session and return its cookie value."""
        cookie = secrets.token_urlsafe(32)
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(tables.session).where(tables.session.c.expires < func.now()))
            await transaction.connection.execute(
                insert(tables.session).values(id=_hash(cookie), principal=principal, expires=utc_now() + LIFETIME)
            )
        return cookie

    async def principal(self, cookie: str) -> str | None:
        """Return who holds this cookie, or None."""
        table = tables.session
        rows = await self._database.rows(
            select(table.c.principal).where(table.c.id == _hash(cookie), table.c.expires > func.now())
        )
        return rows[0]["principal"] if rows else None

    async def principals(self, cookies: Collection[str]) -> dict[str, str]:
        """Return who holds these cookies; those whose session is over are left out."""
        hashes, table = {_hash(cookie): cookie for cookie in cookies}, tables.session
        rows = await self._database.rows(
            select(table.c.id, table.c.principal).where(table.c.id.in_(list(hashes)), table.c.expires > func.now())
        )
        return {hashes[row["id"]]: row["principal"] for row in rows}

    async def end(self, cookie: str) -> None:
        """End a session."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(tables.session).where(tables.session.c.id == _hash(cookie)))

    async def key(self, name: str) -> bytes:
        """Return the service's own key of this name, made at the first call."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                insert(tables.secret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing()
            )
            rows = await transaction.rows(select(tables.secret.c.value).where(tables.secret.c.name == name))
            return bytes(rows[0]["value"])


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
