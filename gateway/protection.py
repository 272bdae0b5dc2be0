"""What guards every request of the pages and the API: known hosts, same-origin writes, security headers."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.gateway.errors import problem_response
from erc.gateway.files.headers import user_content
from erc.gateway.settings import LOOPBACK, GatewaySettings
from erc.schemas.problem import Problem

SAFE = {"GET", "HEAD", "OPTIONS"}


def allowed_hosts(settings: GatewaySettings, address: str) -> list[str]:
    """Return the names under which this service may be asked: that of its address, loopback, and those of settings."""
    named = {urlsplit(address).hostname or "", settings.host, *LOOPBACK, *settings.hosts}
    return sorted(named - {""})


class Protection:
    """ASGI middleware of the pages and the API.

    `content_url` may be framed and shown as images; nothing else from elsewhere may. `public_url` is the one origin
    that may write with a cookie.
    """

    def __init__(self, app: ASGIApp, public_url: str, content_url: str) -> None:
        self._app, self._public = app, urlsplit(public_url)
        self._headers = {
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")
        cached = {"Cache-Control": "public, max-age=300" if static else "private, no-store"}
        guarded = with_headers(send, self._headers | cached)
        if "\0" in scope["path"]:
            problem = Problem(code="http_404", title="Not found", detail="The address holds a NUL.")
            await problem_response(404, problem)(scope, receive, guarded)
            return
        if b"%00" in scope["query_string"]:
            problem = Problem(code="http_400", title="The address cannot be read", detail="It holds a NUL.")
            await problem_response(400, problem)(scope, receive, guarded)
            return
        if scope["method"] not in SAFE and not self._may_write(Headers(scope=scope)):
            problem = Problem(
                code="cross_origin",
                title="Requests from other sites are refused",
                detail="Send it from a page of this service, or with a token instead of a cookie.",
            )
            await problem_response(403, problem)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

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

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._headers = user_content(public_url) | {
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "private, no-store",
        }
        self._headers |= transport_security(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, with_headers(send, self._headers) if scope["type"] == "http" else send)


def transport_security(public_url: str) -> dict[str, str]:
    """Return the header that keeps browsers on HTTPS, where the service is reached by it."""
    return {"Strict-Transport-Security": "max-age=31536000"} if public_url.startswith("https:") else {}


def with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Return a `send` that adds these headers to an answer that has none of their names."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = MutableHeaders(scope=message)
            for name, value in headers.items():
                there.setdefault(name, value)
        await send(message)

    return sending
