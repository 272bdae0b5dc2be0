"""The stream of one job: its events merged with its log, to its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from erc.events.hub import Tail
from erc.events.pull import Message
from erc.gateway.auth import Principal
from erc.gateway.streaming.cursor import Cursor
from erc.gateway.streaming.everything import OPENING, Begin, reset
from erc.gateway.streaming.response import Open
from erc.gateway.streaming.rights import Unknown, may_see
from erc.gateway.streaming.streams import Streams
from erc.gateway.streaming.told import Told, frame
from erc.schemas.job import Job

LAST_WORDS_SECONDS = 0.25
"""So long a job that was cancelled may still speak: its end does not wait for the step that is being stopped."""
LOOK_SECONDS = 5.0
"""So often a reader looks whether the terminal event of a job that has ended is still on its way."""
GAP = "\n[A part of this log is not kept as a stream any more; the whole log is at /api/v1/job/{job}/log/{step}]\n"

Waits = Callable[[str], Awaitable[bool]]
"""Tells whether an event of this job is not published yet."""


async def begin(streams: Streams, asked: Cursor | None) -> Begin:
    """Decide where a reader of a job begins: behind the id it showed, or at the job's beginning. Raises Unavailable."""
    incarnation = merged_incarnation(streams)
    start = Cursor(incarnation, 0, 0)
    if asked is None:
        return Begin(start)
    if asked.incarnation != incarnation:
        return Begin(start, reset=True)
    for tail, place in ((streams.events, asked.event), (streams.logs, asked.log or 0)):
        if place and not tail.covers(place):
            stream = await tail.about()
            if stream.incarnation != tail.incarnation or place > stream.last or place + 1 < stream.first:
                return Begin(start, reset=True)
    return Begin(asked)


def merged_incarnation(streams: Streams) -> str:
    """Return the incarnation of the stream that a job's events and log make together."""
    return f"{streams.events.incarnation}z{streams.logs.incarnation}"


