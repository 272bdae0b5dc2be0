"""Letting go of environments, on a real engine and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiodocker.exceptions import DockerError
from sqlalchemy import insert, select, update
from support.busybox import busybox_image
from support.servers import postgres

from erc.events.blobs import FileBlobStore
from erc.events.outbox import Database, create_engine
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.ids import derived_id
from erc.workers.builder.collect import Collector
from erc.workers.builder.domain.collection import Pin, Watermarks, report
from erc.workers.builder.store import Environments
from erc.workers.docker import connect
from erc.workers.engine.shelf import Shelf

pytestmark = pytest.mark.engine

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
KEYS = {name: secrets.token_hex(32) for name in ("running", "public", "saved", "loose")}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with postgres(tmp_path) as server:
        upgrade(server.url)
        yield server.url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(create_engine(url), _no_ping)
    yield database
    await database.close()


async def _no_ping() -> None:
    return


async def fill(database: Database, shelf: Shelf, blobs: FileBlobStore) -> None:
    """Four environments that were not used for long: of a running job, of two published compendia, and of nobody."""
    compendia = {"public": False, "saved": False, "running": True, "loose": True}
    async with database.transaction() as transaction:
        for name, key in KEYS.items():
            image_id = await shelf.find(busybox_image(f"erc-test-collect:{name}", mark=key))
            image = blobs.put(name.encode()) if name == "saved" else None
            about = {"key": key, "image_id": image_id, "image": image, "used": LONG_AGO}
            job = {"id": derived_id(name), "compendium_id": derived_id(f"c {name}"), "owner": "o", "version": 1}
            status = "running" if name == "running" else "success"
            job |= {"status": status, "document": {"environment_key": key}, "created": LONG_AGO}
            paper = {"id": job["compendium_id"], "owner": "o", "candidate": compendia[name], "status": "ready"}
            paper |= {"version": 1, "document": {}, "created": LONG_AGO}
            for table, row in ((tables.built, about), (tables.job, job), (tables.compendium, paper)):
                await transaction.connection.execute(insert(table).values(**row))


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    async with await connect() as engine:
        yield Shelf(engine)
        for name in KEYS:
            with contextlib.suppress(DockerError):
                await engine.images.delete(f"erc-test-collect:{name}", force=True)


async def test_what_a_job_takes_after_the_decision_stays(database: Database, shelf: Shelf, tmp_path: Path) -> None:
    blobs, environments = FileBlobStore(tmp_path / "blobs"), Environments(database, database.engine)
    await fill(database, shelf, blobs)
    collector = Collector(database, shelf, blobs)
    decided = await collector.decide(Watermarks(), NOW, everything=True)

    async with environments.building(KEYS["loose"]), environments.building(KEYS["saved"]):
        going = asyncio.create_task(collector.let_go(decided))
        await asyncio.sleep(0.3)
        there = [await shelf.find(f"erc-test-collect:{name}") for name in ("loose", "saved")]
        await environments.used(KEYS["loose"])
        await environments.put(KEYS["saved"], decided.gone[0].image_id)
    gone = await going

    assert all(there), "nothing goes while another holds the environment"
    assert gone == []
    assert await shelf.find("erc-test-collect:loose")
    assert await shelf.find("erc-test-collect:saved")


async def test_what_is_published_after_the_decision_stays(database: Database, shelf: Shelf, tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")
    await fill(database, shelf, blobs)
    collector = Collector(database, shelf, blobs)
    decided = await collector.decide(Watermarks(), NOW, everything=True)
    async with database.transaction() as transaction:
        await transaction.connection.execute(update(tables.compendium).values(candidate=False))

    gone = await collector.let_go(decided)

    assert [one.key for one in gone] == [KEYS["saved"]]
    assert await shelf.find("erc-test-collect:loose")


async def test_what_nobody_needs_goes_and_what_is_saved_is_remembered(
    url: str, database: Database, tmp_path: Path
) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")
    async with await connect() as engine:
        shelf = Shelf(engine)
        await fill(database, shelf, blobs)
        said = dry_run(url, tmp_path)
        collector = Collector(database, shelf, blobs)
        decided = await collector.decide(Watermarks(), NOW, everything=True)
        gone = await collector.let_go(decided)
        left = {name for name in KEYS if await shelf.find(f"erc-test-collect:{name}")}
        for name in left:
            await engine.images.delete(f"erc-test-collect:{name}", force=True)

    assert said[-1] == "would go=2 pinned=2 others=0"
    assert left == {"running", "public"}
    assert [one.key for one in gone] == [KEYS["saved"], KEYS["loose"]]
    assert {one.key: pin for one, pin in decided.pinned} == {
        KEYS["running"]: Pin.RUNNING,
        KEYS["public"]: Pin.PUBLISHED,
    }
    rows = await database.rows(select(tables.built.c.key))
    assert {row["key"] for row in rows} == {KEYS["running"], KEYS["public"], KEYS["saved"]}
    assert report(decided, gone, dry_run=False)[-1] == "gone=2 pinned=2 others=0"


def dry_run(url: str, home: Path) -> list[str]:
    """What the operator's command says, which lets nothing go."""
    command = [sys.executable, "-m", "erc.workers.builder.collect", "--dry-run", "--all"]
    environment = {**os.environ, "DATABASE_URL": url, "ERC_HOME": str(home)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()
