"""Accounts: public identity and level, in PostgreSQL. Every change of a level is recorded beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from erc.events.outbox import Database, Transaction
from erc.gateway.auth import ADMIN
from erc.gateway.identity.people import Person
from erc.schemas import tables

SET_LEVEL = "set_level"
CLOSE = "close_account"


@dataclass(frozen=True)
class Account:
    """Somebody who has signed in."""

    id: str
    provider: str
    name: str
    level: int
    created: datetime
    seen: datetime | None


@dataclass(frozen=True)
class By:
    """Who changes an account, and the id of the record of that."""

    principal: str
    record: str


Decide = Callable[[int | None, Account | None], None]
"""Gets the changer's level (None without an account) and the account as they are now; raises to refuse."""


class Accounts:
    """Reads and writes accounts. One that is closed is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sign_in(self, person: Person, level: int, *, administrator: bool) -> Account | None:
        """Return the account of a person, made with this level when it is new; None when it is closed."""
        table = tables.account
        about: dict[str, Any] = {"name": person.name, "seen": func.now()}
        if administrator:
            about["level"] = level = ADMIN
        values = {"id": person.id, "provider": person.provider, "subject": person.subject, "level": level}
        statement = (
            upsert(table)
            .values(**{**values, **about})
            .on_conflict_do_update(index_elements=["id"], set_=about, where=table.c.closed.is_(None))
            .returning(table)
        )
        async with self._database.transaction() as transaction:
            rows = await transaction.rows(statement)
        return _account(rows[0]) if rows else None

    async def find(self, identifier: str) -> Account | None:
        """Return an account, or None."""
        table = tables.account
        rows = await self._database.rows(select(table).where(table.c.id == identifier, table.c.closed.is_(None)))
        return _account(rows[0]) if rows else None

    async def page(self, start: int, limit: int | None, words: str = "") -> Sequence[Account]:
        """Return accounts from the `start`-th on (1 is the first), the oldest first; `words` is in the name or id."""
        table = tables.account
        query = select(table).where(table.c.closed.is_(None)).order_by(table.c.created, table.c.id)
        if words:
            inside = f"%{words.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
            query = query.where(or_(table.c.name.ilike(inside, escape="!"), table.c.id.ilike(inside, escape="!")))
        rows = await self._database.rows(query.offset(start - 1).limit(limit))
        return [_account(row) for row in rows]

    async def set_level(self, identifier: str, level: int, by: By, decide: Decide) -> Account:
        """Give an account a level; `decide` sees both sides while nobody else changes them."""
        async with self._database.transaction() as transaction:
            before = await self._decided(transaction, identifier, by, decide)
            table = tables.account
            rows = await transaction.rows(
                update(table).where(table.c.id == identifier).values(level=level).returning(table)
            )
            document = {"user": identifier, "before": before.level, "after": level}
            await _record(transaction, by, SET_LEVEL, document)
        return _account(rows[0])

    async def close(self, identifier: str, by: By, decide: Decide) -> None:
        """Close an account for ever: its sessions, tokens, programs that wait, webhooks and names of runs end.

        Its works stay.
        """
        async with self._database.transaction() as transaction:
            await self._decided(transaction, identifier, by, decide)
            table = tables.account
            ended = {"closed": func.now(), "name": "", "level": 0}
            await transaction.connection.execute(update(table).where(table.c.id == identifier).values(**ended))
            holders = (
                tables.session.c.principal,
                tables.token.c.account,
                tables.device.c.account,
                tables.webhook.c.owner,
                tables.run.c.owner,
            )
            for holder in holders:
                await transaction.connection.execute(delete(holder.table).where(holder == identifier))
            await _record(transaction, by, CLOSE, {"user": identifier})

    async def _decided(self, transaction: Transaction, identifier: str, by: By, decide: Decide) -> Account:
        table = tables.account
        both = select(table).where(table.c.id.in_([identifier, by.principal]), table.c.closed.is_(None))
        rows = {row["id"]: row for row in await transaction.rows(both.order_by(table.c.id).with_for_update())}
        own = rows[by.principal]["level"] if by.principal in rows else None
        before = _account(rows[identifier]) if identifier in rows else None
        decide(own, before)
        assert before
        return before


async def _record(transaction: Transaction, by: By, action: str, document: dict[str, Any]) -> None:
    values = {"id": by.record, "principal": by.principal, "action": action, "document": document}
    await transaction.connection.execute(insert(tables.operation).values(ended=func.now(), **values))


def _account(row: Any) -> Account:
    return Account(**{name: row[name] for name in ("id", "provider", "name", "level", "created", "seen")})
