"""Fills streams again from the event log when they were lost, cut short or damaged.

The table `event` keeps every message that was ever published, so every stream but LOGS and DEAD can be made anew. The
leading relay looks at the streams before it publishes: at its start, after each reconnection and every few seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Protocol

from erc.events.errors import Unavailable
from erc.events.relay import BATCH, Publisher, Waiting

log = logging.getLogger("erc.refill")

LOOK = timedelta(seconds=2)
THOROUGH = timedelta(seconds=60)
LOGGED = ("EVENTS", "PUBLIC")
"""Streams that hold the event log in its order, and never lose a message but by accident."""
REFILLED = ("COMMANDS", *LOGGED)
WALK = BATCH + 100
"""How many messages are read from a stream's end to find one that is marked as sent."""


@dataclass(frozen=True)
class StreamSeen:
    """A stream as it is now. `forgets` when its limits let it drop old messages."""

    name: str
    incarnation: str
    messages: int
    first_sequence: int
    last_sequence: int
    forgets: bool = False

    @property
    def damaged(self) -> bool:
        """Whether messages are missing from its middle, or from its beginning without a limit that explains it."""
        first = self.first_sequence if self.forgets else 1
        return self.messages < self.last_sequence - first + 1


@dataclass(frozen=True)
class Kept:
    """What a stream holds of the event log, by positions in the log.

    `first` is the position of its first message, None for a foreign one. `last` is that of the last message that is
    marked as sent, None when there is none. `behind` says whether unmarked messages of ours come after that one.
    `whole` says whether every message was looked at.
    """

    first: int | None
    last: int | None
    behind: bool
    whole: bool


class Remedy(Enum):
    """What a stream needs."""

    NOTHING = "nothing"
    TAIL = "the messages that its end lacks"
    ANEW = "to be made anew and filled from the beginning"


def remedy(
    seen: StreamSeen, known: str | None, kept: Kept, log_ends: tuple[int, int] | None, logged: int | None = None
) -> Remedy:
    """Return what a stream of the log needs; `known` is its incarnation of last time, `log_ends` the sent positions.

    `logged` is how many messages the log has between those that `kept` names; None when they were not counted. Fewer
    are there when the end was lost and then, before anybody looked, a publish that was under way arrived and was sent.
    """
    if seen.damaged or (logged is not None and seen.messages < logged):
        return Remedy.ANEW
    if log_ends is None:
        return Remedy.NOTHING
    first, last = log_ends
    remade = known is not None and known != seen.incarnation
    if seen.messages and remade and not seen.forgets and kept.first != first:
        return Remedy.ANEW
    if kept.last is None and not kept.whole:
        return Remedy.NOTHING
    if (kept.last or 0) >= last:
        return Remedy.NOTHING
    return Remedy.ANEW if kept.behind else Remedy.TAIL


class Streams(Protocol):
    """The streams of the broker. Raises Unavailable when it does not answer."""

    def connections(self) -> int:
        """Return how often the broker was connected again."""
        ...

    async def missing(self) -> Sequence[str]:
        """Return the declared streams and consumers that are not there."""
        ...

    async def provision(self) -> None:
        """Declare every stream and consumer."""
        ...

    async def seen(self) -> Mapping[str, StreamSeen]:
        """Return every declared stream."""
        ...

    async def message_id(self, stream: str, sequence: int) -> str | None:
        """Return the id of a message, None when it has none or is not there."""
        ...

    async def holds(self, message: Waiting) -> bool:
        """Return whether this message is the last of its subject."""
        ...

    async def remove(self, stream: str) -> None:
        """Delete a stream with its consumers."""
        ...


class EventLog(Protocol):
    """The table `event` and what is known of the streams. Raises Unavailable when it cannot be reached."""

    async def lead(self) -> bool:
        """Become or stay the leader; False while somebody else is."""
        ...

    async def known(self) -> Mapping[str, str]:
        """Return the incarnations of last time."""
        ...

    async def remember(self, stream: str, incarnation: str) -> None:
        """Note that this incarnation holds what it should."""
        ...

    async def ends(self, stream: str) -> tuple[int, int] | None:
        """Return the first and last position that a stream should hold, None when it should hold nothing."""
        ...

    async def count(self, stream: str, first: int, last: int) -> int:
        """Return how many messages a stream should hold from one position to another."""
        ...

    async def position(self, message_id: str) -> tuple[bool, int | None]:
        """Return whether a message is ours, and its position once it is marked as sent."""
        ...

    async def after(self, stream: str, position: int, most: int) -> Sequence[tuple[int, Waiting]]:
        """Return what a stream should hold behind a position, in order."""
        ...

    async def open_commands(self) -> Sequence[Waiting]:
        """Return the sent commands whose work is not done: the latest of each work and kind, in order."""
        ...


