"""Deliveries from JetStream through FastStream: N subscribers on one durable, a message each, acknowledged by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig

from erc.events import logs, metrics, trace
from erc.events.errors import Unavailable
from erc.events.subjects import ids_of
from erc.schemas.problem import Problem

log = logging.getLogger("erc.intake")


class NatsDelivery:
    """A message of a durable consumer."""

    def __init__(self, message: NatsMessage, client: Client) -> None:
        self._message, self._client = message, client
        raw: Any = message.raw_message
        self.subject: str = raw.subject
        self.body: bytes = raw.data
        self.deliveries: int = raw.metadata.num_delivered
        self.sequence: int = raw.metadata.sequence.stream
        self.traceparent: str | None = (raw.headers or {}).get("traceparent")
        self.outcome = "nothing"
        """What was said of it last."""

    async def acknowledge(self) -> None:
        """Say that it is done."""
        self.outcome = "acknowledged"
        await self._quietly(self._message.ack())

    async def later(self, seconds: float) -> None:
        """Ask for it again after so many seconds."""
        self.outcome = "later"
        await self._quietly(self._message.nack(delay=seconds))

    async def bury(self, problem: Problem) -> None:
        """Put it into the dead-letter stream with the problem, then take it out of its own."""
        self.outcome = "buried"
        body = json.dumps({"problem": problem.model_dump(), "message": self.body.decode(errors="replace")}).encode()
        headers = {"Nats-Msg-Id": f"dead:{self.subject}:{self.sequence}"}
        if place := trace.traceparent():
            headers["traceparent"] = place
        await self._quietly(self._client.jetstream().publish(f"erc.dead.{self.subject}", body, headers=headers))
        await self._quietly(self._message.reject())

    async def alive(self) -> None:
        """Extend the lease."""
        await self._quietly(self._message.in_progress())

    async def _quietly(self, saying: Awaitable[Any]) -> None:
        """A word that is lost is made good by a redelivery."""
        try:
            await saying
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("NATS did not take a word on %s: %s", self.subject, error or type(error).__name__)


@contextlib.asynccontextmanager
async def intake(
    url: str, name: str, stream: str, durable: str, slots: int, take: Callable[[NatsDelivery], Awaitable[None]]
) -> AsyncIterator[Client]:
    """Hand every delivery of a durable consumer to `take`, at most `slots` at once; yield the connection.

    Raises Unavailable when NATS does not answer at first.
    """
    broker = NatsBroker(
        url, name=name, graceful_timeout=5, logger=None, max_reconnect_attempts=-1, reconnect_time_wait=1
    )
    connected: list[Client] = []

    async def deliver(message: NatsMessage) -> None:
        await _within_its_trace(durable, NatsDelivery(message, connected[0]), take)

    for _slot in range(slots):
        broker.subscriber(
            durable=durable,
            stream=JStream(stream, declare=False),
            pull_sub=PullSub(1, timeout=5.0),
            config=ConsumerConfig(durable_name=durable, filter_subjects=[]),
            ack_policy=AckPolicy.MANUAL,
            parser=None,
        )(deliver)
    try:
        await broker.connect()
        connected.append(broker._connection)  # type: ignore[arg-type]  # noqa: SLF001 - the one connection of the process
        await broker.start()
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error
    try:
        yield connected[0]
    finally:
        await broker.stop()


async def _within_its_trace(
    durable: str, delivery: NatsDelivery, take: Callable[[NatsDelivery], Awaitable[None]]
) -> None:
    """Hand over a delivery as a part of the trace that it belongs to; count how it ended."""
    ids, begun = ids_of(delivery.subject.removeprefix("erc.dead.")), time.perf_counter()
    with logs.about(ids), trace.span(durable, "consumer", trace.Trace.parse(delivery.traceparent)):
        await take(delivery)
        seconds = time.perf_counter() - begun
        trace.note(f"{durable} {delivery.outcome}", {"deliveries": delivery.deliveries, **ids})
        level = logging.INFO if delivery.subject.startswith("erc.command.") else logging.DEBUG
        log.log(level, "%s: %s after %.3f s, delivery %d", durable, delivery.outcome, seconds, delivery.deliveries)
    metrics.DELIVERY.labels(durable, delivery.outcome).observe(seconds)


async def consumer_is_there(client: Client, stream: str, durable: str) -> bool:
    """Return whether the durable consumer exists: a subscriber of a deleted one waits in silence."""
    try:
        await asyncio.wait_for(client.jetstream().consumer_info(stream, durable), 5)
    except (NatsError, OSError, TimeoutError) as error:
        return "not found" not in str(error)
    return True
