"""JetStream in memory: streams that know ids for a while, durable consumers that deliver again, and a client for each.

The client is as much of nats-py as the product calls, so that its publisher, its deliveries and its hints run as they
are. Time is the loop's.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError
from support.simulated.network import Network

from erc.events.streams import FOLLOWERS, MAX_DELIVER, WORKERS, Lease


@dataclass(frozen=True)
class Stored:
    """A message of a stream."""

    sequence: int
    subject: str
    id: str
    body: bytes
    time: float
    trace: str | None = None
    """Its `traceparent`."""

    @property
    def headers(self) -> dict[str, str]:
        """What it carries besides its body."""
        return {"Nats-Msg-Id": self.id} | ({"traceparent": self.trace} if self.trace else {})


class Stream:
    """One stream: `window` is how many seconds it knows an id."""

    def __init__(self, name: str, window: float) -> None:
        self.name, self.window = name, window
        self.messages: dict[int, Stored] = {}
        self.log: list[Stored] = []
        """Everything that was ever taken."""
        self.last_of: dict[str, int] = {}
        self.consumers: list[Consumer] = []
        self.readers: list[Any] = []
        """Consumers that are not durable."""
        self.heard: Callable[[Stored], None] = lambda _message: None
        """Called with each message that is taken."""
        self._known: dict[str, float] = {}

    def knows(self, message_id: str, now: float) -> bool:
        """Return whether a message of this id was taken within the window."""
        return bool(message_id) and now - self._known.get(message_id, -1e9) <= self.window

    def append(self, subject: str, body: bytes, message_id: str, now: float, trace: str | None = None) -> None:
        """Take a message unless its id is known."""
        if self.knows(message_id, now):
            return
        self._known[message_id] = now
        stored = Stored(len(self.log) + 1, subject, message_id, body, now, trace)
        self.log.append(stored)
        self.messages[stored.sequence] = stored
        self.last_of[subject] = stored.sequence
        self.heard(stored)
        for consumer in [*self.consumers, *self.readers]:
            consumer.offer(stored)

    def remove(self, sequence: int) -> None:
        """Take a message out of the stream."""
        gone = self.messages.pop(sequence, None)
        if gone and self.last_of.get(gone.subject) == sequence:
            left = [one.sequence for one in self.messages.values() if one.subject == gone.subject]
            self.last_of.pop(gone.subject)
            if left:
                self.last_of[gone.subject] = max(left)


@dataclass
class Consumer:
    """A durable consumer."""

    broker: Broker
    stream: Stream
    name: str
    prefixes: tuple[str, ...]
    ack_wait: float
    max_deliver: int
    removes: bool
    ready: deque[int] = field(default_factory=deque)
    deliveries: dict[int, int] = field(default_factory=dict)
    pending: dict[int, float] = field(default_factory=dict)
    """Until when each delivered message is leased."""
    delayed: set[int] = field(default_factory=set)
    """What is wanted again later."""
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def offer(self, message: Stored) -> None:
        """Take note of a new message."""
        if message.subject.startswith(self.prefixes):
            self._make_ready(message.sequence)

    def _make_ready(self, sequence: int, *, again: bool = False) -> None:
        if sequence not in self.stream.messages:
            return
        if 0 < self.max_deliver <= self.deliveries.get(sequence, 0):
            self.broker.give_up(self, sequence)
            return
        self.ready.appendleft(sequence) if again else self.ready.append(sequence)
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def fetch(self) -> tuple[Stored, int]:
        """Wait for a message; it is leased from now on, whether it arrives or not."""
        loop = self.broker.network.loop
        while True:
            while self.ready:
                sequence = self.ready.popleft()
                if sequence in self.stream.messages and sequence not in self.pending:
                    self.deliveries[sequence] = self.deliveries.get(sequence, 0) + 1
                    self.extend(sequence, leased=True)
                    loop.call_later(self.ack_wait, self._expire, sequence)
                    return self.stream.messages[sequence], self.deliveries[sequence]
            future = loop.create_future()
            self.waiting.append(future)
            await future

    def extend(self, sequence: int, *, leased: bool = False) -> None:
        """Lease a message for longer."""
        if leased or sequence in self.pending:
            self.pending[sequence] = self.broker.network.loop.time() + self.ack_wait

    def _expire(self, sequence: int) -> None:
        loop = self.broker.network.loop
        until = self.pending.get(sequence)
        if until is None:
            return
        if until > loop.time() + 1e-6:
            loop.call_at(until, self._expire, sequence)
            return
        del self.pending[sequence]
        self._make_ready(sequence, again=True)

    def done(self, sequence: int) -> None:
        """The message is acknowledged."""
        self.pending.pop(sequence, None)
        if self.removes:
            self.stream.remove(sequence)

    def later(self, sequence: int, seconds: float) -> None:
        """The message is wanted again later."""
        if self.pending.pop(sequence, None) is not None:
            self.delayed.add(sequence)
            self.broker.network.loop.call_later(seconds, self._again, sequence)

    def _again(self, sequence: int) -> None:
        self.delayed.discard(sequence)
        if sequence not in self.pending and sequence not in self.ready:
            self._make_ready(sequence, again=True)


class Broker:
    """The server with the product's streams and consumers."""

    def __init__(self, network: Network, lease: Lease, window: float) -> None:
        self.network = network
        self.streams = {name: Stream(name, window) for name in ("COMMANDS", "EVENTS", "PUBLIC", "LOGS", "DEAD")}
        self.consumers: dict[str, Consumer] = {}
        self._batches: dict[str, list[tuple[str, bytes, str, str | None]]] = {}
        wait = lease.ack_wait.total_seconds()
        for worker in WORKERS:
            self._add(f"{worker}-default", "COMMANDS", (f"erc.command.{worker}.default.",), wait, MAX_DELIVER)
        for name, subjects in FOLLOWERS.items():
            self._add(name, "EVENTS", tuple(subject.removesuffix(">") for subject in subjects), wait, -1)
        self._add("undertaker", "DEAD", ("",), wait, -1)

    def _add(self, name: str, stream: str, prefixes: tuple[str, ...], wait: float, most: int) -> None:
        consumer = Consumer(self, self.streams[stream], name, prefixes, wait, most, stream == "COMMANDS")
        self.streams[stream].consumers.append(consumer)
        self.consumers[name] = consumer

    def moment(self, seconds: float) -> datetime:
        """Return a time of the loop as a time of day."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    def stream_of(self, subject: str) -> Stream:
        """Return the stream that takes a subject."""
        return self.streams[_BY_PREFIX[subject.split(".", 2)[1]]]

    def give_up(self, consumer: Consumer, sequence: int) -> None:
        """Say in the dead-letter stream that a message was delivered as often as it may be."""
        advisory = {
            "stream": consumer.stream.name,
            "stream_seq": sequence,
            "consumer": consumer.name,
            "timestamp": self.moment(self.network.loop.time()).isoformat(),
        }
        self.streams["DEAD"].append(
            f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{consumer.stream.name}.{consumer.name}",
            json.dumps(advisory).encode(),
            "",
            self.network.loop.time(),
        )

    def take(self, subject: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Take a message as the server does, alone or as one of an atomic batch; return the answer."""
        batch = headers.get("Nats-Batch-Id")
        message = (subject, body, headers.get("Nats-Msg-Id", ""), headers.get("traceparent"))
        now = self.network.loop.time()
        if batch is None:
            self._append(message, now)
            return {}
        held = self._batches.setdefault(batch, [])
        held.append(message)
        if "Nats-Batch-Commit" not in headers:
            return {}
        del self._batches[batch]
        if len(held) != int(headers["Nats-Batch-Sequence"]):
            return {"error": {"err_code": 10199}}
        if any(self.stream_of(where).knows(one, now) for where, _body, one, _trace in held):
            return {"error": {"err_code": 10201}}
        for one in held:
            self._append(one, now)
        return {}

    def _append(self, message: tuple[str, bytes, str, str | None], now: float) -> None:
        subject, body, message_id, trace = message
        self.stream_of(subject).append(subject, body, message_id, now, trace)


