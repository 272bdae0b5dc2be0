"""The queue is fair by owner; the place that it tells is the order in which it serves, and the estimate follows it."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, update
from support.servers import postgres

from erc.events.catalog import ExecuteWorkspace
from erc.events.outbox import Database, create_engine
from erc.gateway.client.terminal import in_words
from erc.gateway.estimate import Place, wait_seconds
from erc.gateway.store.queue import Queue, place
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.ids import encode_id

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """A row of the queue as a test wants it."""

    owner: str
    minute: int
    released: bool


def served(entries: Sequence[Entry]) -> list[int]:
    """The model: whose work runs least is next, and of these who came first; return the numbers of the entries."""
    running = Counter(entry.owner for entry in entries if entry.released)
    left = [number for number, entry in enumerate(entries) if not entry.released]
    order = []
    while left:
        heads = {entries[n].owner: n for n in sorted(left, key=lambda n: (-entries[n].minute, -n))}
        following = min(heads.values(), key=lambda n: (running[entries[n].owner], entries[n].minute, n))
        order.append(following)
        left.remove(following)
        running[entries[following].owner] += 1
    return order


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("queue")) as server:
        upgrade(server.url)
        yield server.url


async def _no_ping() -> None:
    return


def job_id(number: int) -> str:
    return encode_id(number, bytes(10))


async def fill(database: Database, entries: Sequence[Entry], slots: int, worker: str = "executor") -> None:
    """Make the queue as it is in these entries."""
    async with database.transaction() as transaction:
        for table in (tables.waiting, tables.capacity):
            await transaction.connection.execute(delete(table))
        capacity = {"instance": "one", "worker": worker, "slots": slots, "seen": func.now()}
        await transaction.connection.execute(insert(tables.capacity).values(**capacity))
        for number, entry in enumerate(entries):
            command = ExecuteWorkspace(
                job_id=job_id(number), manifest="a" * 64, description="a" * 64, plan="a" * 64, image_id="i"
            )
            row = {
                "job_id": job_id(number),
                "worker": worker,
                "owner": entry.owner,
                "cause": "1",
                "command": {"type": "executor.execute", "data": command.model_dump()},
                "since": NOW + timedelta(minutes=entry.minute),
                "released": NOW if entry.released else None,
            }
            await transaction.connection.execute(insert(tables.waiting).values(**row))


entries = st.lists(
    st.builds(Entry, owner=st.sampled_from("abc"), minute=st.integers(0, 3), released=st.booleans()), max_size=9
)


@settings(max_examples=15, deadline=None)
@given(entries=entries)
def test_the_place_that_is_told_is_the_order_in_which_the_queue_serves(url: str, entries: list[Entry]) -> None:
    async def play() -> None:
        database, queue = Database(create_engine(url), _no_ping), Queue()
        busy = sum(entry.released for entry in entries)
        expected = served(entries)
        await fill(database, entries, slots=busy)
        told = {number: await place(database, job_id(number)) for number in range(len(entries))}
        assert {n: at.position for n, at in told.items() if at} == {n: i for i, n in enumerate(expected, start=1)}
        for number in expected:
            async with database.transaction() as transaction:
                busy += 1
                more = update(tables.capacity).values(slots=busy)
                await transaction.connection.execute(more)
                assert await queue.fill(transaction, "executor") == 1
                assert [message["message_id"] for message in transaction.outgoing] == [
                    f"command:{job_id(number)}:executor.execute:1"
                ]
                transaction.outgoing.clear()
        await database.close()

    asyncio.run(play())


@settings(max_examples=15, deadline=None)
@given(entries=entries, free=st.integers(0, 4))
def test_free_slots_are_filled_in_that_order_and_never_overfilled(url: str, entries: list[Entry], free: int) -> None:
    async def play() -> None:
        database, queue = Database(create_engine(url), _no_ping), Queue()
        await fill(database, entries, slots=sum(entry.released for entry in entries) + free)
        async with database.transaction() as transaction:
            await queue.fill(transaction, "executor")
            sent = [message["message_id"].split(":")[1] for message in transaction.outgoing]
            transaction.outgoing.clear()
        assert sent == [job_id(number) for number in served(entries)[:free]]
        await database.close()

    asyncio.run(play())


async def test_the_place_comes_with_an_estimate_from_the_last_runs(url: str) -> None:
    database = Database(create_engine(url), _no_ping)
    await fill(database, [Entry("a", 0, False), Entry("a", 1, False), Entry("b", 2, False)], slots=1)
    assert await place(database, job_id(1)) == Place(3, None)
    steps = [(0, 60, "success"), (0, 100, "failure"), (0, 0, "failure"), (0, 600, "running"), (0, 80, "success")]
    async with database.transaction() as transaction:
        for number, (start, end, status) in enumerate(steps):
            step = {"status": status, "start": _at(start), "end": None if status == "running" else _at(end)}
            row = {
                "id": job_id(100 + number),
                "compendium_id": "c",
                "owner": "a",
                "status": "success",
                "version": 1,
                "document": {"steps": {"image_execute": step, "image_build": {"status": "queued"}}},
                "created": NOW,
            }
            await transaction.connection.execute(insert(tables.job).values(**row))
    assert await place(database, job_id(1)) == Place(3, 160)
    assert await place(database, job_id(77)) is None
    await database.close()


def _at(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("position", "slots", "ages", "durations", "seconds"),
    [
        (1, 1, [], [10], 0),
        (1, 1, [4], [10], 6),
        (1, 1, [40], [10], 0),
        (2, 1, [4], [10], 16),
        (2, 2, [4, 7], [10], 6),
        (3, 2, [4, 7], [10], 13),
        (1, 2, [4], [10], 0),
        (1, 1, [1, 4], [10], 9),
        (1, 1, [5], [1, 10, 1000], 5),
        (1, 0, [], [10], None),
        (1, 1, [], [], None),
    ],
)
def test_the_wait_is_estimated(
    position: int, slots: int, ages: list[float], durations: list[float], seconds: int | None
) -> None:
    assert wait_seconds(position, slots, ages, durations) == seconds


@given(st.integers(1, 4), st.lists(st.floats(0, 100), max_size=5), st.lists(st.floats(1, 100), min_size=1, max_size=5))
def test_who_is_further_behind_waits_no_less_and_more_slots_never_take_longer(
    slots: int, ages: list[float], durations: list[float]
) -> None:
    waits = [wait_seconds(position, slots, ages, durations) for position in range(1, 9)]
    assert all(first <= later for first, later in itertools.pairwise(waits))
    more = [wait_seconds(position, slots + 1, ages, durations) for position in range(1, 9)]
    assert all(fewer >= many for fewer, many in zip(waits, more, strict=True))


def test_an_estimate_is_told_in_words() -> None:
    told = [in_words(seconds) for seconds in (0, 59, 61, 240, 3500, 7300, 200_000)]
    minutes = ["about 1 minute", "about 1 minute", "about 4 minutes"]
    assert told == ["less than a minute", *minutes, "about 1 hour", "about 2 hours", "about 2 days"]
