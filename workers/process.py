"""The life of a worker process: connect, announce the slots, take deliveries, end at a signal."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from erc.events import metrics, telemetry
from erc.events.asking import Asking
from erc.events.blob_place import BlobPlace
from erc.events.blobs import BlobStore
from erc.events.bus import Client, Hints, LogStream, connect
from erc.events.delegating import Say, delegate
from erc.events.ending import run_to_the_end
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.events.intake import Intake, NatsDelivery, intake, lasting_intake
from erc.events.outbox import Database, create_engine
from erc.events.streams import Lease
from erc.workers.leftovers import sweep_partials
from erc.workers.run import Desk, Duty
from erc.workers.store import CapacityStore

log = logging.getLogger("erc.worker")

ANNOUNCE_SECONDS = 5.0


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker reads from the environment, once."""

    database_url: str
    nats_url: str
    home: Path
    """Folder of the service's state; the blob store is `blobs` in it."""
    slots: int
    lease: Lease

    @classmethod
    def read(cls, worker: str, slots: int) -> WorkerSettings:
        """Read the settings of `worker`; `slots` is the default of `<WORKER>_SLOTS`."""
        ack_wait = float(os.environ.get("EVENTS_ACK_WAIT_SECONDS", "30"))
        heartbeat = float(os.environ.get("EVENTS_HEARTBEAT_SECONDS", "10"))
        return cls(
            database_url=os.environ["DATABASE_URL"],
            nats_url=os.environ["NATS_URL"],
            home=Path(os.environ.get("ERC_HOME", Path.home() / ".erc")),
            slots=int(os.environ.get(f"{worker.upper()}_SLOTS", slots)),
            lease=Lease(ack_wait=timedelta(seconds=ack_wait), heartbeat=timedelta(seconds=heartbeat)),
        )


@dataclass(frozen=True)
class Context:
    """What a worker's `__main__` wires its handlers with."""

    settings: WorkerSettings
    database: Database
    place: BlobPlace
    blobs: BlobStore
    logs: LogStream
    hints: Hints
    asking: Asking
    client: Client
    tasks: list[asyncio.Future[None]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    """What this process works with, to be announced with its slots: machine, engine, limits."""

    def delegating(self, what: str) -> Callable[[str, Say], Coroutine[Any, Any, str]]:
        """Return what has work of a kind done by another process."""
        return functools.partial(delegate, self.client, what)

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside the deliveries, until the process ends."""
        self.tasks.append(asyncio.ensure_future(work))


Build = Callable[[Context], Awaitable[list[Duty]]]


def main(worker: str, slots: int, build: Build) -> None:
    """Run a worker until SIGTERM or SIGINT; exit code 1 when it cannot go on."""
    _run(worker, lambda: serve(worker, WorkerSettings.read(worker, slots), build))


def _run(worker: str, life: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with telemetry.process(worker):
        metrics.serve(worker)
        try:
            run_to_the_end(life())
        except Unavailable as error:
            log.error("%s stops: %s", worker, error)  # noqa: TRY400 - a sentence, not a trace
            sys.exit(1)


@contextlib.asynccontextmanager
async def _context(worker: str, settings: WorkerSettings) -> AsyncIterator[Context]:
    client = await connect(settings.nats_url, f"erc-{worker}")
    hints = Hints(client)
    engine = create_engine(settings.database_url, size=settings.slots + 2)
    database = Database(engine, hints.wake_relay, Faults.from_environment(worker))
    place = BlobPlace.read(settings.home)
    context = Context(settings, database, place, place.store(), LogStream(client), hints, Asking(client), client)
    try:
        yield context
    finally:
        for task in context.tasks:
            task.cancel()
        await database.close()
        await client.close()


async def serve(worker: str, settings: WorkerSettings, build: Build) -> None:
    """Take deliveries until a signal comes. Raises Unavailable when a server does not answer at the start."""
    async with _context(worker, settings) as context:
        desk = Desk(await build(context), context.blobs, settings.lease, Faults.from_environment(worker))
        instance, durable = f"{worker}-{secrets.token_hex(4)}", f"{worker}-default"
        capacity = CapacityStore(context.database, instance, worker, settings.slots, context.about)
        await context.hints.on(f"erc.control.{worker}.*", desk.cancel)
        context.beside(sweep_partials(context.blobs))
        stop = stop_signal()
        async with intake(settings.nats_url, instance, "COMMANDS", durable, settings.slots, desk.take) as broker:
            await _announce(capacity, context.hints)
            while not await _stopped(stop):
                await _announce(capacity, context.hints)
                await _check_consumer(broker)
            with contextlib.suppress(Unavailable):
                await capacity.withdraw()


async def _stopped(stop: asyncio.Event) -> bool:
    """Wait for the signal until the next announcement is due."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANNOUNCE_SECONDS):
            await stop.wait()
    return stop.is_set()


async def _check_consumer(broker: Intake) -> None:
    if not await broker.served():
        raise Unavailable(f"The consumer {broker.durable} was deleted; starting again.")


class Follower(Protocol):
    """Takes events instead of commands."""

    async def take(self, delivery: NatsDelivery) -> None:
        """Handle one event."""
        ...


def follow(worker: str, build: Callable[[Context], Awaitable[Follower]]) -> None:
    """Run a worker that follows events, one at a time, until SIGTERM or SIGINT."""
    _run(worker, lambda: _follow(worker, WorkerSettings.read(worker, 1), build))


async def _follow(worker: str, settings: WorkerSettings, build: Callable[[Context], Awaitable[Follower]]) -> None:
    async with _context(worker, settings) as context:
        follower, stop = await build(context), stop_signal()
        async with lasting_intake(settings.nats_url, f"erc-{worker}", "EVENTS", worker, 1, follower.take):
            await stop.wait()


async def _announce(capacity: CapacityStore, hints: Hints) -> None:
    try:
        await capacity.announce()
        await hints.capacity()
    except Unavailable as error:
        log.warning("%s", error)


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
