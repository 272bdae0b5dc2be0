"""The open streams of this process: what they read from, their heartbeats, their end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from erc.events.channel import Channel
from erc.events.errors import Unavailable
from erc.events.hub import Hub
from erc.events.pull import Message
from erc.gateway.auth import Principal
from erc.gateway.streaming.filters import Filter
from erc.gateway.streaming.response import Open
from erc.gateway.streaming.rights import Load, Rights
from erc.gateway.streaming.told import Told

log = logging.getLogger("erc.gateway")

PARTS = 10
EVENT_SUBJECTS = ("erc.event.compendium.>", "erc.event.job.>")

GoodLinks = Callable[[Collection[str]], Awaitable[dict[str, str]]]
"""Returns which of these public links are good, and the compendium that each opens."""


@dataclass(frozen=True)
class Pace:
    """A heartbeat goes out this often; a reader that does not take a piece for `patience_seconds` is cut."""

    heartbeat_seconds: float = 10.0
    patience_seconds: float = 15.0


@dataclass(frozen=True)
class Entrance:
    """How somebody came in: who they were then, and the session they showed, if one."""

    principal: Principal
    session: str | None = None


class Streams:
    """What every stream of this process shares."""

    def __init__(
        self,
        hub: Hub,
        load: Load,
        sessions: Callable[[Collection[str]], Awaitable[dict[str, Principal]]],
        pace: Pace = Pace(),
        links: GoodLinks | None = None,
    ) -> None:
        self._sessions, self._links, self.pace = sessions, links, pace
        self.rights = Rights(load)
        self.events = hub.tail("EVENTS", EVENT_SUBJECTS, self._read_events)
        self.logs = hub.tail("LOGS", ("erc.log.>",), _read_nothing)
        self._epoch = 0
        self.channels: dict[tuple[Principal, Filter], Channel] = {}
        """The readers of everything, by who they are and what they want."""
        self._open: set[Open] = set()
        self._entered = 0
        self._beating: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self._open)

    @contextlib.contextmanager
    def entered(self, reader: Open) -> Iterator[None]:
        """Count a stream as open: give it heartbeats, and its end with the process, the session or its patience."""
        self._open.add(reader)
        self._entered += 1
        reader.part = self._entered % PARTS
        if self._closed:
            reader.end()
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._open.discard(reader)

    def end(self) -> None:
        """End every stream now and each that is opened later; the process ends."""
        self._closed = True
        for reader in self._open:
            reader.end()

    async def ask_again(self) -> None:
        """End now the streams of those whose session is over or whose rights changed, without waiting for a beat."""
        await self._end_those_signed_out([*self._open])

    async def close(self) -> None:
        """End everything and read the streams no longer."""
        self.end()
        if self._beating is not None:
            self._beating.cancel()
        await self.events.close()
        await self.logs.close()

    # ------------------------------------------------------------------------------------------ what is read

    async def _read_events(self, messages: Sequence[Message]) -> None:
        if self._epoch != self.events.epoch:
            self._epoch = self.events.epoch
            self.rights.forget()
        wanted, changed = set(), set()
        for message in messages:
            told = message.told = Told(message, self.events.incarnation)
            wanted.add(told.compendium)
            if told.aggregate == "compendium":
                changed.add(told.compendium)
        await self.rights.know(wanted, changed)

    # ------------------------------------------------------------------------------------------ heartbeats

    async def _beat(self) -> None:
        """Let every stream have its heartbeat, a part of them at a time, so that no moment is crowded."""
        part = 0
        while self._open and not self._closed:
            await asyncio.sleep(self.pace.heartbeat_seconds / PARTS)
            part = (part + 1) % PARTS
            due = [reader for reader in self._open if reader.part == part]
            await self._end_those_signed_out(due)
            for reader in due:
                reader.beat = True
                reader.wake()
            self._cut_those_who_do_not_read()

    def _cut_those_who_do_not_read(self) -> None:
        now = asyncio.get_running_loop().time()
        for reader in [*self._open]:
            if reader.sending_since is not None and now - reader.sending_since > self.pace.patience_seconds:
                log.info("A reader of events is cut: it has not read for %s s", self.pace.patience_seconds)
                reader.cut_off()

    async def _end_those_signed_out(self, readers: Collection[Open]) -> None:
        await self._end_those_whose_link_is_over(readers)
        entrances = {reader: reader.entrance for reader in readers if isinstance(reader.entrance, Entrance)}
        shown = {entrance.session for entrance in entrances.values() if entrance.session}
        try:
            known = await self._sessions(shown) if shown else {}
        except Unavailable:
            return
        for reader, entrance in entrances.items():
            if entrance.session and known.get(entrance.session) != entrance.principal:
                reader.end()

    async def _end_those_whose_link_is_over(self, readers: Collection[Open]) -> None:
        entrances = {reader: reader.entrance for reader in readers if isinstance(reader.entrance, Entrance)}
        shown = {entrance.principal.link for entrance in entrances.values() if entrance.principal.link}
        if not shown or self._links is None:
            return
        try:
            good = await self._links(shown)
        except Unavailable:
            return
        for reader, entrance in entrances.items():
            if entrance.principal.link and good.get(entrance.principal.link) != entrance.principal.opens:
                reader.end()


async def _read_nothing(_messages: Sequence[Message]) -> None:
    """Chunks of logs need no preparation."""
