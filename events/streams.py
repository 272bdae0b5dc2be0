"""Every stream, subject and durable consumer, declared once and provisioned by one explicit step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BadRequestError, NotFoundError, ServerError
from pydantic import BaseModel, ConfigDict

from erc.events.errors import Unavailable

MIB = 1 << 20
DEDUPLICATION = timedelta(minutes=2)
MAX_DELIVER = 5

_ADVISORY = "$JS.EVENT.ADVISORY.CONSUMER"


class Lease(BaseModel):
    """How long a worker may be silent on a message (`ack_wait`), and how often it speaks up; tests shorten both."""

    model_config = ConfigDict(frozen=True)

    ack_wait: timedelta = timedelta(seconds=30)
    heartbeat: timedelta = timedelta(seconds=10)


def stream_configs() -> list[StreamConfig]:
    """Return every stream."""
    shared: dict[str, Any] = {
        "storage": StorageType.FILE,
        "discard": DiscardPolicy.NEW,
        "duplicate_window": DEDUPLICATION.total_seconds(),
    }
    return [
        StreamConfig(
            name="COMMANDS",
            subjects=["erc.command.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            max_bytes=512 * MIB,
            **shared,
        ),
        StreamConfig(name="EVENTS", subjects=["erc.event.>"], max_bytes=1024 * MIB, **shared),
        StreamConfig(name="PUBLIC", subjects=["erc.public.>"], max_bytes=512 * MIB, **shared),
        StreamConfig(
            name="LOGS",
            subjects=["erc.log.>"],
            max_bytes=1024 * MIB,
            max_age=timedelta(days=1).total_seconds(),
            **(shared | {"discard": DiscardPolicy.OLD}),
        ),
        StreamConfig(
            name="DEAD",
            subjects=["erc.dead.>", f"{_ADVISORY}.MAX_DELIVERIES.COMMANDS.*", f"{_ADVISORY}.MAX_DELIVERIES.EVENTS.*"],
            max_bytes=128 * MIB,
            **(shared | {"discard": DiscardPolicy.OLD}),
        ),
    ]


WORKERS = ("loader", "metadata", "builder", "executor", "checker", "shipper")
"""Those that take commands."""

FOLLOWERS = {
    "gateway": (
        "erc.event.workspace.>",
        "erc.event.description.>",
        "erc.event.environment.>",
        "erc.event.image.>",
        "erc.event.execution.>",
        "erc.event.check.>",
        "erc.event.package.>",
    ),
    "indexer": ("erc.event.compendium.>",),
}
"""Those that follow events, and which."""


def consumer_configs(lease: Lease) -> list[tuple[str, ConsumerConfig]]:
    """Return every durable consumer with its stream."""
    shared: dict[str, Any] = {
        "ack_policy": AckPolicy.EXPLICIT,
        "ack_wait": lease.ack_wait.total_seconds(),
        "deliver_policy": DeliverPolicy.ALL,
    }
    workers = [
        (
            "COMMANDS",
            ConsumerConfig(
                durable_name=f"{worker}-default",
                filter_subject=f"erc.command.{worker}.default.>",
                max_deliver=MAX_DELIVER,
                max_ack_pending=1000,
                **shared,
            ),
        )
        for worker in WORKERS
    ]
    followers = [
        (
            "EVENTS",
            ConsumerConfig(
                durable_name=name, filter_subjects=list(subjects), max_deliver=-1, max_ack_pending=64, **shared
            ),
        )
        for name, subjects in FOLLOWERS.items()
    ]
    dead = ("DEAD", ConsumerConfig(durable_name="undertaker", max_deliver=-1, **shared))
    return [*workers, *followers, dead]


async def provision(js: JetStreamContext, lease: Lease) -> None:
    """Create every stream and consumer, or change it to what is declared here; safe to repeat.

    Raises Unavailable; when something cannot be changed while it exists, it says what to do.
    """
    try:
        for config in stream_configs():
            config.allow_atomic = True
            with _explained(f"the stream {config.name}", f"rebuild --stream {config.name}"):
                try:
                    await js.update_stream(config)
                except NotFoundError:
                    await js.add_stream(config)
        for stream, consumer in consumer_configs(lease):
            with _explained(f"the consumer {consumer.durable_name} of {stream}", f"rebuild --stream {stream}"):
                await js.add_consumer(stream, consumer)
    except NatsError as error:
        raise Unavailable(f"NATS refused a stream or consumer: {error}") from error


@contextlib.contextmanager
def _explained(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (BadRequestError, ServerError) as error:
        raise Unavailable(
            f"NATS refused {what}: {error.description}. What cannot be changed while it exists is made anew from the "
            f"event log by: python -m erc.events {remedy}"
        ) from error
