"""Questions in PostgreSQL's own words: they share the pool, survive lost connections and leave it whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from support.servers import postgres

from erc.events.errors import Unavailable
from erc.events.outbox import Database, create_engine


async def _quiet() -> None:
    return


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[tuple[Database, str]]:
    with postgres(tmp_path) as server:
        found = Database(create_engine(server.url, size=2), _quiet)
        yield found, server.url
        await found.close()


async def test_values_are_values_and_faults_are_told_apart(database) -> None:
    rows, _url = database
    assert [dict(row) for row in await rows.plain("SELECT $1::text AS a, $2::int AS b", "'; --", 5)] == [
        {"a": "'; --", "b": 5}
    ]
    with pytest.raises(asyncpg.PostgresError):
        await rows.plain("SELECT nothing")
    assert (await rows.plain("SELECT 1 AS one"))[0]["one"] == 1


async def test_lost_connections_are_not_lent_and_one_that_is_cut_is_for_later(database) -> None:
    rows, url = database
    await asyncio.gather(*(rows.plain("SELECT pg_sleep(0.05)") for _ in range(2)))
    other = await asyncpg.connect(url)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    await other.execute(end)
    await asyncio.sleep(0.1)
    for _ in range(3):
        assert (await rows.plain("SELECT 1 AS one"))[0]["one"] == 1
    waiting = asyncio.create_task(rows.plain("SELECT pg_sleep(20)"))
    await asyncio.sleep(0.2)
    await other.execute(end)
    with pytest.raises(Unavailable):
        await waiting
    await other.close()


async def test_whoever_goes_leaves_no_question_behind(database) -> None:
    rows, _url = database
    for _ in range(6):
        going = asyncio.create_task(rows.plain("SELECT pg_sleep(20)"))
        await asyncio.sleep(0.05)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
    for _ in range(3):
        assert (await asyncio.wait_for(rows.plain("SELECT 1 AS one"), 10))[0]["one"] == 1
