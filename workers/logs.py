"""The log of a step: published live in chunks, kept whole as a blob when the step ends."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import io
from collections import deque
from typing import Protocol

from erc.events.blobs import BlobStore
from erc.events.errors import Unavailable
from erc.schemas.ids import Digest

FLUSH_SECONDS = 0.1
CHUNK_CHARACTERS = 32_768
TAIL_BYTES = 1 << 16


class Chunks(Protocol):
    """Where the live log goes."""

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        """Publish one chunk; raises Unavailable."""
        ...


class StepLog:
    """Collects what a step says, at most `limit_bytes` of it; bytes that are no UTF-8 are replaced.

    Memory: what is kept, once as bytes, and what is not published yet, however many writes it came in.
    """

    def __init__(self, chunks: Chunks, job_id: str, step: str, attempt: int, limit_bytes: int) -> None:
        self._chunks, self._job_id, self._step, self._attempt = chunks, job_id, step, attempt
        self._limit, self._said_bytes, self._truncated = limit_bytes, 0, False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept = bytearray()
        self._full: deque[str] = deque()
        self._open, self._open_characters = io.StringIO(), 0
        self._number = 0
        self._flushing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def write(self, piece: bytes) -> None:
        """Add bytes; they are published within a tenth of a second."""
        room = self._limit - self._said_bytes
        if room <= 0:
            self._truncate()
            return
        self._said_bytes += len(piece)
        self._add(self._decoder.decode(piece[:room]))
        if len(piece) > room:
            self._truncate()
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.ensure_future(self._flush_soon())

    def _truncate(self) -> None:
        if not self._truncated:
            self._truncated = True
            self._add(f"\n[The log is cut here: it is longer than {self._limit} bytes.]\n")

    def _add(self, text: str) -> None:
        clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        self._kept += clean.encode()
        for begin in range(0, len(clean), CHUNK_CHARACTERS):
            piece = clean[begin : begin + CHUNK_CHARACTERS]
            if self._open_characters + len(piece) > CHUNK_CHARACTERS:
                self._close_chunk()
            self._open.write(piece)
            self._open_characters += len(piece)

    def _close_chunk(self) -> None:
        if self._open_characters:
            self._full.append(self._open.getvalue())
            self._open, self._open_characters = io.StringIO(), 0

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        with contextlib.suppress(Unavailable):
            await self._flush()

    async def _flush(self) -> None:
        async with self._lock:
            self._close_chunk()
            while self._full:
                await self._chunks.publish(self._job_id, self._step, self._attempt, self._number + 1, self._full[0])
                self._number += 1
                self._full.popleft()

    async def close(self, blobs: BlobStore) -> tuple[Digest | None, int]:
        """Publish the rest, keep the whole; return its blob (None when nothing was said) and the number of chunks.

        Raises Unavailable when either cannot be done.
        """
        if self._flushing is not None:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
        self._add(self._decoder.decode(b"", final=True))
        await self._flush()
        if not self._kept:
            return None, 0
        return await asyncio.to_thread(blobs.put, bytes(self._kept)), self._number

    def text(self) -> str:
        """Return what was said so far."""
        return self._kept.decode()

    def tail(self, lines: int = 20) -> str:
        """Return the last lines, of at most `TAIL_BYTES`."""
        return "\n".join(self._kept[-TAIL_BYTES:].decode(errors="replace").splitlines()[-lines:])