_BY_PREFIX = {"command": "COMMANDS", "event": "EVENTS", "public": "PUBLIC", "log": "LOGS", "dead": "DEAD"}


class NatsClient:
    """As much of nats-py's client and of its JetStream context as the product calls."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._network = broker, broker.network

    is_connected = True

    def jetstream(self, timeout: float = 5.0) -> NatsClient:
        return self

    async def publish(
        self, subject: str, payload: bytes = b"", stream: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        headers = headers or {}
        if "Nats-Batch-Id" in headers or (not stream and "Nats-Msg-Id" not in headers):
            self._broker.take(subject, payload, headers)
            return
        await self._network.call(f"publish {subject}", lambda: self._broker.take(subject, payload, headers), silence)

    async def request(
        self,
        subject: str,
        payload: bytes,
        timeout: float = 5.0,
        headers: Mapping[str, str] | None = None,
    ) -> SimpleNamespace:
        answer = await self._network.call(
            f"batch {subject}", lambda: self._broker.take(subject, payload, headers or {}), silence
        )
        return SimpleNamespace(data=json.dumps(answer))

    async def get_last_msg(self, stream: str, subject: str) -> SimpleNamespace:
        def last() -> Stored | None:
            found = self._broker.streams[stream]
            return found.messages.get(found.last_of.get(subject, 0))

        message = await self._network.call(f"last {stream}", last, silence)
        if message is None:
            raise NotFoundError
        return SimpleNamespace(headers=message.headers, seq=message.sequence)

    async def get_msg(self, stream: str, sequence: int) -> SimpleNamespace:
        message = await self._network.call(
            f"get {stream}", lambda: self._broker.streams[stream].messages.get(sequence), silence
        )
        if message is None:
            raise NotFoundError
        return SimpleNamespace(
            subject=message.subject,
            data=message.body,
            headers=message.headers,
            seq=message.sequence,
            time=self._broker.moment(message.time),
        )

    async def delete_msg(self, stream: str, sequence: int) -> None:
        await self._network.call(f"delete {stream}", lambda: self._broker.streams[stream].remove(sequence), silence)


class Message:
    """A delivery as FastStream hands it over."""

    def __init__(self, consumer: Consumer, stored: Stored, deliveries: int) -> None:
        self._consumer, self._stored = consumer, stored
        sequence = SimpleNamespace(stream=stored.sequence)
        metadata = SimpleNamespace(num_delivered=deliveries, sequence=sequence)
        self.raw_message = SimpleNamespace(
            subject=stored.subject, data=stored.body, metadata=metadata, headers=stored.headers
        )

    async def ack(self) -> None:
        await self._say("ack", lambda: self._consumer.done(self._stored.sequence))

    async def nack(self, delay: float = 0.0) -> None:
        await self._say("nack", lambda: self._consumer.later(self._stored.sequence, delay))

    async def reject(self) -> None:
        await self._say("reject", lambda: self._consumer.done(self._stored.sequence))

    async def in_progress(self) -> None:
        await self._say("in progress", lambda: self._consumer.extend(self._stored.sequence))

    async def _say(self, word: str, effect: Callable[[], None]) -> None:
        await self._consumer.broker.network.call(f"{word} {self._stored.id}", effect, silence)


async def deliver(consumer: Consumer, take: Callable[[Message], Awaitable[None]]) -> None:
    """Hand over one delivery after the other for ever; one that is lost on the way comes again.

    What `take` raises is noted, as FastStream would log it, and the next one is fetched.
    """
    network = consumer.broker.network
    while True:
        stored, deliveries = await consumer.fetch()
        try:
            await network.call(f"deliver {stored.id}", lambda: None, silence)
        except NatsTimeout:
            continue
        process = network.process()
        process.holding += 1
        try:
            await take(Message(consumer, stored, deliveries))
        except Exception as error:
            network.journal.append((network.loop.time(), process.name, "raised", repr(error)))
            network.raised += 1
        finally:
            process.holding -= 1


def silence() -> Exception:
    """Return what nats-py raises when no answer comes."""
    return NatsTimeout()
