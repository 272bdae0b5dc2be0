"""ASGI middleware that counts requests, and says when to come again to who asks too often."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from erc.gateway.auth import OPERATOR
from erc.gateway.errors import Refused
from erc.gateway.identity.holders import shown_by
from erc.gateway.identity.rates import Buckets, Known
from erc.gateway.identity.settings import IdentitySettings, Rates

_UNCOUNTED = ("/static/", "/health", "/metrics")
_SIGN_IN = ("/api/v1/auth/", "/sign-in", "/device")
_UPLOADS = {"/api/v1/compendium", "/upload", "/api/v1/plan"}
_SOURCES = "/api/v1/sources/"
_MINTS = {"/api/v1/token", "/account/tokens"}
_READS = {"GET", "HEAD", "OPTIONS"}
_WHO = "/api/v1/auth/whoami"


class Counted(StrEnum):
    """What a request is counted as."""

    READ = "reads"
    WRITE = "writes"
    UPLOAD = "uploads"
    SIGN_IN = "sign-ins"
    PIECE = "pieces"


def counted_as(method: str, path: str) -> Counted | None:
    """Return what a request is counted as; None: it is not counted."""
    if path.startswith(_UNCOUNTED):
        return None
    if (path.startswith(_SIGN_IN) and path != _WHO) or (path in _MINTS and method == "POST"):
        return Counted.SIGN_IN
    if method in _READS:
        return Counted.READ
    if method == "PATCH" and path.startswith(_SOURCES):
        return Counted.PIECE
    return Counted.UPLOAD if path in _UPLOADS else Counted.WRITE


def address_of(peer: str, forwarded: Sequence[str], proxies: Iterable[IPv4Network | IPv6Network]) -> str:
    """Return who asks: the last address of those that our own proxies tell of, which is none of theirs.

    `forwarded` are the values of X-Forwarded-For in their order; nobody else is believed.
    """
    trusted = tuple(proxies)
    told = [part.strip() for value in forwarded for part in value.split(",")]
    address = peer
    while told and _within(address, trusted):
        address = told.pop()
    return address


def _within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        place = ip_address(address)
    except ValueError:
        return False
    return any(place in network for network in networks)


@functools.lru_cache(1024)
def _household(address: str) -> str:
    """Return what is counted together: one IPv4 address, or the 64 bits of IPv6 that one household gets."""
    try:
        place = ip_address(address)
    except ValueError:
        return "?"
    return address if place.version == 4 else str(IPv6Network((int(place) >> 64 << 64, 64)))


@dataclass(frozen=True)
class Limits:
    """What is counted, and for whom. An installation without providers serves its own machine without limits."""

    buckets: dict[Counted, Buckets]
    known: Known
    settings: IdentitySettings
    cookie: str

    @classmethod
    def of(cls, settings: IdentitySettings, known: Known, cookie: str, clock: Callable[[], float]) -> Limits:
        """Return the limits that the settings say."""
        rates: Rates = settings.rates
        numbers = (rates.reads, rates.writes, rates.uploads, rates.sign_ins, rates.pieces)
        buckets = {kind: Buckets(number, clock) for kind, number in zip(Counted, numbers, strict=True)}
        return cls(buckets, known, settings, cookie)

    def wait(self, scope: Scope) -> int:
        """Count a request: 0 when it may be answered, else in how many seconds the next one may come."""
        kind = counted_as(scope["method"], scope["path"])
        client = scope.get("client")
        peer = client[0] if client else ""
        if kind is None or (not self.settings.providers and _is_loopback(peer)):
            return 0
        request = HTTPConnection(scope)
        shown = shown_by(request, self.cookie)
        holder = self.known.holder(shown.secret) if shown else None
        if holder == OPERATOR:
            return 0
        if holder is None or kind is Counted.SIGN_IN:
            forwarded = request.headers.getlist("x-forwarded-for")
            holder = _household(address_of(peer, forwarded, self.settings.trusted_proxies))
        return self.buckets[kind].take(holder)


@functools.lru_cache(1024)
def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


Refuse = Callable[[Request, Exception], Awaitable[Response]]


class Limiting:
    """ASGI middleware. `refuse` answers a Refused as the rest of the application does."""

    def __init__(self, app: ASGIApp, limits: Limits, refuse: Refuse) -> None:
        self._app, self._limits, self._refuse = app, limits, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = self._limits.wait(scope) if scope["type"] == "http" else 0
        if not seconds:
            await self._app(scope, receive, send)
            return
        advice = f"Please come again in {seconds} {'second' if seconds == 1 else 'seconds'}."
        response = await self._refuse(Request(scope, receive), Refused(429, "Too many requests", advice))
        response.headers["Retry-After"] = str(seconds)
        await response(scope, receive, send)
