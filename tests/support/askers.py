"""Who asks in the matrix: sessions, tokens and a public link, put straight into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert

from erc.gateway.auth import ANONYMOUS, Principal, Scope
from erc.gateway.identifiers import new_id
from erc.gateway.identity.randomness import letters
from erc.gateway.identity.tokens import new_token
from erc.gateway.services import Services
from erc.gateway.store.tokens import Wanted
from erc.schemas import tables

OWNER = "ada"
ACCOUNTS = {OWNER: 100, "new": 0, "sub": 50, "bob": 100, "eve": 500, "root": 1000, "dora": 0, "zero": 0}
"""Levels by account; `dora` is whose level is set and whose account is closed."""
LINK_HOLDER = "link holder"


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: what the table is asked about, and what is sent to show it."""

    label: str
    principal: Principal
    headers: Mapping[str, str] = field(default_factory=dict)


async def add_account(services: Services, name: str, level: int) -> None:
    """Keep an account."""
    values = {"id": name, "provider": "test", "subject": name, "name": name.title(), "level": level}
    async with services.records.database.transaction() as transaction:
        await transaction.connection.execute(insert(tables.account).values(**values))


async def by_session(services: Services, name: str, level: int) -> Asker:
    """Return somebody with the cookie of a session."""
    cookie = await services.sessions.create(name)
    shown = {"Cookie": f"{services.identity.cookies.session}={cookie}"}
    return Asker(f"{name} (level {level})", Principal(name, level), shown)


async def add_token(services: Services, name: str, scopes: Sequence[Scope]) -> tuple[str, str]:
    """Keep a token of these scopes; return its id and what it says."""
    secret, wanted = new_token(letters), Wanted(new_id(), name, "matrix", scopes, timedelta(days=1))
    assert await services.identity.tokens.add(wanted, secret, 1000)
    return wanted.id, secret


async def by_token(services: Services, name: str, level: int, *scopes: Scope) -> Asker:
    """Return somebody with a token of these scopes."""
    _, secret = await add_token(services, name, scopes)
    label = f"{name} (level {level}), token: {', '.join(scopes)}"
    return Asker(label, Principal(name, level, frozenset(scopes)), {"Authorization": f"Bearer {secret}"})


async def askers(services: Services) -> list[Asker]:
    """Return everybody who asks."""
    for name, level in ACCOUNTS.items():
        await add_account(services, name, level)
    sessions = [
        await by_session(services, name, ACCOUNTS[name]) for name in ("new", "sub", "bob", OWNER, "eve", "root")
    ]
    tokens = [
        await by_token(services, OWNER, 100, Scope.READ),
        await by_token(services, OWNER, 100, Scope.READ, Scope.WRITE),
        await by_token(services, OWNER, 100, Scope.READ, Scope.SHIP),
        await by_token(services, "bob", 100, Scope.READ),
        await by_token(services, "eve", 500, Scope.READ),
        await by_token(services, "root", 1000, Scope.READ, Scope.WRITE),
        await by_token(services, "root", 1000, *Scope),
    ]
    return [Asker("nobody", ANONYMOUS), Asker(LINK_HOLDER, ANONYMOUS), *sessions, *tokens]
