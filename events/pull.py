"""A part of a stream read by pull batches: the reader's pace is the back-pressure, and nothing is skipped unseen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from erc.events.errors import Unavailable

BATCH = 1000
BATCH_BYTES = (1 << 20) + (1 << 16)
"""More than the largest message that NATS takes, as a larger one could never be delivered."""
SILENCE_SECONDS = 4.0
"""So long may NATS say nothing at all; it promises a word each second."""
_TICK_SECONDS = 1.0
_EXPIRES_SECONDS = 20
_UNUSED_SECONDS = 30
_OVER = {"404", "408"}
_ENDED = ("Batch Completed", "Message Size Exceeds MaxBytes")


@dataclass(slots=True)
class Message:
    """A message of a stream: its place, subject, JSON body, when the stream took it (ns since 1970).

    `key` is the id in its subject, `pending` how many messages of the same consumer follow; `told` is for the reader.
    """

    sequence: int
    subject: str
    key: str
    body: bytes
    time_ns: int
    pending: int
    told: Any = None


@dataclass(frozen=True)
class About:
    """A stream as it is now: its incarnation, the first message it keeps, the last one it took."""

    incarnation: str
    first: int
    last: int


async def about(client: Client, stream: str) -> About:
    """Return what a stream is now. Raises Unavailable."""
    try:
        info = await client.jetstream(timeout=5).stream_info(stream)
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error
    return About(incarnation_of(info), info.state.first_seq, info.state.last_seq)


async def last_of(client: Client, stream: str, subject: str) -> int | None:
    """Return the place of the last message of a subject, or None when the stream keeps none. Raises Unavailable."""
    try:
        return (await client.jetstream(timeout=5).get_last_msg(stream, subject)).seq
    except NotFoundError:
        return None
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error


def incarnation_of(info: StreamInfo) -> str:
    """Return a short word that changes when the stream is made anew."""
    return f"{int(info.created.timestamp() * 1000):x}" if info.created else "0"


class Pull:
    """An ephemeral consumer after a place of a stream. Every method raises Unavailable when it is gone."""

    def __init__(self, client: Client, stream: str, subjects: Sequence[str], after: int) -> None:
        self._client, self._stream, self._subjects, self._after = client, stream, list(subjects), after
        self._js = client.jetstream(timeout=5)
        self._arrived: list[Message] = []
        self._due, self._seen, self._broken = 0, 0, ""
        self._waiter: asyncio.Future[None] | None = None
        self.pending = 0
        """How many messages waited when it was opened."""

    async def __aenter__(self) -> Self:
        self._clock = asyncio.get_running_loop().time
        self._heard_at, self._reconnects = self._clock(), self._client.stats["reconnects"]
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._after + 1,
            filter_subjects=self._subjects,
            mem_storage=True,
            num_replicas=1,
            inactive_threshold=_UNUSED_SECONDS,
        )
        try:
            info = await self._js.add_consumer(self._stream, config)
            self._name, self.pending = info.name, info.num_pending or 0
            self._inbox = self._client.new_inbox()
            self._subscription = await self._client.subscribe(self._inbox, cb=self._hear)
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            await self._subscription.unsubscribe()
            if not self._broken:
                await self._js.delete_consumer(self._stream, self._name)

    async def some(self) -> list[Message]:
        """Return what has arrived, at least one message, as soon as there is one; waits without end."""
        while not self._arrived:
            await self._go_on()
        return await self._taken()

    async def batch(self) -> list[Message]:
        """Return a whole batch: it is as large as allowed, or nothing follows it."""
        while not self._arrived or (self._due and self._arrived[-1].pending):
            await self._go_on()
        return await self._taken()

    async def _taken(self) -> list[Message]:
        taken, self._arrived = self._arrived, []
        if not self._due and taken[-1].pending:
            await self._ask()
        return taken

    async def _go_on(self) -> None:
        """Wait for a word of NATS, asking for more where nothing is due."""
        if self._broken:
            raise Unavailable(f"The messages of {self._stream} stopped: {self._broken}")
        if not self._due:
            await self._ask()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_TICK_SECONDS):
                await self._waiter
        except TimeoutError:
            silent = self._clock() - self._heard_at > SILENCE_SECONDS
            if silent or self._client.stats["reconnects"] != self._reconnects:
                self._broken = "the connection was lost"
        finally:
            self._waiter = None

    async def _ask(self) -> None:
        wanted = {
            "batch": BATCH,
            "max_bytes": BATCH_BYTES,
            "expires": _EXPIRES_SECONDS * 10**9,
            "idle_heartbeat": int(_TICK_SECONDS * 10**9),
        }
        self._due, self._heard_at = BATCH, self._clock()
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        try:
            await self._client.publish(subject, json.dumps(wanted).encode(), reply=self._inbox)
        except (NatsError, OSError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error

    async def _hear(self, message: Msg) -> None:
        self._heard_at = self._clock()
        if message.reply:
            self._keep(message)
        else:
            self._mind(message.headers or {})
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _keep(self, message: Msg) -> None:
        sequence, number, time_ns, pending = _place(message.reply)
        if self._broken or number != self._seen + 1:
            self._broken = self._broken or "a message was missed"
            return
        self._seen, self._due = number, self._due - 1
        key = message.subject.split(".", 4)[3 if message.subject.startswith("erc.event.") else 2]
        self._arrived.append(Message(sequence, message.subject, key, message.data, time_ns, pending))

    def _mind(self, headers: dict[str, str]) -> None:
        """Understand a status: that a request is over, that NATS is alive, or that the consumer is gone."""
        status, description = headers.get("Status", ""), headers.get("Description", "")
        if status in _OVER or description in _ENDED:
            self._due = 0
        elif status != "100":
            self._broken = description or f"status {status}"


def _place(reply: str) -> tuple[int, int, int, int]:
    """Return a delivery's sequence in the stream, its number, its time and how many follow, from its reply subject."""
    tokens = reply.split(".")
    sequence, number, time_ns, pending = tokens[5:9] if len(tokens) == 9 else tokens[7:11]
    return int(sequence), int(number), int(time_ns), int(pending)
