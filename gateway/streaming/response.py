"""The response that a stream of events is: ready-made bytes, cut when its reader does not take them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from erc.events.channel import Reader
from erc.events.errors import Unavailable

PIECE_BYTES = 256 << 10
"""What a reader must take within `Open.patience` seconds, or be cut: it resumes where it was."""


class Open(Reader):
    """An open stream: who reads, and since when a piece waits to be taken."""

    __slots__ = ("beat", "cut", "entrance", "part", "sending_since", "task")

    def __init__(self, entrance: object) -> None:
        super().__init__()
        self.entrance = entrance
        """How the reader came in: what is asked again at each heartbeat."""
        self.part = 0
        """Which part of the readers it belongs to: they have their heartbeats one part after the other."""
        self.beat = False
        self.cut = False
        self.sending_since: float | None = None
        self.task: asyncio.Task[None] | None = None

    def cut_off(self) -> None:
        """End a stream that is not read."""
        if self.task is not None and not self.cut:
            self.cut = True
            self.task.cancel()


class EventStream(Response):
    """An ASGI response of `text/event-stream`."""

    media_type = "text/event-stream"

    def __init__(
        self,
        reader: Open,
        chunks: AsyncGenerator[bytes],
        enter: Callable[[Open], contextlib.AbstractContextManager[None]],
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._reader, self._chunks, self._enter = reader, chunks, enter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what the stream yields until it ends, its reader goes or is cut."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await self._chunks.aclose()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        reader = self._reader
        reader.task = asyncio.current_task()
        watching = asyncio.ensure_future(_until_gone(receive, reader))
        try:
            with self._enter(reader):
                with contextlib.suppress(Unavailable):
                    await self._send_all(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            # A cut stream ends without its last chunk: the server closes the connection, the reader resumes.
            if not reader.cut:
                raise
        finally:
            watching.cancel()

    async def _send_all(self, send: Send) -> None:
        reader, clock = self._reader, asyncio.get_running_loop().time
        async with contextlib.aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                for piece in _pieces(chunk):
                    reader.sending_since = clock()
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                reader.sending_since = None


def _pieces(chunk: bytes) -> Sequence[bytes]:
    if len(chunk) <= PIECE_BYTES:
        return (chunk,) if chunk else ()
    return [chunk[begin : begin + PIECE_BYTES] for begin in range(0, len(chunk), PIECE_BYTES)]


async def _until_gone(receive: Receive, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end()
