"""How large a request's body may be and how long it may take: for every route, before it reads a byte."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.gateway.errors import Refused, problem_response
from erc.schemas.problem import Problem


@dataclass(frozen=True)
class BodyLimit:
    """The most bytes of a body, None where the route counts them itself, and the seconds until its last byte."""

    size_bytes: int | None
    seconds: float


SMALL = BodyLimit(1 << 20, 30)
UPLOAD = BodyLimit(None, 1800)

LIMITS: Mapping[str, BodyLimit] = {
    r"POST /api/v1/compendium": UPLOAD,
    r"POST /upload": UPLOAD,
    r"POST /api/v1/plan": BodyLimit(16 << 20, 60),
}
"""The limits of those routes that have not the usual ones, by patterns of method and path."""


_READING = {"GET", "HEAD"}
_ANNOUNCING = {b"content-length", b"transfer-encoding"}


class Bodies:
    """ASGI middleware: a body that is too large is 413, one that is too slow 408, whatever the route does with it."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, BodyLimit] = LIMITS, usual: BodyLimit = SMALL) -> None:
        self._app, self._usual = app, usual
        self._limits = [(re.compile(pattern), limit) for pattern, limit in limits.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] in _READING and not any(name in _ANNOUNCING for name, _ in scope["headers"]):
            # Nobody reads a body where none is announced.
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if limit.size_bytes is not None and announced.isdigit() and _exceeds(announced, limit):
            refused = _too_large(limit.size_bytes)
            await problem_response(refused.status, refused.problem)(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, limit), send)

    def _limit(self, scope: Scope) -> BodyLimit:
        if scope["method"] == "GET":
            return self._usual
        asked = f"{scope['method']} {scope['path']}"
        return next((limit for pattern, limit in self._limits if pattern.fullmatch(asked)), self._usual)


def _exceeds(announced: bytes, limit: BodyLimit) -> bool:
    return len(announced) > 18 or int(announced) > (limit.size_bytes or 0)


class _Counted:
    """A `receive` that raises Refused (408, 413) within the route that reads."""

    def __init__(self, receive: Receive, limit: BodyLimit) -> None:
        self._receive, self._limit = receive, limit
        self._size_bytes, self._over = 0, False
        self._deadline = asyncio.get_running_loop().time() + limit.seconds

    async def __call__(self) -> Message:
        if self._over:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self._over = True
            raise Refused(
                408, "The request came too slowly", f"It took more than {self._limit.seconds:.0f} s."
            ) from None
        self._over = not message.get("more_body", False)
        self._size_bytes += len(message.get("body", b""))
        most = self._limit.size_bytes
        if most is not None and self._size_bytes > most:
            self._over = True
            raise _too_large(most)
        return message


def _too_large(most: int) -> Refused:
    problem = Problem(code="http_413", title="The request is too large", detail=f"At most {most} bytes are read.")
    return Refused(413, problem.title, problem.detail, problem.code)
