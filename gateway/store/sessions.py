"""Signed-in browsers: an opaque random cookie, its SHA-256 in PostgreSQL; and keys that the service makes itself."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from erc.events.outbox import Database
from erc.gateway.auth import OPERATOR
from erc.gateway.store.holding import Holding, account_open, with_account
from erc.schemas import tables

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=12)
"""A session ends this long after its beginning, and this long after its last use."""
_TOUCHED = timedelta(minutes=5)
"""How exactly the last use is kept."""
_OVERLAP = timedelta(seconds=30)
"""How long the old cookie is good beside a new one, for requests that are on their way."""
HANDLE = 16
"""So many characters of the hash name a session to its owner."""


@dataclass(frozen=True)
class Session:
    """A session that goes on, for its owner; `handle` names it and opens nothing."""

    handle: str
    created: datetime
    seen: datetime
    current: bool


class Sessions:
    """The sessions of the gateway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, principal: str) -> str:
        """Begin a session and return its cookie value."""
        cookie, table = secrets.token_urlsafe(32), tables.session
        over = or_(table.c.expires < func.now(), table.c.seen < func.now() - IDLE)
        values = {"principal": principal, "expires": func.now() + LIFETIME, "level": _level(principal)}
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(table).where(over))
            await transaction.connection.execute(insert(table).values(id=_hash(cookie), **values))
        return cookie

    async def held(self, cookies: Collection[str]) -> dict[str, Holding]:
        """Return who holds these cookies, as their accounts are now; those whose session is over are left out."""
        hashes, table, account = {_hash(cookie): cookie for cookie in cookies}, tables.session, tables.account
        renew = func.coalesce(table.c.level, -1) != func.coalesce(account.c.level, -1)
        query = with_account(table, table.c.principal, table.c.id, renew, (func.now() - table.c.seen) > _TOUCHED).where(
            table.c.id.in_(list(hashes)), *_going_on()
        )
        rows = [tuple(row.values()) for row in await self._database.rows(query)]
        return {
            hashes[identifier]: Holding(principal, level, name, renew=changed, stale=stale)
            for principal, level, name, identifier, changed, stale in rows
        }

    async def touch(self, cookie: str) -> None:
        """Remember that a session is in use."""
        table = tables.session
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                update(table).where(table.c.id == _hash(cookie)).values(seen=func.now())
            )

    async def renew(self, cookie: str) -> str | None:
        """Give a session a new cookie after its account's level changed; None when somebody did so already."""
        table, new = tables.session, secrets.token_urlsafe(32)
        async with self._database.transaction() as transaction:
            rows = await transaction.rows(
                select(table).where(table.c.id == _hash(cookie), *_unexpired()).with_for_update()
            )
            if not rows:
                return None
            level = _level(rows[0]["principal"])
            changed = await transaction.changed(
                update(table)
                .where(table.c.id == _hash(cookie), func.coalesce(table.c.level, -1) != func.coalesce(level, -1))
                .values(level=level, expires=func.least(table.c.expires, func.now() + _OVERLAP))
            )
            if not changed:
                return None
            kept = {name: rows[0][name] for name in ("principal", "created", "expires")}
            await transaction.connection.execute(insert(table).values(id=_hash(new), level=level, **kept))
        return new

    async def of(self, principal: str, cookie: str) -> Sequence[Session]:
        """Return the sessions of somebody, the newest first; `cookie` is the one that asks."""
        table = tables.session
        query = select(table.c.id, table.c.created, table.c.seen).where(table.c.principal == principal, *_unexpired())
        rows = await self._database.rows(query.order_by(table.c.created.desc()))
        own = _hash(cookie)
        return [Session(row["id"][:HANDLE], row["created"], row["seen"], row["id"] == own) for row in rows]

    async def end(self, cookie: str) -> None:
        """End a session."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(tables.session).where(tables.session.c.id == _hash(cookie)))

    async def end_one(self, principal: str, handle: str) -> bool:
        """End the session of somebody that the handle names; return whether there was one."""
        table = tables.session
        named = (table.c.principal == principal, func.left(table.c.id, HANDLE) == handle)
        async with self._database.transaction() as transaction:
            return bool(await transaction.changed(delete(table).where(*named)))

    async def key(self, name: str) -> bytes:
        """Return the service's own key of this name, made at the first call."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                insert(tables.secret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing()
            )
            rows = await transaction.rows(select(tables.secret.c.value).where(tables.secret.c.name == name))
            return bytes(rows[0]["value"])


def _unexpired() -> tuple[ColumnElement[bool], ...]:
    table = tables.session
    return table.c.expires > func.now(), table.c.seen > func.now() - IDLE


def _going_on() -> tuple[ColumnElement[bool], ...]:
    return *_unexpired(), or_(tables.session.c.principal == OPERATOR, account_open())


def _level(principal: str) -> object:
    """Return the query of an account's level; null for the operator."""
    account = tables.account
    return select(account.c.level).where(account.c.id == literal(principal)).scalar_subquery()


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
