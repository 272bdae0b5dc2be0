"""Which faults come in which order: a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

WORKERS = ("loader", "metadata", "builder", "executor", "checker", "shipper")
WORKER_MOMENTS = ("after_begin", "before_commit", "after_commit", "before_acknowledge")
WINDOWS: dict[str, tuple[str, ...]] = {
    "gateway": ("before_commit", "after_commit", "before_answer"),
    "follower": ("before_commit", "after_commit", "before_acknowledge"),
    "relay": ("before_publish", "after_publish", "before_mark", "after_mark"),
    "indexer": ("before_commit", "after_commit", "before_acknowledge"),
    **dict.fromkeys(WORKERS, WORKER_MOMENTS),
}
"""The named moments of each process; the follower of events lives in the gateway's process."""
SERVERS = ("nats", "postgres", "postgres_backend")
NETWORK = ("slow", "narrow", "cut")


@dataclass(frozen=True)
class Fault:
    """Something to do: `kind` is kill, stop, restart, network or engine; `moment` is empty for servers."""

    kind: str
    process: str
    moment: str = ""
    pause: float = 0.0
    """Seconds to wait before it."""


def schedule(seed: int, kills: int, *, engine: bool = False) -> Iterator[Fault]:
    """Yield so many kills, evenly over processes and moments in random order, and other faults between them."""
    chance = random.Random(seed)
    targets = [(process, moment) for process, moments in WINDOWS.items() for moment in moments]
    targets += [(server, "") for server in SERVERS]
    waiting: list[tuple[str, str]] = []
    others: list[Fault] = []
    for number in range(kills):
        if not waiting:
            waiting = chance.sample(targets, len(targets))
        if number % 10 == 9:
            others = others or _others(chance, engine)
            yield others.pop()
        process, moment = waiting.pop()
        yield Fault("kill", process, moment, pause=chance.uniform(0.0, 0.5))


def _others(chance: random.Random, engine: bool) -> list[Fault]:
    """Return one round of faults that are no kills, in random order."""
    faults = [Fault("stop", worker, chance.choice(WORKER_MOMENTS)) for worker in WORKERS]
    faults += [Fault("stop", "relay", chance.choice(WINDOWS["relay"])), Fault("stop", "gateway")]
    faults += [Fault("restart", server) for server in ("nats", "postgres")]
    faults += [Fault("network", weather) for weather in NETWORK]
    if engine:
        faults += [Fault("engine", "kill"), Fault("engine", "stop")]
    chance.shuffle(faults)
    return faults
