"""Deliveries from JetStream through FastStream: N subscribers on one durable, a message each, acknowledged by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError

from erc.events import logs, metrics, trace
from erc.events.errors import Unavailable
from erc.events.subjects import ids_of
from erc.schemas.problem import Problem

log = logging.getLogger("erc.intake")

LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 15


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
        self._unburied = False

    async def acknowledge(self) -> None:
        """Say that it is done, unless it had to be buried and could not be: then it comes again."""
        if self._unburied:
            return
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
        burying = self._client.jetstream().publish(f"erc.dead.{self.subject}", body, headers=headers)
        self._unburied = not await self._quietly(burying)
        if not self._unburied:
            await self._quietly(self._message.reject())

    async def alive(self) -> None:
        """Extend the lease."""
        await self._quietly(self._message.in_progress())

    async def _quietly(self, saying: Awaitable[Any]) -> bool:
        """Return whether a word was taken: one that is lost is made good by a redelivery."""
        try:
            await saying
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("NATS did not take a word on %s: %s", self.subject, error or type(error).__name__)
            return False
        return True


@dataclass(frozen=True)
class Intake:
    """Subscribers of a durable consumer over one connection."""

    client: Client
    stream: str
    durable: str
    created: datetime

    async def served(self) -> bool:
        """Return whether the consumer is still the one that was subscribed to: those of a deleted one wait in silence.

        True when NATS does not answer: the subscribers wait for it too.
        """
        with contextlib.suppress(Unavailable):
            return await _created(self.client, self.stream, self.durable) == self.created
        return True


Take = Callable[[NatsDelivery], Awaitable[None]]


@contextlib.asynccontextmanager
async def intake(url: str, name: str, stream: str, durable: str, slots: int, take: Take) -> AsyncIterator[Intake]:
    """Hand every delivery of a durable consumer to `take`, at most `slots` at once; yield what is subscribed to.

    Raises Unavailable when NATS does not answer at first, or when the consumer is not there for a while.
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
        created = await _await_consumer(connected[0], stream, durable)
        await broker.start()
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error
    except Unavailable:
        await broker.stop()
        raise
    try:
        yield Intake(connected[0], stream, durable, created)
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


@contextlib.asynccontextmanager
async def lasting_intake(url: str, name: str, stream: str, durable: str, slots: int, take: Take) -> AsyncIterator[None]:
    """Do the same for as long as the block lasts: subscribe again whenever the consumer was deleted or made anew.

    Raises Unavailable when that cannot be done at first; later it is tried again for ever.
    """
    open_now = contextlib.AsyncExitStack()

    async def subscribe() -> Intake:
        return await open_now.enter_async_context(intake(url, name, stream, durable, slots, take))

    async def attend(current: Intake | None) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if current and await current.served():
                continue
            log.warning("The consumer %s of %s was deleted; subscribing again.", durable, stream)
            await open_now.aclose()
            try:
                current = await subscribe()
            except Unavailable as error:
                log.warning("%s", error)
                current = None

    attending = asyncio.ensure_future(attend(await subscribe()))
    try:
        yield
    finally:
        attending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attending
        await open_now.aclose()


async def _await_consumer(client: Client, stream: str, durable: str) -> datetime:
    """Wait for the consumer: a subscriber would make one that is not there, without its filter."""
    for _moment in range(PATIENCE_SECONDS * 5):
        created = await _created(client, stream, durable)
        if created:
            return created
        await asyncio.sleep(0.2)
    raise Unavailable(f"The consumer {durable} of {stream} is not there; the relay or `erc.events provision` makes it.")


async def _created(client: Client, stream: str, durable: str) -> datetime | None:
    """Return when the consumer was made, None when it is not there. Raises Unavailable."""
    try:
        info: ConsumerInfo = await asyncio.wait_for(client.jetstream().consumer_info(stream, durable), 5)
    except NotFoundError:
        return None
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error
    return info.created
