"""The stream of everything: events of compendia and jobs, each shown to those who may see it and asked for it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field

from erc.events.channel import Channel, Take
from erc.events.pull import Message
from erc.gateway.auth import Principal
from erc.gateway.errors import Refused
from erc.gateway.store.visibility import Seen
from erc.gateway.streaming.cursor import Cursor
from erc.gateway.streaming.filters import Filter
from erc.gateway.streaming.response import Open
from erc.gateway.streaming.rights import Unknown, may_see
from erc.gateway.streaming.streams import Streams
from erc.gateway.streaming.told import Told, frame

OPENING = b":\n\n"


@dataclass(frozen=True)
class Begin:
    """Where a reader begins, and whether what is before has been lost to it."""

    cursor: Cursor
    reset: bool = False


async def begin(streams: Streams, asked: Cursor | None, *, from_the_beginning: bool) -> Begin:
    """Decide where a reader of everything begins: behind the id it showed, at the beginning, or now.

    Raises Refused (503) when the streams cannot be read.
    """
    tail = streams.events
    now = Cursor(tail.incarnation, tail.position)
    if asked is None and not from_the_beginning:
        return Begin(now)
    if asked and asked.incarnation == tail.incarnation and tail.covers(asked.event):
        return Begin(asked)
    stream = await tail.about()
    if stream.incarnation != tail.incarnation:
        raise Refused(503, "The service is not available", "The stream of events was made anew. Please try again.")
    asked = asked or now.at(event=0)
    if asked.incarnation != tail.incarnation or asked.event > stream.last:
        return Begin(now, reset=True)
    if asked.event + 1 < stream.first:
        return Begin(asked.at(event=stream.first - 1), reset=True)
    return Begin(asked)


@dataclass
class Everything:
    """One reader of everything."""

    streams: Streams
    principal: Principal
    filter: Filter
    start: Begin
    reader: Open
    _place: int = field(init=False, default=0)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield bytes for the reader until it is over. Raises Unavailable, after which it resumes."""
        tail = self.streams.events
        yield OPENING
        if self.start.reset:
            yield reset(self.start.cursor, self.filter.snapshot)
        self._place, epoch = self.start.cursor.event, tail.epoch
        if self.start.cursor.incarnation != tail.incarnation:
            epoch = -1
        with shared(self.streams, self.principal, self.filter) as channel, _reads(channel, self.reader):
            while not self.reader.over:
                if epoch != tail.epoch:
                    epoch, self._place = tail.epoch, tail.position
                    yield reset(self._cursor(), self.filter.snapshot)
                async for chunk in self._news(channel):
                    yield chunk
                if epoch == tail.epoch and self._place >= channel.last:
                    await self.reader.wait()
                    if epoch == tail.epoch and self.reader.beat:
                        yield self._beat(channel)

    def _beat(self, channel: Channel) -> bytes:
        """Return a heartbeat; it moves the place of a reader for whom there was nothing."""
        self.reader.beat = False
        if self._place < channel.last:
            return OPENING
        self._place = max(self._place, channel.checked)
        return b":\nid: %b\n\n" % str(self._cursor()).encode()

    def _cursor(self) -> Cursor:
        return Cursor(self.streams.events.incarnation, self._place)

    async def _news(self, channel: Channel) -> AsyncIterator[bytes]:
        """Yield what is new: from the shared log, from the stream where that does not reach back far enough."""
        tail = self.streams.events
        try:
            found = channel.news(self._place, tail.newer)
        except Unknown as error:
            await self.streams.rights.know({error.compendium})
            return
        if found is not None:
            data, self._place = found
            if data:
                yield data
            return
        async for messages, place in tail.behind(self._place, tail.position, self.filter.subjects):
            await self.streams.rights.know({message.told.compendium for message in messages})
            data = b"".join(filter(None, map(channel.take, messages)))
            self._place = place
            yield data or OPENING


@contextlib.contextmanager
def shared(streams: Streams, principal: Principal, wanted: Filter) -> Iterator[Channel]:
    """Yield the channel of those with the same rights who want the same."""
    key = (principal, wanted)
    channel = streams.channels.get(key)
    if channel is None:
        channel = streams.channels[key] = Channel(taker(streams, principal, wanted), streams.events.position)
        streams.events.join(channel)
    try:
        yield channel
    finally:
        if not channel.readers:
            streams.channels.pop(key, None)
            streams.events.leave(channel)


@contextlib.contextmanager
def _reads(channel: Channel, reader: Open) -> Iterator[None]:
    channel.readers.add(reader)
    try:
        yield
    finally:
        channel.readers.discard(reader)


def taker(streams: Streams, principal: Principal, wanted: Filter) -> Take:
    """Return what a message gives these readers: its frame, or None. It raises Unknown."""
    seen = streams.rights.seen
    visible: Seen | None = None

    def take(message: Message) -> bytes | None:
        nonlocal visible
        told: Told = message.told
        compendium = seen(told.compendium)
        if compendium is None:
            return None
        # What is said of a compendium as it is now holds as long as it is that very one.
        if compendium is not visible or compendium.published is not None:
            if not may_see(principal, compendium, told.time):
                return None
            visible = compendium
        return told.frame if wanted.wants(told, compendium.now.owner) else None

    return take


def reset(cursor: Cursor, snapshot: str) -> bytes:
    """Return the event that says: what is before this place cannot be told, look at the state instead."""
    return frame(str(cursor), "reset", json.dumps({"snapshot": snapshot}).encode())
