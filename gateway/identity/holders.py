"""Who asks: what a request shows, a cookie or a bearer's token, and who holds that now."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum

from starlette.requests import HTTPConnection

from erc.gateway.auth import ADMIN, OPERATOR, Principal, Scope
from erc.gateway.identity.rates import Known
from erc.gateway.identity.tokens import may_be_token
from erc.gateway.store.holding import Holding
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.tokens import Tokens

COOKIE = "erc_session"
_OPERATOR = Principal(OPERATOR, ADMIN, frozenset(Scope), label=OPERATOR)


class Kind(Enum):
    """How something is shown."""

    COOKIE = "cookie"
    BEARER = "bearer"


@dataclass(frozen=True)
class Shown:
    """What a request shows."""

    kind: Kind
    secret: str


def cookie_name(name: str, public_url: str) -> str:
    """Return the full name of a cookie: over TLS one that no other host can set."""
    return f"__Host-{name}" if public_url.startswith("https:") else name


def shown_by(connection: HTTPConnection, cookie: str) -> Shown | None:
    """Return what a request shows, or None; a bearer's token goes before the cookie of this name."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Shown(Kind.BEARER, token.strip())
    held = connection.cookies.get(cookie) if "cookie" in connection.headers else None
    return Shown(Kind.COOKIE, held) if held else None


class Holders:
    """Finds who holds what is shown; levels and scopes are those of this moment."""

    def __init__(self, sessions: Sessions, tokens: Tokens, operator_token: str, known: Known) -> None:
        self._sessions, self._tokens, self._operator_token, self._known = sessions, tokens, operator_token, known

    async def find(self, shown: Shown, renewing: Callable[[], None]) -> Principal | None:
        """Return who holds it, or None; `renewing` is called when a cookie should be changed for a new one."""
        if self.is_operators(shown):
            principal: Principal | None = _OPERATOR
        else:
            principal = await self._held(shown, renewing)
        self._known.remember(shown.secret, principal.name if principal else None)
        return principal

    async def of_streams(self, secrets: Collection[str]) -> dict[str, Principal]:
        """Return who holds these cookies and tokens, for streams that were opened with them."""
        tokens = [secret for secret in secrets if may_be_token(secret)]
        cookies = [secret for secret in secrets if not may_be_token(secret)]
        held = await self._tokens.held(tokens) if tokens else {}
        held |= await self._sessions.held(cookies) if cookies else {}
        return {secret: principal_of(one) for secret, one in held.items()}

    async def _held(self, shown: Shown, renewing: Callable[[], None]) -> Principal | None:
        by_token = shown.kind is Kind.BEARER
        if by_token and not may_be_token(shown.secret):
            return None
        store = self._tokens if by_token else self._sessions
        one = (await store.held([shown.secret])).get(shown.secret)
        if one is None:
            return None
        if one.stale:
            await store.touch(shown.secret)
        if one.renew:
            renewing()
        return principal_of(one)

    def is_operators(self, shown: Shown) -> bool:
        """Return whether this is the token of whoever runs the installation, which never ends."""
        expected = self._operator_token
        same = hmac.compare_digest(shown.secret.encode("utf-8", "surrogatepass"), expected.encode())
        return shown.kind is Kind.BEARER and bool(expected) and same


def principal_of(held: Holding) -> Principal:
    """Return the principal that a row speaks of; the operator has no account and every right."""
    level = ADMIN if held.level is None else held.level
    scopes = None if held.scopes is None else frozenset(Scope(scope) for scope in held.scopes)
    return Principal(held.principal, level, scopes, label=held.name or held.principal)
