"""One run: start, load, faults, calm, invariants, one line."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from system.chaos.caller import Caller, honours_keys
from system.chaos.engine import engine
from system.chaos.injector import Injector
from system.chaos.load import Load
from system.chaos.schedule import WINDOWS, Fault, schedule
from system.chaos.stack import Stack, stack
from system.invariants.checks import Result, count
from system.invariants.journal import Journal
from system.invariants.readers import Sources
from system.invariants.verdict import report, settled
from system.invariants.world import World

CALM_EVERY = 250
TOPPINGS = 4
FENCED = "a later attempt has taken over"


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    kills: int
    seed: int
    shipped_lease: bool = False
    least: int = 0
    send_keys: bool = True
    own_engine: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the service: small jobs, many at once, short leases."""
        lease = {} if self.shipped_lease else {"EVENTS_ACK_WAIT_SECONDS": "2", "EVENTS_HEARTBEAT_SECONDS": "0.5"}
        return lease | {
            "BUILDER_SAVE_IMAGE": "false",
            "BUILDER_SLOTS": "3",
            "EXECUTOR_SLOTS": "3",
            "EXECUTOR_WALL_CLOCK_SECONDS": "60",
            "EXECUTOR_MEMORY_BYTES": str(256 << 20),
            "EXECUTOR_DISK_BYTES": str(64 << 20),
            "EXECUTOR_PROCESSES": "64",
        }

    @property
    def stop_seconds(self) -> float:
        """How long a worker is stopped: longer than its lease."""
        return 40.0 if self.shipped_lease else 6.0


def run(plan: Plan, work: Path) -> int:
    """Run the plan in a folder; return 0 when everything holds."""
    with ExitStack() as held:
        own = held.enter_context(engine(work)) if plan.own_engine else None
        environment = plan.environment | ({"DOCKER_HOST": own.address} if own else {})
        running = held.enter_context(stack(work, environment))
        running.engine = own.disturb if own else None
        return _tell(plan, *_attack(plan, running, Journal(work / "journal.jsonl"), own.address if own else None))


def _attack(
    plan: Plan, running: Stack, journal: Journal, docker: str | None
) -> tuple[Load, Injector, int, list[Result], World]:
    """Load, inject, let everything settle, check."""
    began, service = time.monotonic(), running.service
    load = Load(
        lambda: Caller(service.url, service.token, journal, plan.send_keys),
        service.url,
        service.token,
        journal,
        plan.seed,
    )
    injector = Injector(running, lambda: load.open, journal, plan.seed, plan.stop_seconds)
    _say(f"Idempotency-Key honoured: {_prepare(load, plan)}")
    for part in _parts(plan, injector):
        with _loaded(load):
            injector.inject_all(part)
            _say(f"{injector.tally.total} kills after {time.monotonic() - began:.0f} s")
        _recover(load, journal)
        _say(f"all that was begun has ended after {time.monotonic() - began:.0f} s")
    sources = Sources.of(service.home, [journal.path], nats_url=running.nats.url, engine=docker)
    results, world = asyncio.run(settled(sources, 90 if plan.shipped_lease else 60))
    load.hush()
    _say(f"everything settled after {time.monotonic() - began:.0f} s")
    return load, injector, _fenced(service.home / "logs"), results, world


def _parts(plan: Plan, injector: Injector) -> Iterator[list[Fault]]:
    """Yield the faults in parts with calm between them; kills that did not reach their moment are made up for."""
    wanted = plan.kills
    for topping in range(1 + TOPPINGS):
        faults = schedule(plan.seed + topping, wanted, engine=plan.own_engine)
        while part := list(islice(faults, CALM_EVERY)):
            yield part
        wanted = plan.kills - injector.tally.total
        if wanted <= 0:
            return


def _tell(plan: Plan, load: Load, injector: Injector, fenced: int, results: list[Result], world: World) -> int:
    """Print tables and the line; return the exit code."""
    _say(injector.tally.table())
    _say(f"fenced out        {fenced}")
    _say(f"jobs              {dict(load.outcomes)}")
    _say(report(results))
    problems = [*load.errors, *_shortcomings(injector, plan)]
    for problem in problems:
        _say(f"PROBLEM {problem}")
    accepted, ended, lost, doubled, stuck = dataclasses.astuple(count(world))
    _say(
        f"kills={injector.tally.total} accepted={accepted} ended={ended} lost={lost} doubled={doubled} stuck={stuck} "
        f"seed={plan.seed}"
    )
    return 1 if problems or any(result.violations for result in results) else 0


def _prepare(load: Load, plan: Plan) -> bool:
    """Bring in a first paper; return whether keys are honoured."""
    chance = random.Random(plan.seed)
    probe, first = (load.ready(load.caller(), chance) for _ in range(2))
    load.papers.append(first)
    honoured = plan.send_keys and honours_keys(load.caller(), probe)
    make = load.caller
    load.caller = lambda: dataclasses.replace(make(), honoured=honoured)
    return honoured


@contextmanager
def _loaded(load: Load) -> Iterator[None]:
    load.begin()
    try:
        yield
    finally:
        load.end()


def _recover(load: Load, journal: Journal) -> None:
    """Note how long new work takes now that nothing is injected."""
    began = time.monotonic()
    caller = load.caller()
    paper = load.ready(caller, random.Random())
    job = caller.job(paper)
    while caller.get(f"/api/v1/job/{job}").get("verdict") is None:
        time.sleep(0.1)
    journal.write("recovered", seconds=round(time.monotonic() - began, 2))


def _fenced(logs: Path) -> int:
    return sum(path.read_text(errors="replace").count(FENCED) for path in logs.glob("*.log*"))


def _shortcomings(injector: Injector, plan: Plan) -> list[str]:
    """Return what the run did not do that it should have."""
    tally, found = injector.tally, []
    if tally.busy < 0.8 * tally.total:
        found.append(f"only {tally.busy} of {tally.total} kills hit a process that held work")
    if tally.total < plan.kills:
        found.append(f"only {tally.total} of {plan.kills} kills were made")
    rare = [
        f"{process} was killed {tally.kills[process, moment]} times {moment}"
        for process, moments in WINDOWS.items()
        for moment in moments
        if tally.kills[process, moment] < plan.least
    ]
    return found + rare


def _say(sentence: str) -> None:
    print(sentence, flush=True)
