"""Who holds a cookie or a token: the row of the account as it is now, joined to what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, select

from erc.schemas import tables


@dataclass(frozen=True)
class Holding:
    """Who holds it. `level` is None for the operator, who has no account.

    `renew` says that the level changed since the cookie was given out, `stale` that its use should be noted.
    """

    principal: str
    level: int | None
    name: str | None
    scopes: tuple[str, ...] | None = None
    renew: bool = False
    stale: bool = False


def with_account(table: Table, holder: ColumnElement[str], *columns: Any) -> Select[Any]:
    """Return the query of a table's rows with level and name of the account that holds each."""
    account = tables.account
    joined = table.outerjoin(account, account.c.id == holder)
    shown: Sequence[Any] = [column.label(f"shown_{number}") for number, column in enumerate(columns)]
    return select(holder, account.c.level, account.c.name, *shown).select_from(joined)


def account_open() -> ColumnElement[bool]:
    """Return the condition that there is an account and that it is not closed."""
    return and_(tables.account.c.id.is_not(None), tables.account.c.closed.is_(None))
