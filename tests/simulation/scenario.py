"""What happens in a run: clients that ask and ask again, readers, a hand that kills and stops, and then quiet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError
from support.simulated.machines import Nature
from support.simulated.network import Process

from erc.events.errors import Unavailable
from erc.gateway.idempotency import KeyTaken
from erc.schemas.ids import Id
from simulation.processes import start_all
from simulation.readers import READERS, expected, read
from simulation.world import WORKERS, Chance, World

QUIET_SECONDS = 600.0
FAULTY_SECONDS = 120.0
"""How much longer than the last kill calls may fail."""
NEW_WORK_SECONDS = 30.0
WINDOWS = ("", "begin", "commit", "publish", "batch", "mark", "ack", "blob", "machine")
"""Calls at which a process is killed, before or after they take effect; the first stands for any."""
POLL_SECONDS = 3.0
TERMINAL = {"ready", "rejected", "success", "failure", "shipped", "error"}


@dataclass(frozen=True)
class Plan:
    """How much happens in a run."""

    uploads: int = 1
    jobs: int = 1
    kills: int = 0
    stops: int = 0
    outage: bool = False
    """Whether the relay is away for longer than a stream remembers ids."""
    stalls: float = 0.0
    """Share of the statements in whose midst a worker stands still for longer than a lease."""
    twice: bool = False
    """Whether there are two processes of every kind."""
    lost: float = 0.0
    """Share of the calls that fail, half of them after they took effect."""
    lost_deliveries: float | None = None
    """Share of the deliveries that are lost on their way; None for a quarter of `lost`: each costs a whole lease."""
    nature: Nature = field(default_factory=Nature)
    """How the work outside goes."""
    cancels: float = 0.25
    """Share of the jobs that somebody cancels."""
    ships: float = 0.5
    """Share of the compendia that somebody orders a bag of."""
    gives_up: float = 0.03
    """Share of the unanswered requests that nobody repeats."""
    new_work: float = 0.2
    """Share of the runs that ask for something new at the end."""

    repeats: float = 0.0
    """Share of the jobs that somebody has repeated."""

    reads: bool = True
    """Whether somebody reads the stream of everything."""

    tidies: bool = False
    """Whether the janitor is at work."""

    @property
    def calm(self) -> bool:
        """Whether nothing fails."""
        return not (self.kills or self.stops or self.stalls or self.outage or self.lost)


def plan_of(seed: int) -> Plan:
    """Draw the plan of a seed."""
    rng = random.Random(f"plan {seed}")
    if rng.random() < 0.08:
        return Plan(twice=True, nature=Nature(slow=0.3), reads=rng.random() < 0.3)
    return Plan(
        uploads=rng.choice((1, 1, 1, 2)),
        jobs=rng.choice((1, 1, 2)),
        kills=rng.randrange(3, 9),
        stops=rng.choice((0, 0, 1)),
        outage=rng.random() < 0.1,
        twice=rng.random() < 0.5,
        lost=rng.choice((0.0, 0.02, 0.02, 0.05, 0.05, 0.1, 0.2)),
        nature=Nature(refused=0.03, slow=0.04),
        reads=rng.random() < 0.3,
        tidies=rng.random() < 0.5,
        stalls=rng.choice((0.0, 0.0, 0.0, 0.01)),
    )


async def play(world: World, plan: Plan) -> None:
    """Play a run to its quiet end."""
    world.tidies = plan.tidies
    start_all(world, plan.twice)
    world.network.stalls = plan.stalls
    names = READERS if plan.reads else ()
    readers = [_client(world, f"reader of {name}", read(world, name)) for name in names]
    clients = [_client(world, f"client-{n}", _author(world, f"author{n}", plan)) for n in range(plan.uploads)]
    havoc = _client(world, "havoc", _havoc(world, plan))
    await havoc
    await asyncio.wait(clients, timeout=FAULTY_SECONDS)
    faults = world.network.faults
    if isinstance(faults, Chance):
        faults.over = True
    world.network.stalls = 0.0
    for process in world.processes.values():
        process.doom = None
    done, _waiting = await asyncio.wait(clients, timeout=QUIET_SECONDS)
    for client in done:
        client.result()
    await _until(world, lambda: settled(world), QUIET_SECONDS)
    if world.rng.random() < plan.new_work:
        await _client(world, "late", _new_work(world))
        await _until(world, lambda: settled(world), QUIET_SECONDS)
    await _until(world, lambda: _everybody_is_through(world), QUIET_SECONDS)
    for reader in readers:
        reader.cancel()


def _client(world: World, name: str, work: Any) -> asyncio.Task[None]:
    return Process(name, world.loop).start(work)


def settled(world: World) -> bool:
    """Return whether everything that was accepted has ended and every message has been dealt with."""
    postgres, broker = world.postgres, world.broker
    ended = all(row["status"] in TERMINAL for name in ("compendium", "job", "shipment") for row in postgres.rows(name))
    return (
        ended
        and not any(row["sent"] is None for row in postgres.rows("event"))
        and not broker.streams["COMMANDS"].messages
        and not any(consumer.pending or consumer.ready or consumer.delayed for consumer in broker.consumers.values())
    )


def _everybody_is_through(world: World) -> bool:
    """Return whether every reader has heard the last event, and no transaction is open."""
    return not world.postgres.locks and all(
        heard.events == expected(world, name) for name, heard in world.heard.items()
    )


async def _until(world: World, holds: Callable[[], bool], most_seconds: float) -> None:
    limit = world.loop.time() + most_seconds
    while not holds() and world.loop.time() < limit:
        await asyncio.sleep(POLL_SECONDS)


async def _new_work(world: World) -> None:
    """Ask for something new now that the faults are over; note how long it took."""
    still = max(process.stopped_until for process in world.processes.values()) - world.loop.time()
    await asyncio.sleep(max(still, 0))
    await _until(world, lambda: all(process.alive for process in world.processes.values()), QUIET_SECONDS)
    world.machines.calm = True
    began = world.loop.time()
    compendium = await _insist(world, lambda it: it.upload("late", "late", b"late"))
    world.answered.sent["late"] = world.blobs.keep(b"late")
    world.answered.uploads["late"] = compendium
    await _until(world, lambda: _status(world, "compendium", compendium) in TERMINAL, QUIET_SECONDS)
    world.new_work_seconds = world.loop.time() - began


# ---------------------------------------------------------------------------------------------- clients


async def _author(world: World, owner: str, plan: Plan) -> None:
    """Upload, wait, run, perhaps cancel, perhaps ship; each request again under its key until it is answered."""
    rng, answered = world.rng, world.answered
    await asyncio.sleep(rng.random() * 3)
    archive = f"archive of {owner}".encode()
    answered.sent[owner] = world.blobs.keep(archive)
    compendium = await _insist(world, lambda it: it.upload(owner, owner, archive), plan.gives_up)
    if compendium is None:
        return
    answered.uploads[owner] = compendium
    await _until(world, lambda: _status(world, "compendium", compendium) in TERMINAL, QUIET_SECONDS)
    if _status(world, "compendium", compendium) != "ready":
        return
    await asyncio.gather(*(_run(world, owner, f"{owner} job {n}", compendium, plan) for n in range(plan.jobs)))
    if rng.random() < plan.ships:
        key = f"{owner} bag"
        world.asked["shipment", compendium] += 1
        shipment = await _insist(world, lambda it: it.ship(owner, key, compendium), plan.gives_up)
        if shipment is not None:
            answered.shipments[key] = shipment


async def _run(world: World, owner: str, key: str, compendium: Id, plan: Plan) -> None:
    world.asked["job", compendium] += 1
    job = await _insist(world, lambda it: it.begin(owner, key, compendium), plan.gives_up)
    if job is None:
        return
    world.answered.jobs[key] = job
    if world.rng.random() < plan.cancels:
        await asyncio.sleep(world.rng.random() * 8)
        if await _insist(world, lambda it: it.cancel(owner, f"{key} cancel", job), plan.gives_up):
            world.answered.cancelled.add(job)
    await _until(world, lambda: _status(world, "job", job) in TERMINAL, QUIET_SECONDS)
    if plan.repeats and world.rng.random() < plan.repeats:
        world.asked["repeat", job] += 1
        await _insist(world, lambda it: it.repeat(owner, f"{key} repeat", job), plan.gives_up)


async def _insist(world: World, action: Callable[[Any], Awaitable[Any]], gives_up: float = 0.0) -> Any:
    """Ask until there is an answer, or until the person has gone away."""
    while True:
        try:
            async with asyncio.timeout(20):
                return await world.ask(action)
        except (Unavailable, OSError, DBAPIError, KeyTaken):
            if world.rng.random() < gives_up:
                return None
            await asyncio.sleep(0.2 + world.rng.random())


def _status(world: World, table: str, identifier: Id) -> str:
    row = world.postgres.tables[table].rows.get((identifier,))
    return str(row["status"]) if row else ""


# ---------------------------------------------------------------------------------------------- havoc


async def _havoc(world: World, plan: Plan) -> None:
    """Kill and stop processes, most of them in the middle of something."""
    rng, deeds = world.rng, ["kill"] * plan.kills + ["stop"] * plan.stops
    rng.shuffle(deeds)
    for deed in deeds:
        await asyncio.sleep(rng.random() * 4)
        alive = [one for one in world.processes.values() if one.alive]
        if deed == "stop":
            alive = [one for one in alive if one.name.startswith(WORKERS)]
        busy = [one for one in alive if one.holding]
        if not alive:
            continue
        victim = rng.choice(busy if busy and rng.random() < 0.9 else alive)
        if deed == "stop":
            victim.stopped_until = world.loop.time() + rng.uniform(20, 80)
        elif rng.random() < 0.8:
            victim.doomed_at = rng.choice(WINDOWS)
            victim.doom = 0 if victim.doomed_at else rng.randrange(8)
        else:
            world.network.kill(victim)
    if plan.outage:
        await _outage(world)
    await asyncio.sleep(rng.random() * 2)


async def _outage(world: World) -> None:
    """Kill the leading relay about when it marks what it published; none comes back while a stream remembers ids."""
    await asyncio.sleep(world.rng.uniform(1, 8))
    seconds = world.rng.uniform(125, 200)
    for name, process in world.processes.items():
        if name.startswith("relay"):
            world.restart_seconds[name] = seconds
            leader = world.postgres.leader
            if leader is not None and leader.process is process:
                process.doom, process.doomed_at = 0, "mark"
            else:
                world.network.kill(process)
    await asyncio.sleep(20)
    for name, process in world.processes.items():
        if name.startswith("relay") and process.alive:
            process.doom = None
            world.restart_seconds.pop(name, None)
    await asyncio.sleep(seconds)