class Keeper:
    """Sees to it that the streams hold what was published. `clock` returns seconds that only grow."""

    def __init__(self, streams: Streams, event_log: EventLog, publisher: Publisher, clock: Callable[[], float]) -> None:
        self._streams, self._log, self._publisher, self._clock = streams, event_log, publisher, clock
        self._connections = -1
        self._looked = self._searched = float("-inf")

    async def __call__(self) -> None:
        """Look at the streams when it is time; raises Unavailable, and looks again at the next call then."""
        connections, now = self._streams.connections(), self._clock()
        again = connections != self._connections
        thorough = again or now - self._searched >= THOROUGH.total_seconds()
        if not thorough and now - self._looked < LOOK.total_seconds():
            return
        if not await self._log.lead():
            self._connections = -1
            return
        await self.look(thorough=thorough, counting=again)
        self._connections, self._looked = connections, now
        if thorough:
            self._searched = now

    async def make_anew(self, streams: Sequence[str]) -> None:
        """Delete these streams and fill them from the event log. Raises Unavailable, also while a relay leads."""
        if not await self._log.lead():
            raise Unavailable("A relay is running, which fills streams itself: use erc rebuild events, or stop it.")
        for stream in streams:
            await self._streams.remove(stream)
        await self.look(thorough=True)

    async def look(self, *, thorough: bool, counting: bool = False) -> None:
        """Provision what is missing, fill what is new; when `thorough`, search for lost ends too; count if asked."""
        missing = await self._streams.missing()
        if missing:
            log.warning("Missing in NATS: %s. Everything is provisioned again.", ", ".join(missing))
            await self._streams.provision()
        known = await self._log.known()
        for seen in (await self._streams.seen()).values():
            if thorough or seen.incarnation != known.get(seen.name) or (seen.name in LOGGED and seen.damaged):
                await self._mend(seen, known.get(seen.name), counting=counting)

    async def _mend(self, seen: StreamSeen, known: str | None, *, counting: bool) -> None:
        if seen.name == "COMMANDS":
            await self._send_open_commands()
        elif seen.name in LOGGED:
            seen = await self._complete(seen, known, counting=counting)
        if seen.incarnation != known:
            await self._log.remember(seen.name, seen.incarnation)

    async def _complete(self, seen: StreamSeen, known: str | None, *, counting: bool) -> StreamSeen:
        kept, logged = await self._kept(seen), None
        if counting and kept.first is not None and kept.last is not None:
            logged = await self._log.count(seen.name, kept.first, kept.last)
        needed = remedy(seen, known, kept, await self._log.ends(seen.name), logged)
        if needed is Remedy.NOTHING:
            return seen
        log.warning("The stream %s needs %s.", seen.name, needed.value)
        if needed is Remedy.ANEW:
            await self._streams.remove(seen.name)
            await self._streams.provision()
            seen = (await self._streams.seen())[seen.name]
        await self._fill(seen.name, 0 if needed is Remedy.ANEW else kept.last or 0)
        return seen

    async def _kept(self, seen: StreamSeen) -> Kept:
        """Walk from the stream's end to the first message that is marked as sent."""
        first_id = await self._streams.message_id(seen.name, seen.first_sequence) if seen.messages else None
        first = (await self._log.position(first_id))[1] if first_id else None
        behind = False
        oldest = max(seen.first_sequence, seen.last_sequence - WALK + 1) if seen.messages else seen.last_sequence + 1
        for sequence in range(seen.last_sequence, oldest - 1, -1):
            message_id = await self._streams.message_id(seen.name, sequence)
            ours, position = await self._log.position(message_id) if message_id else (False, None)
            if position is not None:
                return Kept(first, position, behind, whole=False)
            behind = behind or ours
        return Kept(first, None, behind, whole=oldest <= max(seen.first_sequence, 1) or not seen.messages)

    async def _fill(self, stream: str, position: int) -> None:
        count = 0
        while rows := await self._log.after(stream, position, BATCH):
            await self._log.lead()
            await self._publisher.publish(stream, [message for _, message in rows])
            position, count = rows[-1][0], count + len(rows)
        log.warning("The stream %s got %d messages from the event log.", stream, count)

    async def _send_open_commands(self) -> None:
        lost = [message for message in await self._log.open_commands() if not await self._streams.holds(message)]
        if lost:
            log.warning("%d commands were lost and are sent again.", len(lost))
            await self._publisher.publish("COMMANDS", lost)
