"""What is seen of a request: the trace that it belongs to, how long it took, who is reading a stream of events."""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Iterable, Iterator
from typing import Self

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.events import logs, metrics, trace

log = logging.getLogger("erc.gateway")

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_READING = {"GET", "HEAD", "OPTIONS"}
_THING = re.compile(r"/(?:api/v1/)?(compendium|job|shipment)/([0-9a-z]{1,31})(?:/|$)", re.ASCII)
"""What a line of the log is about. The id of a public link has 32 characters and is never written down."""
_STREAM, _FORM = b"text/event-stream", b"multipart/form-data"


class Telemetry:
    """ASGI middleware around a whole application. It never reads a body and never names an id in a label."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with (
            trace.span(scope["method"], "server", _origin(scope)),
            logs.about(dict(_ids(scope["path"]))),
            _Exchange(scope, receive, send) as exchange,
        ):
            await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer, as they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._begun, self._status, self._streams = time.perf_counter(), 0, False
        self._receiving = _header(scope["headers"], b"content-type").lower().startswith(_FORM)
        self.receive = self._counting if self._receiving else receive

    def __enter__(self) -> Self:
        if self._receiving:
            metrics.UPLOADS.inc()
        return self

    def __exit__(self, *_: object) -> None:
        self._received()
        if self._streams:
            metrics.SSE.labels(self._route()).dec()
        else:
            self._observe()

    async def _counting(self) -> Message:
        """Pass on what comes in, and count a form's bytes."""
        message = await self._receive()
        if self._receiving:
            metrics.UPLOAD_BYTES.inc(len(message.get("body", b"")))
            if not message.get("more_body", False):
                self._received()
        return message

    async def send(self, message: Message) -> None:
        """Pass on what goes out, with the id of the trace."""
        if message["type"] == "http.response.start":
            said = message.get("headers", [])
            if place := trace.traceparent():
                message["headers"] = [*said, (b"traceresponse", place.encode())]
            self._status = message["status"]
            if _header(said, b"content-type").startswith(_STREAM) and not self._streams:
                self._streams = True
                metrics.SSE.labels(self._route()).inc()
                self._observe()
        await self._send(message)

    def _received(self) -> None:
        if self._receiving:
            self._receiving = False
            metrics.UPLOADS.dec()

    def _observe(self) -> None:
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        route, status = self._route(), self._status or 500
        seconds = time.perf_counter() - self._begun
        _measured(method, route, status).observe(seconds)
        level = logging.DEBUG if method in _READING and status < 500 else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s %s: %d after %.3f s", method, route, status, seconds)
        trace.note(f"{method} {route}", {"http.route": route, "http.response.status_code": status})

    def _route(self) -> str:
        """Return the template of the route, such as `/api/v1/job/{id}`."""
        route = self._scope.get("route")
        return getattr(route, "path_format", None) or getattr(route, "path", None) or "none"


@functools.cache
def _measured(method: str, route: str, status: int) -> Histogram:
    """Return the histogram of these labels, which are few."""
    return metrics.HTTP.labels(method, route, status)


def _origin(scope: Scope) -> trace.Trace | None:
    """Return the place that the caller names; two of them are none, as the standard asks."""
    named = [value for name, value in scope["headers"] if name == b"traceparent"]
    return trace.Trace.parse(named[0].decode("latin-1")) if len(named) == 1 else None


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def _ids(path: str) -> Iterator[tuple[str, str]]:
    if found := _THING.match(path):
        yield f"{found[1]}_id", found[2]
