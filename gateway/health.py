"""Whether the service can do its work: pure decisions from what is measured, and who measures it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from erc.events.errors import Unavailable
from erc.events.inspection import Inspection, StreamState
from erc.events.streams import WORKERS
from erc.schemas.problem import Problem

T = TypeVar("T")

ANSWER_SECONDS = 3.0
REMEMBER_SECONDS = 1.0
LARGE_MESSAGE_BYTES = 64 << 10


@dataclass(frozen=True)
class Flow:
    """What PostgreSQL says of the wire: ages in seconds, None when there is nothing, and the slots by worker."""

    oldest_unsent_seconds: float | None = None
    waiting: int = 0
    relay: str | None = None
    relay_silent_seconds: float | None = None
    slots: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Vitals:
    """What was measured. `flow` is None when PostgreSQL, `streams` when NATS did not answer."""

    flow: Flow | None
    streams: Sequence[StreamState] | None
    missing: Sequence[str] = ()
    """Declared streams and consumers that are not there."""


def ailments(vitals: Vitals, stalled_seconds: float) -> list[Problem]:
    """Return what keeps the service from its work, the cause before its consequences; nothing when it is well.

    Titles may be told to everybody; details are for operators.
    """
    return [*_of_streams(vitals), *(_of_flow(vitals.flow, stalled_seconds) if vitals.flow else [_NO_DATABASE])]


def _of_streams(vitals: Vitals) -> list[Problem]:
    if vitals.streams is None:
        return [_NO_BROKER]
    found = []
    if vitals.missing:
        detail = f"Missing: {', '.join(vitals.missing)}. The relay makes them again within seconds."
        found.append(Problem(code="consumer_missing", title="A message stream or its reader is missing", detail=detail))
    full = [stream for stream in vitals.streams if _is_full(stream)]
    if full:
        said = ", ".join(f"{one.name} ({one.size_bytes:,} of {one.most_bytes:,} bytes)" for one in full)
        detail = f"Full: {said}. Raise its limit in events/streams.py and provision, or remove what is not needed."
        found.append(Problem(code="nats_full", title="The message store is full", detail=detail))
    return found


def _is_full(stream: StreamState) -> bool:
    """Streams that drop old messages are never full; another one is when the next large message may not fit."""
    if stream.drops or stream.most_bytes <= 0:
        return False
    return stream.most_bytes - stream.size_bytes < max(stream.most_bytes // 20, LARGE_MESSAGE_BYTES)


def _of_flow(flow: Flow, stalled_seconds: float) -> list[Problem]:
    found = []
    if flow.relay_silent_seconds is None or flow.relay_silent_seconds > stalled_seconds:
        silent = flow.relay_silent_seconds
        heard = f"was last heard {silent:.0f} s ago" if silent is not None else "was never heard"
        detail = f"The relay {flow.relay or ''} {heard}. Look at its log, and start it again.".replace("  ", " ")
        found.append(Problem(code="relay_silent", title="Nobody publishes messages", detail=detail))
    if flow.oldest_unsent_seconds is not None and flow.oldest_unsent_seconds > stalled_seconds:
        detail = (
            f"{flow.waiting:,} messages wait, the oldest for {flow.oldest_unsent_seconds:.0f} s. The relay's log says "
            "why; when NATS was out of disk space it must be started again."
        )
        found.append(Problem(code="relay_stalled", title="Messages wait too long to be published", detail=detail))
    idle = [worker for worker in WORKERS if not flow.slots.get(worker)]
    if idle:
        detail = f"Nobody does the work of: {', '.join(idle)}. Look at their logs."
        found.append(Problem(code="no_capacity", title="A worker is missing", detail=detail))
    return found


_NO_DATABASE = Problem(
    code="postgres_unreachable", title="The database does not answer", detail="See whether PostgreSQL runs."
)
_NO_BROKER = Problem(
    code="nats_unreachable", title="The message server does not answer", detail="See whether NATS runs."
)


class Flows(Protocol):
    """Where the flow is measured. Raises Unavailable."""

    async def flow(self) -> Flow:
        """Return what PostgreSQL says of the wire."""
        ...


class Health:
    """Measures at most once a second, however many ask. `clock` returns seconds that only grow."""

    def __init__(
        self, flows: Flows, inspection: Inspection, clock: Callable[[], float], stalled_seconds: float
    ) -> None:
        self._flows, self._inspection, self._clock, self._stalled = flows, inspection, clock, stalled_seconds
        self._lock = asyncio.Lock()
        self._measured = float("-inf")
        self._found: list[Problem] = []

    async def ailments(self) -> list[Problem]:
        """Return what keeps the service from its work; never raises."""
        async with self._lock:
            if self._clock() - self._measured >= REMEMBER_SECONDS:
                self._found = ailments(await self._vitals(), self._stalled)
                self._measured = self._clock()
            return self._found

    async def _vitals(self) -> Vitals:
        flow, streams, missing = await asyncio.gather(
            _answer(self._flows.flow()), _answer(self._inspection.streams()), _answer(self._inspection.missing())
        )
        return Vitals(flow, streams if missing is not None else None, missing or ())


async def _answer(question: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await question
    except (Unavailable, TimeoutError):
        return None
