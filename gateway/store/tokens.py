"""Personal access tokens, in PostgreSQL: their SHA-256, never themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from erc.events.outbox import Database, Transaction
from erc.gateway.auth import OPERATOR, Scope
from erc.gateway.identity.signing_in import digest
from erc.gateway.store.holding import Holding, account_open, with_account
from erc.schemas import tables

_TOUCHED = timedelta(minutes=5)


@dataclass(frozen=True)
class Token:
    """A token, for its owner; it does not say itself."""

    id: str
    account: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime
    used: datetime | None


@dataclass(frozen=True)
class Wanted:
    """A token that is to be made: whose, what for, how long."""

    id: str
    account: str
    name: str
    scopes: Sequence[Scope]
    lifetime: timedelta


class Tokens:
    """Reads and writes tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, wanted: Wanted, secret: str, most: int) -> Token | None:
        """Keep a token; None when the account has `most` already."""
        async with self._database.transaction() as transaction:
            return await add_token(transaction, wanted, secret, most)

    async def held(self, secrets: Collection[str]) -> dict[str, Holding]:
        """Return who holds these tokens, as their accounts are now; those that are over are left out."""
        hashes, table = {digest(secret): secret for secret in secrets}, tables.token
        stale = func.coalesce(table.c.used < func.now() - _TOUCHED, True)
        query = with_account(table, table.c.account, table.c.hash, table.c.scopes, stale).where(
            table.c.hash.in_(list(hashes)),
            table.c.expires > func.now(),
            or_(table.c.account == OPERATOR, account_open()),
        )
        rows = [tuple(row.values()) for row in await self._database.rows(query)]
        return {
            hashes[kept]: Holding(account, level, name, scopes=tuple(scopes), stale=old)
            for account, level, name, kept, scopes, old in rows
        }

    async def touch(self, secret: str) -> None:
        """Remember that a token is in use."""
        table = tables.token
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                update(table).where(table.c.hash == digest(secret)).values(used=func.now())
            )

    async def of(self, account: str) -> Sequence[Token]:
        """Return the tokens of an account that are good, the newest first."""
        table = tables.token
        query = select(table).where(table.c.account == account, table.c.expires > func.now())
        return [_token(row) for row in await self._database.rows(query.order_by(table.c.id.desc()))]

    async def find(self, identifier: str) -> Token | None:
        """Return a token, or None."""
        rows = await self._database.rows(select(tables.token).where(tables.token.c.id == identifier))
        return _token(rows[0]) if rows else None

    async def end(self, identifier: str) -> None:
        """End a token by its id."""
        await self._end(tables.token.c.id == identifier)

    async def end_itself(self, secret: str) -> None:
        """End a token by itself."""
        await self._end(tables.token.c.hash == digest(secret))

    async def _end(self, which: Any) -> None:
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(tables.token).where(which))


async def add_token(transaction: Transaction, wanted: Wanted, secret: str, most: int) -> Token | None:
    """Keep a token in a transaction; None when the account has `most` already."""
    table = tables.token
    await transaction.connection.execute(
        delete(table).where(table.c.account == wanted.account, table.c.expires < func.now())
    )
    count = await transaction.rows(select(func.count()).where(table.c.account == wanted.account))
    if count[0]["count_1"] >= most:
        return None
    values = {"id": wanted.id, "account": wanted.account, "name": wanted.name, "scopes": list(wanted.scopes)}
    statement = insert(table).values(hash=digest(secret), expires=func.now() + wanted.lifetime, **values)
    return _token((await transaction.rows(statement.returning(table)))[0])


def _token(row: Any) -> Token:
    names = ("id", "account", "name", "created", "expires", "used")
    return Token(scopes=tuple(Scope(scope) for scope in row["scopes"]), **{name: row[name] for name in names})
