"""What a reader of a stream needs of NATS: ephemeral consumers that push what was asked for, and say when they idle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from nats.js.api import ConsumerConfig
from support.simulated.broker import Broker, NatsClient, Stored, Stream, silence

HEARTBEAT_SECONDS = 2.5
"""Less often than is promised, and often enough for the patience of who listens: each costs a wake-up."""

Hear = Callable[[SimpleNamespace], Awaitable[None]]


class Ephemeral:
    """A consumer of one reader: hands over the messages after a place, in order, as many as were asked for."""

    def __init__(self, broker: Broker, stream: Stream, name: str, config: ConsumerConfig) -> None:
        self.name, self._broker, self._stream = name, broker, stream
        prefixes = tuple(subject.removesuffix(">") for subject in config.filter_subjects or [])
        self._prefixes = prefixes or ("",)
        self._waiting = [one for one in stream.log[(config.opt_start_seq or 1) - 1 :] if self._wants(one)]
        self._number, self._due, self._until = 0, 0, 0.0
        self._news = asyncio.Event()

    @property
    def num_pending(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def _wants(self, message: Stored) -> bool:
        return message.subject.startswith(self._prefixes)

    def offer(self, message: Stored) -> None:
        """Take note of a new message."""
        if self._wants(message):
            self._waiting.append(message)
            self._news.set()

    def ask(self, wanted: dict[str, Any]) -> None:
        """Hand over so many, until the time is over."""
        self._due, self._until = wanted["batch"], self._broker.network.loop.time() + wanted["expires"] / 1e9
        self._news.set()

    async def push(self, hear: Hear, stats: dict[str, int]) -> None:
        """Hand over for ever. A message is lost when the connection is, which its client counts: it reconnects."""
        network = self._broker.network
        while True:
            self._news.clear()
            while self._due and self._waiting:
                one = self._waiting.pop(0)
                self._number += 1
                self._due -= 1
                try:
                    await network.call(f"push {one.id}", lambda: None, silence)
                except TimeoutError:
                    stats["reconnects"] += 1
                    continue
                await hear(self._message(one))
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                over = network.loop.time() > self._until
                if self._due:
                    self._due = 0 if over else self._due
                    await hear(SimpleNamespace(reply="", headers={"Status": "408" if over else "100"}))

    def _message(self, one: Stored) -> SimpleNamespace:
        place = f"{one.sequence}.{self._number}.{int(one.time * 1e9)}.{len(self._waiting)}"
        reply = f"$JS.ACK.{self._stream.name}.{self.name}.1.{place}"
        return SimpleNamespace(subject=one.subject, data=one.body, reply=reply, headers=None)


class PullingClient(NatsClient):
    """A client that reads streams by pull batches as well."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self._inboxes: dict[str, Hear] = {}
        self._consumers: dict[str, Ephemeral] = {}
        self._pushing: dict[str, asyncio.Task[None]] = {}
        self.stats = {"reconnects": 0}

    def jetstream(self, timeout: float = 5.0) -> PullingClient:
        return self

    async def stream_info(self, stream: str) -> SimpleNamespace:
        found = self._broker.streams[stream]
        state = SimpleNamespace(first_seq=1, last_seq=len(found.log))
        answer = SimpleNamespace(created=self._broker.moment(0), state=state)
        return await self._network.call(f"info {stream}", lambda: answer, silence)

    async def add_consumer(self, stream: str, config: ConsumerConfig) -> Ephemeral:
        def add() -> Ephemeral:
            found = self._broker.streams[stream]
            consumer = Ephemeral(self._broker, found, f"reader{len(self._consumers)}", config)
            found.readers.append(consumer)
            self._consumers[consumer.name] = consumer
            return consumer

        return await self._network.call(f"consumer {stream}", add, silence)

    async def delete_consumer(self, stream: str, name: str) -> None:
        def delete() -> None:
            self._broker.streams[stream].readers.remove(self._consumers.pop(name))

        await self._network.call(f"forget {stream}", delete, silence)

    def new_inbox(self) -> str:
        return f"_INBOX.{len(self._inboxes)}"

    async def subscribe(self, inbox: str, cb: Hear) -> SimpleNamespace:
        async def unsubscribe() -> None:
            if inbox in self._pushing:
                self._pushing.pop(inbox).cancel()

        self._inboxes[inbox] = cb
        return SimpleNamespace(unsubscribe=unsubscribe)

    async def publish(
        self,
        subject: str,
        payload: bytes = b"",
        stream: str = "",
        headers: Any = None,
        reply: str = "",
    ) -> None:
        """Publish; a request for messages is heard by the consumer that it names, or lost without a word."""
        if not subject.startswith("$JS.API.CONSUMER.MSG.NEXT."):
            await super().publish(subject, payload, stream, headers)
            return
        consumer = self._consumers[subject.rsplit(".", 1)[1]]
        if reply not in self._pushing:
            self._pushing[reply] = asyncio.ensure_future(consumer.push(self._inboxes[reply], self.stats))
        consumer.ask(json.loads(payload))
