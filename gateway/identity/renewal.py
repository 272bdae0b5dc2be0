"""ASGI middleware that gives a browser a new cookie after the level of its account changed."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.events.errors import Unavailable

_STATE = "session_to_renew"


def to_be_renewed(connection: HTTPConnection, secret: str) -> None:
    """Note that the answer should bring a new cookie for this session."""
    connection.scope.setdefault("state", {})[_STATE] = secret


class Renewal:
    """`renew` gives the session of a cookie a new one, or None; `set_cookie` makes the header of it."""

    def __init__(
        self,
        app: ASGIApp,
        renew: Callable[[str], Awaitable[str | None]],
        set_cookie: Callable[[str], str],
    ) -> None:
        self._app, self._renew, self._set_cookie = app, renew, set_cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(name == b"cookie" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def renewed(message: Message) -> None:
            old = state.pop(_STATE, None) if message["type"] == "http.response.start" else None
            headers = MutableHeaders(scope=message) if old else None
            if old and headers is not None and "set-cookie" not in headers:
                with contextlib.suppress(Unavailable):
                    new = await self._renew(old)
                    if new:
                        headers.append("set-cookie", self._set_cookie(new))
            await send(message)

        await self._app(scope, receive, renewed)
