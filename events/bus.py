"""The broker: durable publishing for the relay, control messages and logs for the workers, a connection for all.

Only `events` knows NATS. Control messages are core NATS: hints that may be lost, since every reader also polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from erc.events import metrics
from erc.events.errors import NoAnswer, Unavailable
from erc.events.outbox import WAKE
from erc.events.relay import Waiting

log = logging.getLogger("erc.bus")

__all__ = ["Client", "Hints", "LogStream", "StreamPublisher", "Wakeup", "connect"]

_CONTENT_TYPE = {"Content-Type": "application/cloudevents+json"}
_TIMEOUT = 5.0


async def connect(url: str, name: str, inbox: str = "_INBOX") -> Client:
    """Return a connection that reconnects for ever; raises Unavailable when the first attempt fails.

    `inbox` begins the subjects of answers: accounts with few rights have one of their own.
    """
    try:
        return await nats.connect(
            url,
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            connect_timeout=5,
            error_cb=_say,
            allow_reconnect=True,
            inbox_prefix=inbox,
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS does not answer: {error}") from error


async def _say(error: Exception) -> None:
    log.warning("NATS: %s", error or type(error).__name__)


class StreamPublisher:
    """Publishes to JetStream, several messages as one atomic batch."""

    def __init__(self, client: Client, seconds: float = _TIMEOUT) -> None:
        self._client, self._js, self._seconds = client, client.jetstream(timeout=seconds), seconds

    async def publish(self, stream: str, messages: Sequence[Waiting]) -> None:
        """Publish in order, each at most once by its id; raises Unavailable when the stream did not take all."""
        if not messages:
            return
        try:
            if len(messages) == 1 or not await self._batch(messages):
                for message in messages:
                    await self._js.publish(message.subject, message.body, stream=stream, headers=_headers(message))
        except (NatsError, OSError, TimeoutError) as error:
            silent = isinstance(error, TimeoutError) and self._client.is_connected
            raise (NoAnswer if silent else Unavailable)(f"NATS did not take a message: {error}") from error
        metrics.PUBLISHED.labels(stream).inc(len(messages))

    async def last(self, stream: str, subject: str) -> str | None:
        """Return the id of the last message of a subject, None when the stream keeps none; raises Unavailable."""
        try:
            message = await self._js.get_last_msg(stream, subject)
        except NotFoundError:
            return None
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error
        return (message.headers or {}).get("Nats-Msg-Id")

    async def _batch(self, messages: Sequence[Waiting]) -> bool:
        """Try one atomic batch; False when it was refused whole, as when one of the messages is there already."""
        batch = f"{messages[0].row}-{messages[-1].row}-{id(messages):x}"
        for number, message in enumerate(messages[:-1], start=1):
            headers = {**_headers(message), "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            await self._client.publish(message.subject, message.body, headers=headers)
        last = messages[-1]
        final = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        answer = await self._client.request(
            last.subject, last.body, timeout=self._seconds, headers={**_headers(last), **final}
        )
        return "error" not in json.loads(answer.data)


def _headers(message: Waiting) -> dict[str, str]:
    trace = {"traceparent": message.traceparent} if message.traceparent else {}
    return {"Nats-Msg-Id": message.message_id, **_CONTENT_TYPE, **trace}


class Hints:
    """Core NATS messages: lost without harm."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def wake_relay(self) -> None:
        """Tell the relay that rows wait."""
        await self._send(WAKE)

    async def cancel(self, worker: str, identifier: str) -> None:
        """Tell a worker that this work must stop."""
        await self._send(f"erc.control.{worker}.{identifier}")

    async def webhook(self, identifier: str) -> None:
        """Tell the notifier that a webhook has something to do."""
        await self._send(f"erc.control.notifier.{identifier}")

    async def capacity(self) -> None:
        """Tell the gateway that a worker's capacity changed."""
        await self._send("erc.control.gateway.capacity")

    async def _send(self, subject: str) -> None:
        with contextlib.suppress(NatsError, OSError):
            await self._client.publish(subject)

    async def on(self, subject: str, action: Callable[[str], Awaitable[None]]) -> None:
        """Call `action` with the last token of each control message on `subject`."""

        async def received(message: Msg) -> None:
            await action(message.subject.rsplit(".", 1)[-1])

        await self._client.subscribe(subject, cb=received)


class Wakeup:
    """Waits for the relay's hint, at most so many seconds."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Wait."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    async def set(self, _token: str) -> None:
        """Wake up."""
        self.wake()

    def wake(self) -> None:
        """Wake up."""
        self._event.set()


class LogStream:
    """Publishes the live log of a job's step; the whole log becomes a blob when the step ends."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream(timeout=_TIMEOUT)

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        """Publish chunk `number` (from 1) of an attempt. Raises Unavailable."""
        body = json.dumps({"step": step, "attempt": attempt, "chunk": number, "text": text}).encode()
        headers = {"Nats-Msg-Id": f"log:{job_id}:{step}:{attempt}:{number}"}
        try:
            await self._js.publish(f"erc.log.{job_id}.{step}", body, stream="LOGS", headers=headers)
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS did not take a log chunk: {error}") from error
