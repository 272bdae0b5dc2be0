"""How full the streams are, how far their readers have come, and which commands have waited longest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from erc.events.bus import Client
from erc.events.errors import Unavailable
from erc.events.streams import WORKERS

_TIMEOUT = 5.0


@dataclass(frozen=True)
class StreamState:
    """A stream: how much it holds and may hold."""

    name: str
    messages: int
    size_bytes: int
    limit_bytes: int


@dataclass(frozen=True)
class ConsumerState:
    """A durable consumer: messages that it has not been given, that it has not answered, that came again."""

    stream: str
    name: str
    pending: int
    unanswered: int
    redelivered: int


@dataclass(frozen=True)
class Survey:
    """Everything at one moment. `oldest` says when the oldest command of a worker that is not done was published."""

    streams: list[StreamState]
    consumers: list[ConsumerState]
    oldest: dict[str, datetime]

    def undelivered(self, worker: str) -> int:
        """Return how many commands of a worker nobody has been given."""
        return sum(it.pending for it in self.consumers if (it.stream, it.name) == ("COMMANDS", f"{worker}-default"))


async def survey(client: Client) -> Survey:
    """Ask NATS, in a dozen small questions. Raises Unavailable."""
    js = client.jetstream(timeout=_TIMEOUT)
    try:
        streams = [
            StreamState(str(it.config.name), it.state.messages, it.state.bytes, it.config.max_bytes or 0)
            for it in await js.streams_info()
        ]
        lists = await asyncio.gather(*(_consumers(js, it.name) for it in streams))
        oldest = await asyncio.gather(*(_oldest(js, worker) for worker in WORKERS))
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error
    times = {worker: time for worker, time in zip(WORKERS, oldest, strict=True) if time}
    return Survey(streams, [consumer for found in lists for consumer in found], times)


async def _consumers(js: JetStreamContext, stream: str) -> list[ConsumerState]:
    return [
        ConsumerState(stream, it.name, it.num_pending or 0, it.num_ack_pending or 0, it.num_redelivered or 0)
        for it in await js.consumers_info(stream)
        if it.config.durable_name
    ]


async def _oldest(js: JetStreamContext, worker: str) -> datetime | None:
    try:
        message = await js.get_msg("COMMANDS", seq=1, subject=f"erc.command.{worker}.default.>", next=True)
    except NotFoundError:
        return None
    return message.time
