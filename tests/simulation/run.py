"""Runs seeds: one seed is one run, the same one every time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from support.simulated.network import Abandoned, Network
from support.simulated.parts import Parts
from support.simulated.speed import faster

from erc.events import hub, pull, trace
from erc.gateway.streaming import everything
from simulation.invariants import broken
from simulation.readers import Numbered, NumberedChannel
from simulation.scenario import Plan, plan_of, play
from simulation.world import World, world_of

END_SECONDS = 120.0
KEPT, BATCH = 4, 3
"""How many events a gateway keeps in memory, and how many it asks the stream for at once."""


@dataclass(frozen=True)
class Run:
    """How a run went."""

    seed: int
    broken: list[str]
    kills: int
    busy_kills: int
    virtual_seconds: float
    calls: int
    world: World


def run(seed: int, parts: Parts | None = None, plan: Plan | None = None) -> Run:
    """Play one seed and check everything; raises what a fake did not know."""
    plan = plan or plan_of(seed)
    return play_in(
        world_of(seed, parts or Parts(), plan.nature, plan.lost, plan.lost_deliveries), seed, plan, calm=plan.calm
    )


def play_in(world: World, seed: int, plan: Plan, *, calm: bool) -> Run:
    """Play a plan in a world; `calm` when nothing fails in it."""
    with _quiet(world), _narrow(seed), faster():
        network = world.network
        try:
            world.loop.run_until_complete(play(world, plan))
            found = broken(world, calm=calm)
        except Abandoned:
            found = ["the run has no end"]
        if network.unknown:
            raise network.unknown[0]
        return Run(seed, found, network.kills, network.busy_kills, world.loop.time(), len(network.journal), world)


@contextlib.contextmanager
def _quiet(world: World) -> Iterator[None]:
    """Say nothing about what is meant to go wrong, and end every task that is left."""
    product, listener = logging.getLogger("erc"), _Listener(world.network)
    logging.disable(logging.WARNING)
    product.addHandler(listener)
    product.propagate = False
    world.loop.set_exception_handler(lambda _loop, _context: None)
    try:
        yield
    finally:
        for process in world.processes.values():
            process.kill()
        for task in asyncio.all_tasks(world.loop):
            task.cancel()
        with contextlib.suppress(Exception):
            world.loop.run_until_complete(_ended(asyncio.all_tasks(world.loop)))
            world.loop.run_until_complete(world.loop.shutdown_asyncgens())
        world.loop.close()
        product.propagate = True
        product.removeHandler(listener)
        logging.disable(logging.NOTSET)


class _Listener(logging.Handler):
    """Hears what the product did not expect: a fake that does not fit ends the run, and is no weather."""

    def __init__(self, network: Network) -> None:
        super().__init__(logging.ERROR)
        self._network = network

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (TypeError, AttributeError, NameError, NotImplementedError)):
            self._network.unknown.append(error)


@contextlib.contextmanager
def _narrow(seed: int) -> Iterator[None]:
    """Keep so few events in memory that readers go back to the stream; let ids and orders follow from the seed."""
    rng = random.Random(f"traces {seed}")
    small: list[tuple[Any, str, Any]] = [
        (hub, "KEPT", KEPT),
        (pull, "BATCH", BATCH),
        (everything, "Channel", NumberedChannel),
        (trace, "secrets", SimpleNamespace(token_hex=lambda size: rng.randbytes(size).hex())),
    ]
    Numbered.begin_again()
    before = [(module, name, getattr(module, name)) for module, name, _value in small]
    for module, name, value in small:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


async def _ended(tasks: set[asyncio.Task[object]]) -> None:
    """Let tasks that were cancelled come to their end, for some virtual minutes."""
    this = asyncio.current_task()
    await asyncio.wait(tasks - {this} if this else tasks, timeout=END_SECONDS)
