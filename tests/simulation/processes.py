"""The product's processes, wired as their `__main__` wires them, over simulated ports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from support.in_thread import InThread
from support.simulated.broker import Message, deliver
from support.simulated.care import Streams
from support.simulated.machines import Images, Sandbox, Trees
from support.simulated.network import Process
from support.simulated.relay_connection import RelayConnection
from support.simulated.speed import light

from erc.events.catalog import (
    CheckOutputs,
    DescribeWorkspace,
    ExecuteWorkspace,
    LoadWorkspace,
    PackShipment,
    PrepareEnvironment,
    SaveImage,
)
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.gateway.janitor import Janitor
from erc.gateway.store.queue import WAITING_WORKERS
from erc.schemas import tables
from erc.schemas.limits import BuildLimits
from erc.workers.builder.builders import LocalBuilder
from erc.workers.builder.domain.outcomes import prepare_failed, save_failed
from erc.workers.builder.domain.rules import BuildRules
from erc.workers.builder.handler import Builder
from erc.workers.builder.store import Environments
from erc.workers.checker.handler import Checker
from erc.workers.checker.handler import failed as check_failed
from erc.workers.executor.domain.answers import failed as execution_failed
from erc.workers.executor.handler import Executor
from erc.workers.loader.handler import Loader
from erc.workers.loader.handler import rejected as load_rejected
from erc.workers.metadata.handler import Describer
from erc.workers.metadata.handler import rejected as description_rejected
from erc.workers.run import Duty
from erc.workers.shipper.handler import Shipper
from erc.workers.shipper.handler import failed as packing_failed
from simulation.readers import Serving
from simulation.requests import Gateway
from simulation.world import World

SLOTS = 2
ANNOUNCE_SECONDS = 17.0
FILL_SECONDS = 8.0
IDLE_SECONDS = 8.0
JANITOR_SECONDS = 40.0
JANITOR_PATIENCE = timedelta(seconds=60)
RULES = BuildRules(platform="linux/amd64", limits=BuildLimits(), ca_bundle=None, save_image=True)
NO_FAULTS = Faults("", None)


async def relay(world: World, process: Process) -> None:
    """`python -m erc.events relay`."""
    parts = world.parts

    async def connect(_url: str) -> RelayConnection:
        return RelayConnection(world.postgres)

    async def woken(_seconds: float) -> None:
        """Wait for rows, as long as it may take; rounds that would find nothing are left out."""
        leader = world.postgres.leader
        if leader is not None and leader.process is not process and leader.lives:
            await asyncio.sleep(world.rng.uniform(0.5, IDLE_SECONDS))
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(world.rng.uniform(0.1, 0.5) if _unsent(world) else IDLE_SECONDS):
                await world.wake.wait()
        world.wake.clear()

    outbox = parts.outbox("postgresql://simulated", f"relay-{world.token()}", connect)
    process.holding = 1
    await parts.relay(outbox, parts.publisher(world.client()), asyncio.sleep).run(woken)


def _unsent(world: World) -> bool:
    return any(row["sent"] is None for row in world.postgres.rows("event"))


# ---------------------------------------------------------------------------------------------- workers


def _loader(world: World, store: Callable[..., Any]) -> list[Duty]:
    loads = store(tables.workspace, "loader")
    return [
        Duty(LoadWorkspace, loads, Loader(world.machines.extract, world.machines.extract, loads).load, load_rejected)
    ]


def _metadata(world: World, store: Callable[..., Any]) -> list[Duty]:
    describes = store(tables.description, "metadata")
    handler = Describer(world.machines.describe, describes)
    return [Duty(DescribeWorkspace, describes, handler.describe, description_rejected)]


def _builder(world: World, store: Callable[..., Any]) -> list[Duty]:
    database = world.database()
    prepared, saved = store(tables.environment, "builder"), store(tables.image, "builder")
    environments, images = Environments(database, database.engine), Images(world.machines, world.network)
    handler = Builder(
        RULES,
        images,
        LocalBuilder(images, RULES),
        environments,
        InThread(world.blobs),
        world.blobs,
        world.chunks,
        prepared,
        saved,
    )
    return [
        Duty(PrepareEnvironment, prepared, handler.prepare, prepare_failed),
        Duty(SaveImage, saved, handler.save, save_failed),
    ]


def _executor(world: World, store: Callable[..., Any]) -> list[Duty]:
    runs, sandbox = store(tables.execution, "executor"), Sandbox(world.machines, world.network, world.blobs)
    handler = Executor(Trees(), sandbox, world.blobs, world.chunks, runs, 10_000, world.machines.vary)
    stop = lambda command: sandbox.clean(command.job_id)  # noqa: E731
    return [Duty(ExecuteWorkspace, runs, handler.execute, execution_failed, stop=stop)]


def _checker(world: World, store: Callable[..., Any]) -> list[Duty]:
    checks = store(tables.check, "checker")
    handler = Checker(world.machines.compare, world.blobs, checks)
    return [Duty(CheckOutputs, checks, handler.check, check_failed)]


def _shipper(world: World, store: Callable[..., Any]) -> list[Duty]:
    packs = store(tables.package, "shipper")
    handler = Shipper(world.blobs, world.machines.write_zip, packs, world.now)
    return [Duty(PackShipment, packs, handler.pack, packing_failed)]


WORKERS = {
    "loader": _loader,
    "metadata": _metadata,
    "builder": _builder,
    "executor": _executor,
    "checker": _checker,
    "shipper": _shipper,
}


async def worker(kind: str, world: World, process: Process) -> None:
    """`python -m erc.workers.<kind>`."""
    parts, client, database = world.parts, world.client(), world.database()
    duties = WORKERS[kind](world, lambda table, source: parts.work_store(database, light(table), source, world.now))
    desk = parts.desk(duties, world.blobs, parts.lease)
    world.desks[process.name] = desk

    async def take(message: Message) -> None:
        await desk.take(parts.delivery(message, client))

    for _slot in range(SLOTS):
        process.start(deliver(world.broker.consumers[f"{kind}-default"], take))
    if kind not in WAITING_WORKERS:
        await asyncio.Event().wait()
    capacity = parts.capacity(database, f"{kind}-{world.token()}", kind, SLOTS)
    while True:
        with contextlib.suppress(Unavailable):
            await capacity.announce()
            world.capacity.set()
        await asyncio.sleep(ANNOUNCE_SECONDS)


async def indexer(world: World, _process: Process) -> None:
    """`python -m erc.workers.indexer`."""
    follower = world.parts.indexer(world.parts.documents(world.database()), NO_FAULTS)
    await _follow(world, "indexer", follower.take)


async def _follow(world: World, durable: str, take: Callable[[Any], Any]) -> None:
    client = world.client()
    await deliver(world.broker.consumers[durable], lambda message: take(world.parts.delivery(message, client)))


# ---------------------------------------------------------------------------------------------- gateway


async def gateway(world: World, process: Process) -> None:
    """`python -m erc.gateway`."""
    parts, client, database = world.parts, world.client(), world.database()
    queue = parts.queue(world.now)
    records = parts.records(database, queue, world.now, make_id=world.new_id)

    follower = parts.follower(records, world.blobs, NO_FAULTS)
    undertaker = parts.undertaker(records, parts.fetcher(client), world.now)
    for _one in range(2):
        process.start(_follow(world, "gateway", follower.take))
    process.start(_follow(world, "undertaker", undertaker.take))
    world.gateways[process.name] = Gateway(world, process, records, database)
    janitor = parts.janitor(parts.care(database, queue), Streams(world.broker), undertaker, world.now, JANITOR_PATIENCE)
    if world.tidies:
        process.start(_tidy(world, janitor))
    world.serving[process.name] = Serving(world, process)
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FILL_SECONDS):
                await world.capacity.wait()
        world.capacity.clear()
        if any(row["released"] is None for row in world.postgres.rows("waiting")):
            with contextlib.suppress(Unavailable):
                await parts.fill_all(database, queue)


async def _tidy(world: World, janitor: Janitor) -> None:
    """Let the janitor do its rounds; what it does not expect ends the run."""
    while True:
        try:
            await janitor.once()
        except Unavailable:
            pass
        except Exception as error:
            world.network.unknown.append(error)
            raise
        await asyncio.sleep(JANITOR_SECONDS)


def start_all(world: World, twice: bool) -> None:
    """Start the whole service; `twice` with two processes of every kind."""
    numbers = (1, 2) if twice else (1,)
    for number in numbers:
        world.supervise(f"relay-{number}", relay)
        world.supervise(f"gateway-{number}", gateway)
        for kind in WORKERS:
            world.supervise(f"{kind}-{number}", partial(worker, kind))
    world.supervise("indexer-1", indexer)
