"""Streams as sequences that can be read from any point and then live: what the gateway serves over SSE."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy

from erc.events.errors import Unavailable


@dataclass(frozen=True)
class Heard:
    """A message of a stream: its place in the stream, its subject, its JSON body."""

    stream: str
    sequence: int
    subject: str
    body: bytes


@dataclass(frozen=True)
class Source:
    """A part of a stream: one subject filter, after a sequence number (0 for all that is kept, None for new ones)."""

    stream: str
    subject: str
    after: int | None


class Feed:
    """Reads streams."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream(timeout=5)

    async def incarnation(self, stream: str) -> str:
        """Return a short word that changes when the stream is made anew."""
        try:
            info = await self._js.stream_info(stream)
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error
        created = info.created
        return f"{int(created.timestamp() * 1000):x}" if created else "0"

    async def last(self, stream: str) -> int:
        """Return the sequence number of the stream's last message."""
        try:
            return (await self._js.stream_info(stream)).state.last_seq
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error

    @contextlib.asynccontextmanager
    async def follow(self, sources: Sequence[Source]) -> AsyncIterator[asyncio.Queue[Heard]]:
        """Yield a queue that receives the messages of all sources, each source in its order, first kept, then live."""
        queue: asyncio.Queue[Heard] = asyncio.Queue(maxsize=1000)
        subscriptions = []
        try:
            subscriptions.extend([await self._subscribe(source, queue) for source in sources])
            yield queue
        except (NatsError, OSError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error
        finally:
            for subscription in subscriptions:
                with contextlib.suppress(NatsError, OSError):
                    await subscription.unsubscribe()

    async def _subscribe(self, source: Source, queue: asyncio.Queue[Heard]) -> JetStreamContext.PushSubscription:
        async def heard(message: Msg) -> None:
            await queue.put(Heard(source.stream, message.metadata.sequence.stream, message.subject, message.data))

        config = ConsumerConfig(deliver_policy=DeliverPolicy.NEW)
        if source.after is not None:
            config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=source.after + 1)
        return await self._js.subscribe(
            source.subject, stream=source.stream, ordered_consumer=True, cb=heard, config=config
        )
