"""The relay: publishes the outbox in the order of its rows, then marks them as sent.

It is the only publisher to the command and event streams. It leads by an advisory lock and by a heartbeat row (a
leader silent for 10 s is replaced, its backend terminated), publishes with `Nats-Msg-Id` in atomic batches, and falls
back to single publishes when a batch holds a duplicate. A row that is older than a stream remembers ids is compared
with the last message of its subject first.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any, Protocol

import asyncpg

from erc.events import metrics
from erc.events.errors import NoAnswer, Unavailable
from erc.events.faults import Faults
from erc.events.streams import DEDUPLICATION

log = logging.getLogger("erc.relay")

BATCH = 200
POLL = timedelta(milliseconds=500)
SILENT = timedelta(seconds=10)
HEARTBEAT = timedelta(seconds=1)
UNANSWERED = 4
"""So many publishes in a row without an answer from a connected NATS, in about 20 s, and only its restart helps."""
OLD = DEDUPLICATION / 2
"""A row of this age is compared: half the window is left for clocks that differ and for publishing itself."""
_LOCK = 0x65_72_63


@dataclass(frozen=True)
class Waiting:
    """A message in the outbox: the number of its row, where it goes, its id, its JSON body.

    `old` when the stream may have forgotten its id, should it have been published before.
    """

    row: int
    stream: str
    subject: str
    message_id: str
    body: bytes
    public: str | None = None
    traceparent: str | None = None
    old: bool = False


class Outbox(Protocol):
    """Where messages wait. Raises Unavailable when it cannot be reached."""

    async def lead(self) -> bool:
        """Become or stay the leader; False while somebody else is."""
        ...

    async def unsent(self, most: int) -> Sequence[Waiting]:
        """Return the oldest messages that are not marked as sent."""
        ...

    async def mark_sent(self, rows: Sequence[int]) -> None:
        """Mark these rows as sent."""
        ...


class Publisher(Protocol):
    """Where messages go. Raises Unavailable when it did not take them."""

    async def publish(self, stream: str, messages: Sequence[Waiting]) -> None:
        """Publish the messages of one stream in order, each at most once by its id."""
        ...

    async def last(self, stream: str, subject: str) -> str | None:
        """Return the id of the last message of a subject; None when the stream keeps none."""
        ...


class Relay:
    """Moves messages from the outbox to the streams; `once` is one round, `run` repeats it for ever."""

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        sleep: Callable[[float], Awaitable[None]],
        faults: Faults | None = None,
        keep: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._outbox, self._publisher, self._sleep = outbox, publisher, sleep
        self._faults = faults or Faults("", None)
        self._keep = keep
        self._failures = self._unanswered = 0

    async def once(self) -> int:
        """Publish what waits, at most one batch; return how many messages went out.

        Raises Unavailable; whatever was published before is published again later under the same ids.
        """
        if not await self._outbox.lead():
            return 0
        waiting = await self._outbox.unsent(BATCH)
        if waiting:
            self._faults.reach("before_publish")
        there = await self._there([*waiting, *_for_public(waiting)])
        for stream, run in groupby(waiting, key=lambda message: message.stream):
            messages = list(run)
            await self._publish(stream, messages, there)
            self._faults.reach("after_publish")
            await self._publish("PUBLIC", _for_public(messages), there)
        if waiting:
            self._faults.reach("before_mark")
            await self._outbox.mark_sent([message.row for message in waiting])
            self._faults.reach("after_mark")
        return len(waiting)

    async def _publish(self, stream: str, messages: Sequence[Waiting], there: set[tuple[str, str]]) -> None:
        await self._publisher.publish(stream, [one for one in messages if (stream, one.message_id) not in there])

    async def _there(self, messages: Sequence[Waiting]) -> set[tuple[str, str]]:
        """Return stream and id of the messages that are in their stream, as far as old rows give cause to look.

        A subject is published in the order of its rows: what comes before its last message is there too.
        """
        subjects: dict[tuple[str, str], list[str]] = {}
        for message in messages:
            subjects.setdefault((message.stream, message.subject), []).append(message.message_id)
        asked = dict.fromkeys((message.stream, message.subject) for message in messages if message.old)
        found = await asyncio.gather(*(self._publisher.last(stream, subject) for stream, subject in asked))
        there: set[tuple[str, str]] = set()
        for (stream, subject), last in zip(asked, found, strict=True):
            ids = subjects[stream, subject]
            if last in ids:
                there.update((stream, one) for one in ids[: ids.index(last) + 1])
        return there

    async def run(self, woken: Callable[[float], Awaitable[None]]) -> None:
        """Publish for ever; `woken` waits for a hint, at most so many seconds. `keep` comes first in every round.

        Raises NoAnswer when NATS is there and takes nothing any more.
        """
        while True:
            try:
                if self._keep:
                    await self._keep()
                sent = await self.once()
                self._failures = self._unanswered = 0
            except Unavailable as error:
                self._failures += 1
                metrics.RELAY_WAITS.inc()
                self._unanswered = self._unanswered + 1 if isinstance(error, NoAnswer) else 0
                if self._unanswered >= UNANSWERED:
                    raise
                log.warning("The relay waits: %s", error)
                await self._sleep(min(5.0, 0.1 * 2**self._failures))
                continue
            if sent < BATCH:
                await woken(POLL.total_seconds())


def _for_public(messages: Sequence[Waiting]) -> list[Waiting]:
    return [
        replace(message, stream="PUBLIC", subject=message.public, public=None, traceparent=None)
        for message in messages
        if message.public
    ]


class PostgresOutbox:
    """The outbox of the `event` table, over one connection of its own."""

    def __init__(self, url: str, instance: str, connect: Callable[[str], Awaitable[Any]] = asyncpg.connect) -> None:
        self._url, self._instance, self._open = url, instance, connect
        self._connection: asyncpg.Connection[Any] | None = None
        self._leads = False
        self._seen = 0.0

    async def lead(self) -> bool:
        try:
            connection = await self._connect()
            if not self._leads:
                self._leads = await self._take(connection)
            now = asyncio.get_running_loop().time()
            if self._leads and now - self._seen > HEARTBEAT.total_seconds():
                self._seen = now
                await connection.execute(
                    "INSERT INTO relay (id, instance, backend, seen) VALUES (1, $1, pg_backend_pid(), now()) "
                    "ON CONFLICT (id) DO UPDATE SET instance = $1, backend = pg_backend_pid(), seen = now()",
                    self._instance,
                )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            await self._drop()
            raise Unavailable(f"PostgreSQL does not answer: {error}") from error
        return self._leads

    async def _take(self, connection: asyncpg.Connection[Any]) -> bool:
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return True
        await connection.execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l, relay r WHERE l.locktype = 'advisory' "
            "AND l.objid = $1 AND l.granted AND r.seen < now() - $2::interval",
            _LOCK,
            SILENT,
        )
        return False

    async def unsent(self, most: int) -> Sequence[Waiting]:
        rows = await self._run("fetch", _SELECT, most, OLD)
        return [
            Waiting(row["id"], row["stream"], row["subject"], row["message_id"], _body(row), *_optional(row))
            for row in rows
        ]

    async def rows(self, query: str, *arguments: Any) -> Sequence[Any]:
        """Return the rows of a query over the leader's connection."""
        found: Sequence[Any] = await self._run("fetch", query, *arguments)
        return found

    @staticmethod
    def message(row: Any, stream: str) -> Waiting:
        """Return a row of the log as a message of this stream."""
        return Waiting(row["id"], stream, row["subject"], row["message_id"], _body(row), traceparent=row["traceparent"])

    async def mark_sent(self, rows: Sequence[int]) -> None:
        await self._run("execute", _MARK, list(rows))

    async def close(self) -> None:
        """Give up the lead."""
        await self._drop()

    async def _run(self, method: str, *arguments: Any) -> Any:
        try:
            return await getattr(await self._connect(), method)(*arguments, timeout=20)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            await self._drop()
            raise Unavailable(f"PostgreSQL does not answer: {error}") from error

    async def _connect(self) -> asyncpg.Connection[Any]:
        if self._connection is None or self._connection.is_closed():
            self._leads, self._seen = False, 0.0
            self._connection = await asyncio.wait_for(self._open(self._url), 10)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            connection.terminate()


_SELECT = (
    "SELECT id, stream, subject, message_id, body, public, traceparent, created < now() - $2::interval AS old "
    "FROM event WHERE sent IS NULL ORDER BY id LIMIT $1"
)

_MARK = (
    "WITH last AS (SELECT coalesce(max(position), 0) AS position FROM event) "
    "UPDATE event SET sent = now(), position = coalesce(event.position, last.position + sent.number) "
    "FROM last, unnest($1::bigint[]) WITH ORDINALITY AS sent (id, number) WHERE event.id = sent.id"
)
"""Numbers the rows in the order of their publication; only the leader does this."""


def _body(row: Any) -> bytes:
    return json.dumps(json.loads(row["body"]), separators=(",", ":"), ensure_ascii=False).encode()


def _optional(row: Any) -> tuple[str | None, str | None, bool]:
    return row["public"], row["traceparent"], row["old"]
