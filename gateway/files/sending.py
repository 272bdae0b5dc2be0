"""The response that hands out a row of pieces: whole or in ranges, in flat memory, over when its reader goes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from erc.gateway.errors import problem_response
from erc.gateway.files.pieces import Chunks, Made, Piece, Reading, Row, Stored
from erc.gateway.files.ranges import Unsatisfiable, asked_ranges, range_holds, unchanged
from erc.schemas.problem import Problem


class Sent(Response):
    """Answers GET and HEAD with the bytes of a row, `If-None-Match`, `If-Range` and `Range` heeded.

    `etag` is quoted. Several ranges at once are given of a single file; of what is made up of many, all of it.
    """

    def __init__(
        self, row: Row, etag: str, media_type: str, headers: Mapping[str, str], modified: datetime | None = None
    ) -> None:
        super().__init__(headers=dict(headers), media_type=media_type)
        self.headers["ETag"] = etag
        self.headers["Accept-Ranges"] = "bytes"
        if modified:
            self.headers["Last-Modified"] = format_datetime(modified, usegmt=True)
        self._row, self._etag = row, etag

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope)
        if unchanged(asked, self._etag):
            await send_unchanged(self, send)
            return
        try:
            ranges = self._ranges(asked)
        except Unsatisfiable:
            await self._unsatisfiable()(scope, receive, send)
            return
        row, begin, end = self._narrowed(ranges)
        self.headers["content-length"] = str(end - begin)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send_chunks(Reading(row, begin, end), receive, send)

    def _ranges(self, asked: Headers) -> list[range] | None:
        wanted = asked.get("range")
        if wanted is None or not range_holds(asked, self._etag):
            return None
        ranges = asked_ranges(wanted, self._row.size_bytes)
        several = ranges is not None and len(ranges) > 1
        return None if several and self._row.path is None else ranges

    def _narrowed(self, ranges: Sequence[range] | None) -> tuple[Row, int, int]:
        """Return what is read, from where to where; the status and headers of ranges are set."""
        if ranges is None:
            return self._row, 0, self._row.size_bytes
        self.status_code = 206
        if len(ranges) == 1 or self._row.path is None:
            self.headers["Content-Range"] = _content_range(ranges[0], self._row.size_bytes)
            return self._row, ranges[0].start, ranges[0].stop
        boundary = hashlib.sha256(f"{self._etag}{ranges}".encode()).hexdigest()[:32]
        kind = self.headers["content-type"]
        row = _multipart(self._row.path, self._row.size_bytes, ranges, boundary, kind)
        self.headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
        return row, 0, row.size_bytes

    def _unsatisfiable(self) -> Response:
        problem = Problem(
            code="range", title="The range cannot be given", detail="Ask for at most five ranges within the bytes."
        )
        return problem_response(416, problem, {"Content-Range": f"bytes */{self._row.size_bytes}"})


class Streamed(Response):
    """Answers GET and HEAD with chunks whose number is not known: without length and ranges, the ETag a weak one."""

    def __init__(
        self, open_chunks: Callable[[], Chunks], etag: str, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(headers=dict(headers), media_type=media_type)
        del self.headers["content-length"]
        self.headers["ETag"] = self._etag = f"W/{etag}"
        self.headers["Accept-Ranges"] = "none"
        self._open = open_chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if unchanged(Headers(scope=scope), self._etag):
            await send_unchanged(self, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send_chunks(self._open(), receive, send)


async def send_unchanged(response: Response, send: Send) -> None:
    """Say that the asker has it already."""
    for name in ("content-length", "content-type"):
        if name in response.headers:
            del response.headers[name]
    await send({"type": "http.response.start", "status": 304, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _content_range(wanted: range, size_bytes: int) -> str:
    return f"bytes {wanted.start}-{wanted.stop - 1}/{size_bytes}"


def _multipart(path: Path, size_bytes: int, ranges: Sequence[range], boundary: str, kind: str) -> Row:
    """Return the body of several ranges of a file."""
    pieces: list[Piece] = []
    for one in ranges:
        about = f"Content-Type: {kind}\r\nContent-Range: {_content_range(one, size_bytes)}"
        pieces += [_text(f"\r\n--{boundary}\r\n{about}\r\n\r\n"), Stored(len(one), path, one.start)]
    pieces.append(_text(f"\r\n--{boundary}--\r\n"))
    return Row(sum(piece.size_bytes for piece in pieces), lambda: iter(pieces))


def _text(text: str) -> Made:
    data = text.encode("latin-1")
    return Made(len(data), lambda: data)


async def send_chunks(chunks: Chunks, receive: Receive, send: Send) -> None:
    """Send all chunks, what is in memory at once and the rest through threads; end when the reader is gone."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        while chunk := chunks.at_once() or await _read(chunks):
            if gone.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
        await asyncio.to_thread(chunks.close)


async def _read(chunks: Chunks) -> bytes:
    """Read in a thread, which uses what is open until it has ended, whatever happens here."""
    reading = asyncio.ensure_future(asyncio.to_thread(chunks.next))
    try:
        return await asyncio.shield(reading)
    finally:
        if not reading.done():
            await asyncio.wait([reading])


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
