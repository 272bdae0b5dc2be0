"""The newest part of a stream, shared by all its readers: one consumer a process and stream, readers are places in it.

A `Tail` follows its stream for ever: over restarts of NATS, over a consumer that was deleted, over a stream that was
lost and made anew (a new `epoch`: places of the old one mean nothing any more). What a reader wants that is not kept
here any more is read from the stream by pull batches. Memory is bounded however slow a reader is.
"""

from __future__ import annotations

import asyncio
import bisect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from nats.aio.client import Client
from nats.errors import Error as NatsError

from erc.events.channel import Channel, Reader
from erc.events.errors import Unavailable
from erc.events.pull import About, Message, Pull, about, last_of

log = logging.getLogger("erc.hub")

KEPT = 4096
KEPT_BYTES = 8 << 20
READY_SECONDS = 5.0
_REPLAYS = 64
_LONGEST_PAUSE_SECONDS = 2.0

Read = Callable[[Sequence[Message]], Awaitable[None]]
"""Prepares messages for the readers, who see them after it; raises Unavailable to be asked again."""


class Tail:
    """The newest messages of a stream, at most `KEPT` and `KEPT_BYTES`, and who waits for the next ones."""

    def __init__(self, client: Client, stream: str, subjects: Sequence[str], read: Read) -> None:
        self._client, self.stream, self.subjects, self._read = client, stream, tuple(subjects), read
        self.incarnation, self.epoch, self.position = "", 0, 0
        self._kept: list[Message] = []
        self._kept_bytes, self._since = 0, 0
        self._channels: set[Channel] = set()
        self._waiting: dict[str, set[Reader]] = {}
        self._known, self._replays = asyncio.Event(), asyncio.Semaphore(_REPLAYS)
        self._running: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------ readers

    async def ready(self) -> None:
        """Begin to follow the stream, at the first call. Raises Unavailable when it cannot be seen soon."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._known.wait()
        except TimeoutError as error:
            raise Unavailable(f"The stream {self.stream} cannot be read") from error

    def join(self, channel: Channel) -> None:
        """Push the new messages to a channel too."""
        self._channels.add(channel)

    def leave(self, channel: Channel) -> None:
        """Forget a channel."""
        self._channels.discard(channel)

    def watch(self, key: str, reader: Reader) -> None:
        """Wake the reader at each message with this key."""
        self._waiting.setdefault(key, set()).add(reader)

    def unwatch(self, key: str, reader: Reader) -> None:
        """Forget the reader."""
        readers = self._waiting.get(key, set())
        readers.discard(reader)
        if not readers:
            self._waiting.pop(key, None)

    def covers(self, place: int) -> bool:
        """Return whether everything after this place is kept here."""
        return self._since <= place <= self.position

    def newer(self, place: int) -> Sequence[Message] | None:
        """Return the messages after a place, or None when they are not all kept here."""
        if not self.covers(place):
            return None
        return self._kept[bisect.bisect_right(self._kept, place, key=_sequence) :]

    async def about(self) -> About:
        """Ask the stream what it is now. Raises Unavailable."""
        return await about(self._client, self.stream)

    async def last_of(self, subject: str) -> int | None:
        """Return the place of the last message of a subject, or None. Raises Unavailable."""
        return await last_of(self._client, self.stream, subject)

    async def behind(
        self, place: int, upto: int, subjects: Sequence[str] = ()
    ) -> AsyncIterator[tuple[Sequence[Message], int]]:
        """Yield the messages after `place` up to `upto` in batches, each with the place behind it.

        Raises Unavailable, also when the stream is made anew meanwhile. A slow caller costs one batch of memory.
        """
        if place >= upto:
            return
        if upto <= self.position and (kept := self.newer(place)) is not None:
            yield [message for message in kept if message.sequence <= upto], upto
            return
        epoch = self.epoch
        async with self._replays, Pull(self._client, self.stream, subjects or self.subjects, place) as pull:
            more = pull.pending > 0
            while more:
                messages = await pull.batch()
                more = messages[-1].pending > 0 and messages[-1].sequence < upto
                messages = [message for message in messages if message.sequence <= upto]
                await self._read(messages)
                if epoch != self.epoch:
                    raise Unavailable(f"The stream {self.stream} was made anew")
                if messages:
                    yield messages, messages[-1].sequence if more else upto
        yield [], upto

    async def close(self) -> None:
        """Follow the stream no longer."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    # ------------------------------------------------------------------------------------------ the stream

    async def _run(self) -> None:
        pause = 0.0
        while True:
            epoch, position = self.epoch, self.position
            try:
                await self._session()
            except (Unavailable, NatsError, OSError, TimeoutError) as error:
                log.warning("%s is read again in a moment: %s", self.stream, error)
            except Exception:
                log.exception("%s: unexpected", self.stream)
            pause = 0.05 if (epoch, position) != (self.epoch, self.position) else min(2 * pause + 0.05, 2.0)
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))

    async def _session(self) -> None:
        """Follow the stream from where it was left, as long as one consumer lives."""
        now = await self.about()
        anew = now.incarnation != self.incarnation or now.last < self.position
        place = max(now.first - 1, now.last - KEPT // 2, 0) if anew else self.position
        async with Pull(self._client, self.stream, self.subjects, place) as pull:
            if anew:
                await self._begin(now, place, pull)
            self._known.set()
            while True:
                messages = await pull.some()
                await self._prepared(messages)
                self._push(messages)

    async def _prepared(self, messages: Sequence[Message]) -> None:
        pause = 0.05
        while True:
            try:
                return await self._read(messages)
            except Unavailable as error:
                log.warning("%s waits: %s", self.stream, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _begin(self, now: About, place: int, pull: Pull) -> None:
        """Start at the end of a stream that was not seen before; whoever reads the old one is told by `epoch`.

        The messages from `place` on are kept from the start, for readers that come back from another process.
        """
        self.incarnation, messages = now.incarnation, list[Message]()
        while pull.pending and (not messages or (messages[-1].pending and messages[-1].sequence < now.last)):
            batch = await pull.batch()
            await self._prepared(batch)
            messages += batch
        self.epoch += 1
        self.position = max(now.last, messages[-1].sequence) if messages else now.last
        self._since, self._kept, self._kept_bytes = place, [], 0
        self._keep(messages)
        for channel in self._channels:
            channel.begin(self.position)
        for readers in [*self._waiting.values(), *(channel.readers for channel in self._channels)]:
            for reader in readers:
                reader.wake()

    def _push(self, messages: Sequence[Message]) -> None:
        self._keep(messages)
        self.position = messages[-1].sequence
        for channel in self._channels:
            channel.push(messages, self.position)
        for key in {message.key for message in messages} & self._waiting.keys():
            for reader in self._waiting[key]:
                reader.wake()

    def _keep(self, messages: Sequence[Message]) -> None:
        self._kept.extend(messages)
        self._kept_bytes += sum(len(message.body) for message in messages)
        if len(self._kept) <= KEPT and self._kept_bytes <= KEPT_BYTES:
            return
        gone = max(0, len(self._kept) - KEPT // 2)
        left = self._kept_bytes - sum(len(message.body) for message in self._kept[:gone])
        while left > KEPT_BYTES // 2:
            left -= len(self._kept[gone].body)
            gone += 1
        self._since, self._kept_bytes = self._kept[gone - 1].sequence, left
        del self._kept[:gone]


def _sequence(message: Message) -> int:
    return message.sequence


class Hub:
    """The tails of this process's connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def tail(self, stream: str, subjects: Sequence[str], read: Read) -> Tail:
        """Return a tail of the messages with these subjects; it begins with its first `ready`."""
        return Tail(self._client, stream, subjects, read)

    async def about(self, stream: str) -> About:
        """Return what a stream is now. Raises Unavailable."""
        return await about(self._client, stream)
