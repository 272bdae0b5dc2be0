"""What guards every request of the pages and the API: known hosts, same-origin writes, security headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.gateway.errors import problem_response
from erc.schemas.problem import Problem

SAFE = {"GET", "HEAD", "OPTIONS"}


class Protection:
    """ASGI middleware. `content_url` may be framed and shown as images; nothing else from elsewhere may."""

    def __init__(self, app: ASGIApp, content_url: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {content_url}; "
                f"font-src 'self'; connect-src 'self'; frame-src {content_url}; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                static = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "public, max-age=300" if static else "private, no-store")
            await send(message)

        if "\0" in scope["path"]:
            problem = Problem(code="http_404", title="Not found", detail="The address holds a NUL.")
            await problem_response(404, problem)(scope, receive, guarded)
            return
        if scope["method"] not in SAFE and not same_origin(Headers(scope=scope)):
            problem = Problem(code="cross_origin", title="Requests from other sites are refused")
            await problem_response(403, problem)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def same_origin(headers: Headers) -> bool:
    """Return whether a write comes from our own pages or from no browser at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
