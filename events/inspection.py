"""The streams and consumers as they are: what the relay keeps whole, what operators look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, StreamInfo
from nats.js.errors import NotFoundError

from erc.events.errors import NoAnswer, Unavailable
from erc.events.refill import StreamSeen
from erc.events.relay import Waiting
from erc.events.streams import Lease, consumer_configs, provision, stream_configs


@dataclass(frozen=True)
class ConsumerState:
    """A declared durable consumer; `present` is False when it is not there.

    `pending` counts messages that wait, `unacknowledged` those that somebody works on, `waiting` requests for more.
    """

    stream: str
    name: str
    present: bool
    pending: int = 0
    unacknowledged: int = 0
    redelivered: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class StreamState:
    """A declared stream; `present` is False when it is not there. `drops` when it makes room by dropping old ones."""

    name: str
    present: bool
    incarnation: str = ""
    created: datetime | None = None
    messages: int = 0
    size_bytes: int = 0
    most_bytes: int = 0
    first_sequence: int = 0
    last_sequence: int = 0
    drops: bool = False


class Inspection:
    """Looks at NATS over one connection. Every method raises Unavailable when it does not answer."""

    def __init__(
        self, client: Client, lease: Lease | None = None, mirror: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._client, self._js, self._lease = client, client.jetstream(timeout=5), lease or Lease()
        self._mirror = mirror

    def connections(self) -> int:
        return int(self._client.stats["reconnects"])

    async def missing(self) -> Sequence[str]:
        present = await self._infos()
        streams = [config.name or "" for config in stream_configs() if config.name not in present]
        consumers = [
            f"{state.stream}/{state.name}"
            for state in await self.consumers()
            if not state.present and state.stream in present
        ]
        return [*streams, *consumers]

    async def provision(self) -> None:
        await provision(self._js, self._lease)
        if self._mirror:
            await self._mirror()

    async def seen(self) -> Mapping[str, StreamSeen]:
        return {name: _seen(info) for name, info in (await self._infos()).items()}

    async def streams(self) -> Sequence[StreamState]:
        """Return every declared stream."""
        infos = await self._infos()
        names = [config.name or "" for config in stream_configs()]
        return [_state(infos[name]) if name in infos else StreamState(name, present=False) for name in names]

    async def consumers(self) -> Sequence[ConsumerState]:
        """Return every declared durable consumer."""
        return [
            await self._consumer(stream, config.durable_name or "") for stream, config in consumer_configs(self._lease)
        ]

    async def message_id(self, stream: str, sequence: int) -> str | None:
        try:
            message = await self._asked(self._js.get_msg(stream, sequence))
        except NotFoundError:
            return None
        return (message.headers or {}).get("Nats-Msg-Id")

    async def holds(self, message: Waiting) -> bool:
        try:
            last = await self._asked(self._js.get_last_msg(message.stream, message.subject))
        except NotFoundError:
            return False
        return (last.headers or {}).get("Nats-Msg-Id") == message.message_id

    async def remove(self, stream: str) -> None:
        try:
            await self._asked(self._js.delete_stream(stream))
        except NotFoundError:
            return

    async def _infos(self) -> dict[str, StreamInfo]:
        declared = {config.name for config in stream_configs()}
        found = await self._asked(self._js.streams_info())
        return {str(info.config.name): info for info in found if info.config.name in declared}

    async def _consumer(self, stream: str, name: str) -> ConsumerState:
        try:
            info = await self._asked(self._js.consumer_info(stream, name))
        except NotFoundError:
            return ConsumerState(stream, name, present=False)
        return ConsumerState(
            stream,
            name,
            present=True,
            pending=info.num_pending or 0,
            unacknowledged=info.num_ack_pending or 0,
            redelivered=info.num_redelivered or 0,
            waiting=info.num_waiting or 0,
        )

    async def _asked(self, question: Any) -> Any:
        try:
            return await question
        except NotFoundError:
            raise
        except (NatsError, OSError, TimeoutError) as error:
            silent = isinstance(error, TimeoutError) and self._client.is_connected
            raise (NoAnswer if silent else Unavailable)(f"NATS does not answer: {error}") from error


def incarnation_of(info: StreamInfo) -> str:
    """Return a short word that changes when a stream is made anew."""
    return f"{int(info.created.timestamp() * 1000):x}" if info.created else "0"


def _seen(info: StreamInfo) -> StreamSeen:
    state, config = info.state, info.config
    return StreamSeen(
        name=str(config.name),
        incarnation=incarnation_of(info),
        messages=state.messages,
        first_sequence=state.first_seq,
        last_sequence=state.last_seq,
        forgets=bool(config.max_age) or config.discard == DiscardPolicy.OLD,
    )


def _state(info: StreamInfo) -> StreamState:
    return StreamState(
        name=str(info.config.name),
        present=True,
        incarnation=incarnation_of(info),
        created=info.created,
        messages=info.state.messages,
        size_bytes=info.state.bytes,
        most_bytes=info.config.max_bytes or 0,
        first_sequence=info.state.first_seq,
        last_sequence=info.state.last_seq,
        drops=info.config.discard == DiscardPolicy.OLD,
    )
