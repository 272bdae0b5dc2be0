"""The database in memory does what PostgreSQL does: the product's stores write the same rows to both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from support.servers import postgres
from support.simulated.machines import Nature
from support.simulated.network import Process
from support.simulated.parts import Parts

from erc.events.catalog import EnvironmentPlanned, EnvironmentReady, ExecutionStarted, LoadWorkspace
from erc.events.errors import Cancelled
from erc.events.outbox import Database, create_engine
from erc.gateway.pipeline import advance_job, cancel_job, start_job
from erc.gateway.store.queue import Queue, fill_all
from erc.gateway.store.records import Records
from erc.gateway.transition import Advance, Facts
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import derived_id
from erc.schemas.job import Job
from erc.workers.builder.store import Environments
from erc.workers.indexer.domain import search_document
from erc.workers.indexer.store import SearchDocuments
from erc.workers.store import CapacityStore, Fenced, Work, WorkStore
from simulation.world import World, world_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "a" * 64
TABLES = (
    tables.compendium,
    tables.job,
    tables.waiting,
    tables.cancellation,
    tables.capacity,
    tables.execution,
    tables.built,
    tables.search_document,
    tables.event,
)
OF_THE_SERVER = {"since", "released", "changed", "requested", "seen", "created", "used", "words", "id", "traceparent"}
"""Columns filled by a clock, by counters, dictionaries or chance; `id` counts in `event` alone."""


async def story(database: Database) -> list[Any]:
    """Do what the service does, and return what the stores said on the way."""
    queue = Queue(lambda: NOW)
    records = Records(database, queue, lambda: NOW)
    return [*await _accepted(records), *await _waits(database, records, queue), *await _works(database)]


async def _accepted(records: Records) -> list[Any]:
    compendium = Compendium(id=derived_id("c"), owner="o", upload=DIGEST, created=NOW)
    await records.add_compendium(compendium, LoadWorkspace(compendium_id=compendium.id, upload=DIGEST))
    ready = {"status": CompendiumStatus.READY, "manifest": DIGEST, "description": DIGEST, "candidate": False}
    moved = await records.move_compendium(
        compendium.id, lambda it: Advance(it.model_copy(update={**ready, "version": it.version + 1}))
    )
    assert moved
    nothing = await records.move_compendium(derived_id("nobody"), Advance)
    for number in range(4):
        job = Job(id=derived_id(f"j{number}"), compendium_id=moved.id, owner=f"o{number % 2}", created=NOW)
        await records.add_job(start_job(job, moved))
    return [moved, nothing]


async def _waits(database: Database, records: Records, queue: Queue) -> list[Any]:
    await CapacityStore(database, "builder-a", "builder", 1).announce()
    await CapacityStore(database, "builder-a", "builder", 2).announce()
    await CapacityStore(database, "executor-a", "executor", 1).announce()
    await fill_all(database, queue)
    first, second, third = (derived_id(f"j{number}") for number in range(3))
    planned = EnvironmentPlanned(
        job_id=first,
        manifest=DIGEST,
        plan=DIGEST,
        environment_key=DIGEST,
        configuration_made=True,
        runtime_manifest_made=True,
    )
    ready = EnvironmentReady(job_id=first, image_id="i", environment_key=DIGEST, cached=True)
    said = [await records.move_job(first, lambda it: advance_job(it, planned, Facts(NOW)))]
    said += [await records.move_job(first, lambda it: advance_job(it, ready, Facts(NOW)))]
    said += [await records.move_job(third, lambda it: cancel_job(it, NOW)) for _twice in range(2)]
    return [*said, await records.job(second)]


async def _works(database: Database) -> list[Any]:
    store = WorkStore(database, tables.execution, "executor", lambda: NOW)
    mine, other = derived_id("j0"), derived_id("j2")
    first = await store.begin(mine, "command-1")
    second = await store.begin(mine, "command-1")
    assert first
    assert second
    fenced = await _raises(Fenced, lambda: store.emit(first, ExecutionStarted(job_id=mine)))
    done = await store.emit(second, ExecutionStarted(job_id=mine), status="done", document={"kept": True})
    again = await store.begin(mine, "command-1")
    cancelled = await _raises(Cancelled, lambda: store.begin(other, "command-2"))
    environments = Environments(database, database.engine)
    async with environments.building(DIGEST):
        await environments.put(DIGEST, "image-1")
    await environments.saved(DIGEST, DIGEST)
    await environments.put(DIGEST, "image-1")
    kept = await environments.find(DIGEST)
    await environments.put(DIGEST, "image-2")
    documents = SearchDocuments(database)
    compendium = await documents.compendium(derived_id("c"))
    assert compendium
    for version in (2, 1):
        shown = compendium.model_copy(update={"version": version})
        await documents.put(shown, search_document(shown), f'{{"version": {version}}}')
    await documents.remove(derived_id("nobody"))
    work: list[Work | None] = [first, second, done, again]
    return [*work, fenced, cancelled, kept, await store.cancelled(mine), await store.cancelled(other)]


async def _raises(error: type[Exception], act: Callable[[], Awaitable[Any]]) -> bool:
    try:
        await act()
    except error:
        return True
    return False


def _comparable(table: Any, rows: list[Any]) -> list[str]:
    dropped = OF_THE_SERVER - (set() if table is tables.event else {"id"})
    held = [{key: value for key, value in row.items() if key not in dropped} for row in rows]
    if "released" in table.c:
        held = [{**one, "is released": row["released"] is not None} for one, row in zip(held, rows, strict=True)]
    return sorted(json.dumps(one, sort_keys=True, default=str) for one in held)


async def _in_postgres(url: str) -> tuple[list[Any], dict[str, list[str]]]:
    async def ping() -> None:
        pass

    database = Database(create_engine(url), ping)
    said = await story(database)
    rows = {table.name: _comparable(table, await database.rows(select(table))) for table in TABLES}
    await database.close()
    return said, rows


def _in_memory() -> tuple[list[Any], dict[str, list[str]]]:
    world: World = world_of(0, Parts(), Nature(), 0.0)
    said: list[Any] = []

    async def tell() -> None:
        said.extend(await story(world.database()))

    world.loop.run_until_complete(Process("story", world.loop).start(tell()))
    world.loop.close()
    return said, {table.name: _comparable(table, world.postgres.rows(table.name)) for table in TABLES}


def test_the_same_story_leaves_the_same_rows(tmp_path_factory: pytest.TempPathFactory) -> None:
    with postgres(tmp_path_factory.mktemp("conformance")) as server:
        upgrade(server.url)
        said, rows = asyncio.run(_in_postgres(server.url))
    said_in_memory, rows_in_memory = _in_memory()
    assert rows_in_memory == rows
    assert said_in_memory == said