@dataclass
class JobStream:
    """One reader of a job."""

    streams: Streams
    principal: Principal
    job: Job
    start: Begin
    reader: Open
    waits: Waits
    _place: Cursor = field(init=False)
    _end: Message | None = field(init=False, default=None)
    _hidden: bool = field(init=False, default=False)
    """Whether the job ended before its compendium was published to this reader."""
    _chunks: dict[str, tuple[int, int]] = field(init=False, default_factory=dict)
    """The last attempt and chunk of each step that was met."""

    def __post_init__(self) -> None:
        self._place = self.start.cursor

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield bytes for the reader until the job ends or the reader is over. Raises Unavailable, then it resumes."""
        yield OPENING
        if self.start.reset:
            yield self._reset()
        with _watching(self.streams, self.job.id, self.reader):
            current = self._place.incarnation == merged_incarnation(self.streams)
            epochs = self._epochs() if current else (-1, -1)
            while not self.reader.over:
                if epochs != self._epochs():
                    epochs, self._place = self._epochs(), Cursor(merged_incarnation(self.streams), 0, 0)
                    self._chunks.clear()
                    yield self._reset()
                async for chunk in self._news():
                    yield chunk
                if self._over():
                    async for chunk in self._to_the_end():
                        yield chunk
                    return
                if epochs == self._epochs() and not self._behind():
                    await self.reader.wait()
                    yield self._beat()

    def _epochs(self) -> tuple[int, int]:
        return self.streams.events.epoch, self.streams.logs.epoch

    def _behind(self) -> bool:
        events, logs = self.streams.events.position, self.streams.logs.position
        return self._place.event < events or (self._place.log or 0) < logs

    def _over(self) -> bool:
        return self._end is not None or self._hidden or self.job.terminal

    def _reset(self) -> bytes:
        return reset(self._place, f"/api/v1/job/{self.job.id}?steps=all")

    def _beat(self) -> bytes:
        if not self.reader.beat:
            return b""
        self.reader.beat = False
        return b":\nid: %b\n\n" % str(self._place).encode()

    # ------------------------------------------------------------------------------------------ live

    async def _news(self) -> AsyncIterator[bytes]:
        async for chunk in self._events(self.streams.events.position):
            yield chunk
        async for chunk in self._log(self.streams.logs.position):
            yield chunk

    async def _events(self, upto: int) -> AsyncIterator[bytes]:
        """Yield the job's events up to a place; keep its end for later."""
        tail = self.streams.events
        async for messages, place in tail.behind(self._place.event, upto, (f"erc.event.job.{self.job.id}.>",)):
            mine = [message for message in messages if message.key == self.job.id]
            frames = []
            for message in mine:
                told: Told = message.told
                visible = await self._may_see(told.compendium, told.time())
                if told.kind == "job.ended":
                    # The place stays before it: whoever is cut off in the log that follows must get it later.
                    self._end, self._hidden = message, not visible
                    self._place = self._place.at(event=message.sequence - 1)
                elif visible:
                    self._place = self._place.at(event=message.sequence)
                    frames.append(frame(str(self._place), "job", self._shown(message.body)))
            if self._end is None:
                self._place = self._place.at(event=place)
            yield b"".join(frames)

    async def _log(self, upto: int) -> AsyncIterator[bytes]:
        """Yield the chunks of the job's log up to a place, each once, and a word where some are gone."""
        tail = self.streams.logs
        async for messages, place in tail.behind(self._place.log or 0, upto, (f"erc.log.{self.job.id}.>",)):
            frames = []
            for message in messages:
                if message.key == self.job.id and (chunk := LogChunk.read(message.body)):
                    time = datetime.fromtimestamp(message.time_ns / 1e9, UTC)
                    if await self._may_see(self.job.compendium_id, time):
                        frames += self._told(chunk, message)
            self._place = self._place.at(log=place)
            yield b"".join(frames)

    def _told(self, chunk: LogChunk, message: Message) -> list[bytes]:
        """Return the frames of a chunk: none when it was told before, one more when some before it are gone."""
        attempt, number = self._chunks.get(chunk.step, (0, 0))
        if (chunk.attempt, chunk.number) <= (attempt, number):
            return []
        expected = number + 1 if chunk.attempt == attempt else 1
        unknown = attempt == 0 and bool(self.start.cursor.log)
        missing = (
            [] if unknown or chunk.number <= expected else [self._gap(chunk.step, chunk.attempt, chunk.number - 1)]
        )
        self._chunks[chunk.step] = (chunk.attempt, chunk.number)
        self._place = self._place.at(log=message.sequence)
        return [*missing, frame(str(self._place), "log", message.body)]

    def _gap(self, step: str, attempt: int, number: int) -> bytes:
        text = GAP.format(job=self.job.id, step=step)
        body = json.dumps({"step": step, "attempt": attempt, "chunk": number, "text": text})
        return frame(str(self._place), "log", body.encode())

    def _shown(self, body: bytes) -> bytes:
        """Return an event as its reader is told it: whoever came by a link knows the compendium by the link's id."""
        link = self.principal.link
        return body.replace(self.job.compendium_id.encode(), link.encode()) if link else body

    async def _may_see(self, compendium: str, time: datetime) -> bool:
        while True:
            try:
                seen = self.streams.rights.seen(compendium)
            except Unknown:
                await self.streams.rights.know({compendium})
                continue
            return seen is not None and may_see(self.principal, seen, lambda: time, self.job.owner)

    # ------------------------------------------------------------------------------------------ the end

    async def _to_the_end(self) -> AsyncIterator[bytes]:
        """Yield what the log still holds, then the terminal event, unless the reader has had it."""
        place = self._place.event
        if self._end is None:
            async for chunk in self._late_end():
                yield chunk
        ended: dict[str, Any] = self._end.told.data if self._end else {}
        if ended.get("verdict") == "cancelled":
            await asyncio.sleep(LAST_WORDS_SECONDS)
        # A worker hands over the whole log of a step before it says that the step is over.
        async for chunk in self._log((await self.streams.logs.about()).last):
            yield chunk
        if self._end is not None and not self._hidden:
            yield self._lost(ended.get("log_chunks") or {})
            yield frame(str(self._place.at(event=self._end.sequence)), "end", self._shown(self._end.body))
        elif self._hidden or not await self._had_the_end(place):
            yield self._reset()

    async def _late_end(self) -> AsyncIterator[bytes]:
        """Wait for the end of a job whose row says that it has ended, as long as its event is on its way."""
        while self._end is None and not self.reader.over and await self._end_comes():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    while self._end is None and not self.reader.over:
                        if not self._behind():
                            await self.reader.wait()
                        async for chunk in self._news():
                            yield chunk
            yield self._beat()

    async def _end_comes(self) -> bool:
        """Tell whether the terminal event will be published, or was and has not been read."""
        if await self.waits(self.job.id):
            return True
        last = await self._last_end()
        return last is not None and last > self._place.event

    async def _last_end(self) -> int | None:
        return await self.streams.events.last_of(f"erc.event.job.{self.job.id}.ended")

    async def _had_the_end(self, place: int) -> bool:
        last = await self._last_end()
        return last is not None and last <= place

    def _lost(self, expected: dict[str, int]) -> bytes:
        """Return a word for each step whose last chunks are gone."""
        if self.start.cursor.log:
            return b""
        told = {step: self._chunks.get(step, (1, 0)) for step in expected}
        short = [step for step, number in expected.items() if told[step][1] < number]
        return b"".join(self._gap(step, told[step][0], expected[step]) for step in short)


@dataclass(frozen=True, slots=True)
class LogChunk:
    """What stands at the head of a chunk of a log."""

    step: str
    attempt: int
    number: int

    @classmethod
    def read(cls, body: bytes) -> LogChunk | None:
        """Read a chunk's head; None for what is no chunk."""
        try:
            document = from_json(body)
            return cls(str(document["step"]), int(document["attempt"]), int(document["chunk"]))
        except (ValueError, KeyError, TypeError):
            return None


@contextlib.contextmanager
def _watching(streams: Streams, job: str, reader: Open) -> Iterator[None]:
    tails: Sequence[Tail] = (streams.events, streams.logs)
    for tail in tails:
        tail.watch(job, reader)
    try:
        yield
    finally:
        for tail in tails:
            tail.unwatch(job, reader)
