"""The service on virtual time: what must hold holds, whatever is late, lost, repeated, stopped or killed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.simulated.parts import Parts

from erc.events.bus import StreamPublisher
from erc.events.intake import NatsDelivery
from erc.events.outbox import Database
from erc.events.relay import PostgresOutbox, Relay
from erc.gateway import follow, pipeline
from erc.gateway.arrival import advance_compendium
from erc.gateway.idempotency import Idempotency
from erc.gateway.janitor import Janitor
from erc.gateway.store.abandoned import SqlCare
from erc.gateway.store.queue import Queue
from erc.gateway.store.records import Records
from erc.gateway.streaming.everything import begin
from erc.workers.builder.handler import Builder
from erc.workers.checker.handler import Checker
from erc.workers.executor.handler import Executor
from erc.workers.indexer.handler import Indexer
from erc.workers.indexer.store import SearchDocuments
from erc.workers.loader.handler import Loader
from erc.workers.metadata.handler import Describer
from erc.workers.run import Desk
from erc.workers.shipper.handler import Shipper
from erc.workers.store import CapacityStore, WorkStore
from simulation import run as runs
from simulation.__main__ import play_many
from simulation.processes import WORKERS
from simulation.run import run
from simulation.scenario import Plan
from simulation.world import world_of

ROOT = Path(__file__).parents[2]
SEEDS = 120
PLAYED_AGAIN = (0, 25, 30)
"""Two of these have readers, whose place in a set would follow from their addresses in memory."""


def test_whatever_happens_every_invariant_holds() -> None:
    total = play_many(0, SEEDS)
    print(total.line())
    assert not total.failed, f"replay: python -m simulation --journal --seed {total.failed[0]}"
    assert total.crashes > SEEDS
    assert total.busy >= 0.8 * total.crashes, "a kill counts when it hits a process at work"


def _digest(seeds: Sequence[int]) -> str:
    return hashlib.sha256(repr([run(seed).world.network.journal for seed in seeds]).encode()).hexdigest()


def test_the_same_seed_is_the_same_run_in_every_process() -> None:
    here = _digest(PLAYED_AGAIN)
    assert here == _digest(PLAYED_AGAIN)
    assert here != _digest(range(3))
    asked = "from simulation.test_seeds import PLAYED_AGAIN, _digest; print(_digest(PLAYED_AGAIN))"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / '.import'}:{ROOT / 'tests'}", "PYTHONHASHSEED": "77"}
    there = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_the_faster_stand_ins_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    faster = _digest(PLAYED_AGAIN)

    @contextmanager
    def as_shipped() -> Iterator[None]:
        yield

    monkeypatch.setattr(runs, "faster", as_shipped)
    assert _digest(PLAYED_AGAIN) == faster


def test_only_the_ports_are_fakes() -> None:
    parts = Parts()
    assert parts.relay is Relay
    assert parts.outbox is PostgresOutbox
    assert parts.publisher is StreamPublisher
    assert parts.delivery is NatsDelivery
    assert parts.database is Database
    assert parts.records is Records
    assert parts.queue is Queue
    assert parts.follower is follow.Follower
    assert parts.undertaker is follow.Undertaker
    assert parts.desk is Desk
    assert parts.work_store is WorkStore
    assert parts.capacity is CapacityStore
    assert parts.indexer is Indexer
    assert parts.documents is SearchDocuments
    assert parts.idempotency is Idempotency
    assert parts.begin is begin
    assert parts.janitor is Janitor
    assert parts.care is SqlCare
    assert parts.start_job is pipeline.start_job
    assert parts.cancel_job is pipeline.cancel_job
    assert follow.advance_job is pipeline.advance_job
    assert follow.advance_compendium is advance_compendium


def test_the_workers_are_the_products_own_handlers() -> None:
    world = world_of(0, Parts(), Plan().nature, 0.0)
    database = world.database()
    duties = [
        duty
        for wire in WORKERS.values()
        for duty in wire(world, lambda table, source: WorkStore(database, table, source, world.now))
    ]
    world.loop.close()
    handlers = {type(getattr(duty.handle, "__self__", None)) for duty in duties}
    assert handlers == {Loader, Describer, Builder, Executor, Checker, Shipper}


def test_an_unknown_statement_ends_the_run_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.simulated.texts.STATEMENTS", {})
    with pytest.raises(NotImplementedError, match="does not know the statement"):
        run(1)
