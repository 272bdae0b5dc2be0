"""What guards every request of the pages and the API: known hosts, same-origin writes, security headers."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.gateway.errors import problem_response
from erc.gateway.files.headers import user_content
from erc.gateway.settings import LOOPBACK, GatewaySettings
from erc.schemas.problem import Problem

SAFE = {"GET", "HEAD", "OPTIONS"}
_LONGEST_HOST = 300
"""A name has at most 253 characters; a port comes behind it."""
UNKNOWN_HOST = Problem(
    code="unknown_host",
    title="Invalid host header",
    detail="The service is not known under this name. Its names are set by GATEWAY_PUBLIC_URL and GATEWAY_HOSTS.",
)
NUL_IN_PATH = Problem(code="http_404", title="Not found", detail="The address holds a NUL.")
NUL_IN_QUERY = Problem(code="http_400", title="The address cannot be read", detail="It holds a NUL.")
CROSS_ORIGIN = Problem(
    code="cross_origin",
    title="Requests from other sites are refused",
    detail="Send it from a page of this service, or with a token instead of a cookie.",
)


def allowed_hosts(settings: GatewaySettings, address: str) -> list[str]:
    """Return the names under which this service may be asked: that of its address, loopback, and those of settings."""
    named = {urlsplit(address).hostname or "", settings.host, *LOOPBACK, *settings.hosts}
    return sorted(named - {""})


class Protection:
    """ASGI middleware of the pages and the API.

    `content_url` may be framed and shown as images; nothing else from elsewhere may. `public_url` is the one origin
    that may write with a cookie.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], public_url: str, content_url: str) -> None:
        self._app, self._hosts, self._public = app, frozenset(hosts), urlsplit(public_url)
        said = {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {content_url}; "
                f"font-src 'self'; connect-src 'self'; frame-src {content_url}; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        } | transport_security(public_url)
        self._headers = Added(said | {"Cache-Control": "private, no-store"})
        self._static = Added(said | {"Cache-Control": "public, max-age=300"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = (self._static if scope["path"].startswith("/static/") else self._headers).to(send)
        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, guarded)
        else:
            status, problem = refused
            await problem_response(status, problem)(scope, receive, guarded)

    def _refused(self, scope: Scope) -> tuple[int, Problem] | None:
        if not known_host(scope, self._hosts):
            return 400, UNKNOWN_HOST
        if "\0" in scope["path"]:
            return 404, NUL_IN_PATH
        if b"%00" in scope["query_string"]:
            return 400, NUL_IN_QUERY
        if scope["method"] not in SAFE and not self._may_write(Headers(scope=scope)):
            return 403, CROSS_ORIGIN
        return None

    def _may_write(self, headers: Headers) -> bool:
        """Return whether a write comes from our own pages, or carries nothing that a browser adds by itself."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is None and origin is None:
            bearer = headers.get("authorization", "").lower().startswith("bearer ")
            return bearer or "cookie" not in headers
        if site is not None and site not in {"same-origin", "none"}:
            return False
        return origin is None or self._ours(origin, headers.get("host", ""))

    def _ours(self, origin: str, host: str) -> bool:
        asked = urlsplit(origin)
        if asked.netloc != host:
            return (asked.scheme, asked.netloc) == (self._public.scheme, self._public.netloc)
        return asked.scheme == self._public.scheme or asked.hostname != self._public.hostname


class Sandboxed:
    """ASGI middleware of the content origin: whatever it answers is user content, and nobody is known there."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], public_url: str) -> None:
        self._app, self._hosts = app, frozenset(hosts)
        said = {"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "private, no-store"}
        self._headers = Added(user_content(public_url) | said | transport_security(public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = self._headers.to(send)
        if known_host(scope, self._hosts):
            await self._app(scope, receive, guarded)
        else:
            await problem_response(400, UNKNOWN_HOST)(scope, receive, guarded)


def known_host(scope: Scope, hosts: Collection[str]) -> bool:
    """Return whether a request names one of these hosts, whatever the port."""
    named = [value for name, value in scope["headers"] if name == b"host"]
    return len(named) == 1 and len(named[0]) <= _LONGEST_HOST and _name(named[0]) in hosts


@functools.lru_cache(256)
def _name(said: bytes) -> str:
    """Return the name in a Host header."""
    host = said.decode("latin-1").lower()
    return host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]


def transport_security(public_url: str) -> dict[str, str]:
    """Return the header that keeps browsers on HTTPS, where the service is reached by it."""
    return {"Strict-Transport-Security": "max-age=31536000"} if public_url.startswith("https:") else {}


class Added:
    """Headers for answers that have none of their names."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._names = frozenset(name for name, _ in self._headers)

    def to(self, send: Send) -> Send:
        """Return a `send` that adds them."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.get("headers", [])
                there = self._names.intersection([name for name, _ in said])
                more = [one for one in self._headers if one[0] not in there] if there else self._headers
                message["headers"] = [*said, *more]
            await send(message)

        return sending
