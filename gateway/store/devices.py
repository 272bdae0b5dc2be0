"""Programs that wait to be signed in, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from erc.events.outbox import Database
from erc.gateway.auth import Scope
from erc.gateway.identity.devices import LIFETIME, Waits, answer
from erc.gateway.identity.signing_in import digest
from erc.gateway.identity.tokens import MOST, USUAL_LIFETIME
from erc.gateway.store.tokens import Token, Wanted, add_token
from erc.schemas import tables

_REMEMBERED = timedelta(hours=1)
"""How long a program that was not signed in is told that its code is over."""


@dataclass(frozen=True)
class Device:
    """A program that waits, for the person who decides."""

    user_code: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime


class Devices:
    """Reads and writes the programs that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, code: str, user_code: str, name: str, scopes: Sequence[Scope]) -> None:
        """Keep a program that begins to wait; those long over are forgotten."""
        table = tables.device
        values = {"code": digest(code), "user_code": user_code, "name": name, "scopes": list(scopes)}
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(table).where(table.c.expires < func.now() - _REMEMBERED))
            await transaction.connection.execute(insert(table).values(expires=func.now() + LIFETIME, **values))

    async def waiting(self, user_code: str) -> Device | None:
        """Return the program that waits for a decision under this code, or None."""
        rows = await self._database.rows(select(tables.device).where(*_undecided(user_code)))
        if not rows:
            return None
        scopes = tuple(Scope(scope) for scope in rows[0]["scopes"])
        return Device(rows[0]["user_code"], rows[0]["name"], scopes, rows[0]["created"])

    async def decide(self, user_code: str, account: str, *, granted: bool) -> bool:
        """Keep what somebody decided; return whether the program was still waiting."""
        values: dict[str, Any] = {"account": account, "denied": not granted}
        async with self._database.transaction() as transaction:
            statement = update(tables.device).where(*_undecided(user_code)).values(**values)
            return bool(await transaction.changed(statement))

    async def ask(self, code: str, interval: timedelta, identifier: str, secret: str) -> Token | Waits:
        """Return the token of a program that was granted one, kept as this secret; else what it is told.

        A token comes once: the program is forgotten with it.
        """
        table = tables.device
        mine = table.c.code == digest(code)
        async with self._database.transaction() as transaction:
            query = select(table, func.now().label("moment")).where(mine).with_for_update()
            rows = await transaction.rows(query)
            if not rows:
                return Waits.UNKNOWN
            row = rows[0]
            about = (row["moment"], row["expires"], row["asked"], interval)
            told = answer(*about, denied=row["denied"], granted=row["account"] is not None)
            if told is not None:
                await transaction.connection.execute(update(table).where(mine).values(asked=func.now()))
                return told
            await transaction.connection.execute(delete(table).where(mine))
            scopes = [Scope(scope) for scope in row["scopes"]]
            wanted = Wanted(identifier, row["account"], row["name"], scopes, USUAL_LIFETIME)
            return await add_token(transaction, wanted, secret, MOST) or Waits.DENIED


def _undecided(user_code: str) -> tuple[Any, ...]:
    table = tables.device
    open_still = (table.c.account.is_(None), table.c.denied.is_(False), table.c.expires > func.now())
    return table.c.user_code == user_code, *open_still
