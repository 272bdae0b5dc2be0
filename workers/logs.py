"""The log of a step: published live in chunks, kept whole as a blob when the step ends."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
from typing import Protocol

from erc.events.blobs import BlobStore
from erc.events.errors import Unavailable
from erc.schemas.ids import Digest

FLUSH_SECONDS = 0.1
CHUNK_CHARACTERS = 32_768


class Chunks(Protocol):
    """Where the live log goes."""

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        """Publish one chunk; raises Unavailable."""
        ...


class StepLog:
    """Collects what a step says, at most `limit_bytes` of it; bytes that are no UTF-8 are replaced."""

    def __init__(self, chunks: Chunks, job_id: str, step: str, attempt: int, limit_bytes: int) -> None:
        self._chunks, self._job_id, self._step, self._attempt = chunks, job_id, step, attempt
        self._limit, self._kept_bytes, self._truncated = limit_bytes, 0, False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept: list[str] = []
        self._pending = ""
        self._number = 0
        self._flushing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def write(self, piece: bytes) -> None:
        """Add bytes; they are published within a tenth of a second."""
        room = self._limit - self._kept_bytes
        if room <= 0:
            self._truncate()
            return
        self._kept_bytes += len(piece)
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
        self._kept.append(clean)
        self._pending += clean

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        with contextlib.suppress(Unavailable):
            await self._flush()

    async def _flush(self) -> None:
        async with self._lock:
            while self._pending:
                text = self._pending[:CHUNK_CHARACTERS]
                await self._chunks.publish(self._job_id, self._step, self._attempt, self._number + 1, text)
                self._number += 1
                self._pending = self._pending[len(text) :]

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
        whole = self.text()
        if not whole:
            return None, 0
        return await asyncio.to_thread(blobs.put, whole.encode()), self._number

    def text(self) -> str:
        """Return what was said so far."""
        return "".join(self._kept)

    def tail(self, lines: int = 20) -> str:
        """Return the last lines."""
        return "\n".join(self.text().splitlines()[-lines:])
