"""What a worker does with a delivery, on a real PostgreSQL: done once, failed once, cancelled, buried, or later."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from support.fakes import FakeDelivery
from support.servers import postgres

from erc.events.blobs import FileBlobStore
from erc.events.catalog import CheckFailed, CheckFinished, CheckOutputs
from erc.events.envelope import outgoing_command
from erc.events.errors import Rejected, Unavailable
from erc.events.outbox import Database, create_engine
from erc.events.streams import MAX_DELIVER, Lease
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.check import Verdict
from erc.schemas.ids import encode_id
from erc.schemas.problem import Problem
from erc.workers.limits import TimeLimit
from erc.workers.run import Desk, Duty
from erc.workers.store import Fenced, Work, WorkStore

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LEASE = Lease(ack_wait=timedelta(seconds=1), heartbeat=timedelta(seconds=0.05))
DIGEST = "a" * 64


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("desk")) as server:
        upgrade(server.url)
        yield server.url


async def _no_ping() -> None:
    return


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(create_engine(url), _no_ping)
    yield database
    await database.close()


class Bench:
    """A desk with one duty, whose handler is what a test wants."""

    def __init__(self, database: Database, blobs: FileBlobStore) -> None:
        self.database, self.blobs = database, blobs
        self.store = WorkStore(database, tables.check, "checker")
        self.calls = 0
        self.stopped: list[str] = []
        self.does = self.finishes
        self.desk = self.with_limit(None)

    def with_limit(self, limit: TimeLimit | None) -> Desk:
        duty = Duty(CheckOutputs, self.store, self.handle, self.failed, self.stop, limit)
        return Desk([duty], self.blobs, LEASE)

    async def handle(self, command: CheckOutputs, work: Work) -> None:
        self.calls += 1
        await self.does(command, work)

    async def finishes(self, command: CheckOutputs, work: Work) -> None:
        finished = CheckFinished(job_id=command.job_id, verdict=Verdict.REPRODUCED, report=DIGEST)
        await self.store.emit(work, finished, status="done")

    async def refuses(self, _command: CheckOutputs, _work: Work) -> None:
        raise Rejected("It cannot be", "Mend it.", code="no")

    async def waits(self, _command: CheckOutputs, _work: Work) -> None:
        raise Unavailable("not now")

    async def lasts(self, _command: CheckOutputs, _work: Work) -> None:
        await asyncio.sleep(60)

    async def hangs(self, _command: CheckOutputs, _work: Work) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    def failed(self, command: CheckOutputs, problem: str, _error: Rejected | None) -> CheckFailed:
        return CheckFailed(job_id=command.job_id, problem=problem)

    async def stop(self, command: CheckOutputs) -> None:
        self.stopped.append(command.job_id)

    async def bodies(self, job: str) -> list[dict[str, Any]]:
        event = tables.event
        rows = await self.database.rows(select(event.c.body).where(event.c.aggregate_id == job).order_by(event.c.id))
        return [row["body"] for row in rows]

    async def events(self, job: str) -> list[tuple[int, str]]:
        event = tables.event
        rows = await self.database.rows(
            select(event.c.sequence, event.c.body).where(event.c.aggregate_id == job).order_by(event.c.id)
        )
        return [(row["sequence"], row["body"]["type"]) for row in rows]


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, FileBlobStore(tmp_path))


def a_delivery(number: int, deliveries: int = 1) -> tuple[str, FakeDelivery]:
    job = encode_id(number, bytes(10))
    command = CheckOutputs(job_id=job, manifest=DIGEST, outputs=DIGEST, description=DIGEST)
    body = outgoing_command(command, "1", NOW).body
    return job, FakeDelivery(json.dumps(body).encode(), deliveries)


async def test_a_command_is_done_once_however_often_it_comes(bench: Bench) -> None:
    job, first = a_delivery(1)
    await bench.desk.take(first)
    _, again = a_delivery(1, deliveries=2)
    await bench.desk.take(again)
    assert (first.said[-1], again.said[-1], bench.calls) == ("acknowledge", "acknowledge", 1)
    assert await bench.events(job) == [(1, "check.finished.v1")]


async def test_a_rejection_is_a_terminal_event_with_its_problem(bench: Bench) -> None:
    bench.does = bench.refuses
    job, delivery = a_delivery(2)
    await bench.desk.take(delivery)
    assert await bench.events(job) == [(1, "check.failed.v1")]
    assert delivery.said[-1] == "acknowledge"


async def test_what_is_unavailable_comes_later_and_ends_after_the_last_delivery(bench: Bench) -> None:
    bench.does = bench.waits
    job, delivery = a_delivery(3)
    await bench.desk.take(delivery)
    assert delivery.said[-1] == "later 1"
    assert await bench.events(job) == []
    _, last = a_delivery(3, deliveries=MAX_DELIVER)
    await bench.desk.take(last)
    assert "bury" in last.said
    assert await bench.events(job) == [(1, "check.failed.v1")]


class Interrupted(WorkStore):
    """A store whose server is away for the first two calls."""

    away = 2

    async def begin(self, work_id: str, command: str) -> Work | None:
        if self.away:
            self.away -= 1
            raise Unavailable("PostgreSQL restarts")
        return await super().begin(work_id, command)


async def test_an_outage_before_the_work_began_uses_up_no_delivery(bench: Bench) -> None:
    store = Interrupted(bench.database, tables.check, "checker")
    desk = Desk([Duty(CheckOutputs, store, bench.handle, bench.failed, bench.stop)], bench.desk.blobs, LEASE)
    job, delivery = a_delivery(7)
    await desk.take(delivery)
    assert set(delivery.said) == {"alive", "acknowledge"}
    assert await bench.events(job) == [(1, "check.finished.v1")]


async def test_a_stale_attempt_neither_writes_nor_acknowledges(bench: Bench) -> None:
    job, slow = a_delivery(4)

    async def overtaken(command: CheckOutputs, work: Work) -> None:
        await bench.store.begin(job, work.command)
        await bench.finishes(command, work)

    bench.does = overtaken
    await bench.desk.take(slow)
    assert await bench.events(job) == []
    assert "acknowledge" not in slow.said
    assert bench.stopped == [], "its successor still works with what is outside"


async def test_a_stale_attempt_removes_what_it_made_after_its_successor_had_ended(bench: Bench) -> None:
    job, slow = a_delivery(8)

    async def overtaken(command: CheckOutputs, work: Work) -> None:
        successor = await bench.store.begin(job, work.command)
        assert successor
        await bench.finishes(command, successor)
        await bench.finishes(command, work)

    bench.does = overtaken
    await bench.desk.take(slow)
    assert (bench.stopped, "acknowledge" in slow.said) == ([job], False)
    assert await bench.events(job) == [(1, "check.finished.v1")]


async def test_cancelled_work_stops_at_the_next_heartbeat_and_is_cleaned_up(bench: Bench) -> None:
    bench.does = bench.lasts
    job, delivery = a_delivery(5)
    taking = asyncio.ensure_future(bench.desk.take(delivery))
    await asyncio.sleep(0.2)
    async with bench.database.transaction() as transaction:
        await transaction.connection.execute(insert(tables.cancellation).values(id=job))
    await asyncio.wait_for(taking, 5)
    assert bench.stopped == [job]
    assert (delivery.said[-1], "alive" in delivery.said) == ("acknowledge", True)
    assert await bench.events(job) == []


@pytest.mark.parametrize("how", ["lasts", "hangs"])
async def test_what_takes_too_long_fails_with_a_sentence_and_does_not_come_again(
    bench: Bench, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erc.workers.run.END_SECONDS", 0.2)
    bench.does = getattr(bench, how)
    desk = bench.with_limit(TimeLimit(timedelta(seconds=0.3), "Comparing", "Publish less."))
    job, delivery = a_delivery(11 if how == "lasts" else 12)
    await asyncio.wait_for(desk.take(delivery), 10)
    assert await bench.events(job) == [(1, "check.failed.v1")]
    assert (delivery.said[-1], bench.stopped) == ("acknowledge", [job])
    digest = (await bench.bodies(job))[0]["data"]["problem"]
    problem = Problem.model_validate_json(bench.blobs.read(digest))
    assert problem.code == "step_timeout"
    assert problem.sentence() == "Comparing took too long. It was stopped after 0.3 seconds. Publish less."
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.get_coro().close()  # type: ignore[union-attr]


async def test_work_is_wanted_until_it_or_its_job_has_ended(bench: Bench) -> None:
    jobs = [encode_id(number, bytes(10)) for number in range(20, 24)]
    for job in jobs:
        assert await bench.store.begin(job, "c")
    async with bench.database.transaction() as transaction:
        await transaction.connection.execute(insert(tables.cancellation).values(id=jobs[1]))
        for job, status in ((jobs[2], "failure"), (jobs[3], "running")):
            row = {"id": job, "compendium_id": "c", "owner": "o", "version": 1, "document": {}, "created": NOW}
            await transaction.connection.execute(insert(tables.job).values(status=status, **row))
    assert await bench.store.running() & set(jobs) == {jobs[0], jobs[3]}


async def test_work_that_goes_on_keeps_its_row_alive(bench: Bench) -> None:
    bench.does = bench.lasts
    job, delivery = a_delivery(9)
    taking = asyncio.ensure_future(bench.desk.take(delivery))
    changed = select(tables.check.c.changed).where(tables.check.c.id == job)
    seen: set[object] = set()
    async with asyncio.timeout(10):
        while len(seen) < 3:
            seen |= {row["changed"] for row in await bench.database.rows(changed)}
            await asyncio.sleep(0.02)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)


async def test_a_watch_that_breaks_is_no_cancellation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_work_id: str) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(bench.store, "cancelled", broken)
    bench.does = bench.lasts
    job, delivery = a_delivery(10)
    await asyncio.wait_for(bench.desk.take(delivery), 5)
    assert (delivery.said[-1], bench.stopped) == ("later 1", [])
    assert await bench.events(job) == []


async def test_work_that_was_cancelled_before_it_began_is_not_begun(bench: Bench) -> None:
    job, delivery = a_delivery(6)
    async with bench.database.transaction() as transaction:
        await transaction.connection.execute(insert(tables.cancellation).values(id=job))
    await bench.desk.take(delivery)
    assert (bench.calls, bench.stopped, delivery.said[-1]) == (0, [job], "acknowledge")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type": "loader.sing.v1"}'])
async def test_a_message_that_is_no_command_is_buried(bench: Bench, body: bytes) -> None:
    delivery = FakeDelivery(body)
    await bench.desk.take(delivery)
    assert delivery.said == ["bury"]


async def test_attempts_that_begin_at_once_have_numbers_of_their_own(bench: Bench) -> None:
    job, _ = a_delivery(13)
    begun = await asyncio.gather(*(bench.store.begin(job, "a command") for _ in range(8)), return_exceptions=True)
    attempts = [work.attempt for work in begun if isinstance(work, Work)]
    assert attempts
    assert len(set(attempts)) == len(attempts)
    assert all(isinstance(one, Work | Fenced) for one in begun), begun
