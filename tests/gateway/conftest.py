"""A migrated PostgreSQL and a NATS, both real, and the gateway's application on them with a relay beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, text
from support.servers import nats, postgres

from erc.deploy.embedded import as_role
from erc.events.bus import Client, Hints, StreamPublisher, Wakeup, connect
from erc.events.outbox import WAKE, Database, create_engine
from erc.events.relay import PostgresOutbox, Relay
from erc.events.streams import Lease, provision
from erc.gateway.app import create_app
from erc.gateway.identifiers import new_id
from erc.gateway.pipeline import start_job
from erc.gateway.services import Services
from erc.gateway.settings import GatewaySettings
from erc.gateway.transition import Advance
from erc.gateway.wiring import wire
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job
from erc.schemas.tables import WRITERS

MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def real_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Addresses of the database's owner and of NATS; the password of each role is its process's name."""
    folder = tmp_path_factory.mktemp("gateway")
    with postgres(folder / "postgres") as database, nats(folder / "nats") as broker:
        upgrade(database.url, {name: name for name in WRITERS})
        asyncio.run(_declare(broker.url))
        yield database.url, broker.url


async def _declare(url: str) -> None:
    client = await connect(url, "provision")
    await provision(client.jetstream(), Lease())
    await client.close()


@dataclass
class Gateway:
    """The gateway's services, its application, and short ways to put something into them."""

    services: Services
    broker: Client
    owner_url: str
    nats_url: str

    def client(self, **headers: str) -> httpx2.AsyncClient:
        """Return a client of somebody who did not sign in."""
        transport = httpx2.ASGITransport(create_app(self.services))
        return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)

    def operator(self) -> httpx2.AsyncClient:
        """Return a client of the operator."""
        return self.client(Authorization="Bearer a-token")

    def url_of(self, process: str) -> str:
        """Return the database's address for a process's own role."""
        return as_role(self.owner_url, f"erc_{process}", process)

    async def compendium(self, owner: str = "operator", **changes: Any) -> Compendium:
        """Keep a candidate that is ready, unless changed, with the event that says so."""
        compendium = Compendium(
            id=new_id(),
            owner=owner,
            upload=self.services.blobs.put(b"archive"),
            metadata={"raw": {"secret": "private"}, "o2r": {"title": "Rain by month"}},
            created=MADE,
        )
        async with self.services.records.database.transaction() as transaction:
            row = {key: getattr(compendium, key) for key in ("id", "owner", "candidate", "version", "created")}
            row |= {"status": compendium.status.value, "document": compendium.model_dump(mode="json")}
            await transaction.connection.execute(insert(tables.compendium).values(**row))
        wanted = {"status": CompendiumStatus.READY, "version": 1} | changes
        after = await self.services.records.move_compendium(
            compendium.id, lambda before: Advance(before.model_copy(update=wanted))
        )
        assert after
        return after

    async def job(self, compendium: Compendium) -> Job:
        """Start a job."""
        job = Job(id=new_id(), compendium_id=compendium.id, owner=compendium.owner, created=MADE)
        manifest = compendium.model_copy(update={"manifest": "0" * 64, "description": "0" * 64})
        job = start_job(job, manifest).state
        await self.services.records.add_job(Advance(job))
        return job

    async def move(self, job: Job) -> None:
        """Let a job go one version further."""

        def moved(before: Job) -> Advance[Job]:
            return Advance(before.model_copy(update={"version": before.version + 1}))

        await self.services.records.move_job(job.id, moved)

    async def settled(self) -> int:
        """Wait until the relay has published everything; return the last position."""
        pending = text(
            "SELECT count(*) AS waiting, max(position) AS last FROM event WHERE position IS NULL OR sent IS NULL"
        )
        last = text("SELECT coalesce(max(position), 0) AS last FROM event")
        deadline = asyncio.get_running_loop().time() + 20
        while (await self.services.records.database.rows(pending))[0]["waiting"]:
            assert asyncio.get_running_loop().time() < deadline, "the relay does not publish"
            await asyncio.sleep(0.01)
        return int((await self.services.records.database.rows(last))[0]["last"])


@pytest.fixture
async def gateway(real_servers: tuple[str, str], tmp_path: Path) -> AsyncIterator[Gateway]:
    """An empty gateway, which works with the database role of its own."""
    owner_url, nats_url = real_servers
    engine = create_engine(owner_url)
    async with engine.begin() as connection:
        names = ", ".join(f'"{table.name}"' for table in tables.metadata.sorted_tables)
        await connection.execute(text(f"TRUNCATE {names}"))
    await engine.dispose()
    broker = await connect(nats_url, "gateway")
    hints = Hints(broker)
    database = Database(create_engine(as_role(owner_url, "erc_gateway", "gateway")), hints.wake_relay)
    services = _services(owner_url, nats_url, tmp_path, database, broker)
    woken = Wakeup()
    await hints.on(WAKE, woken.set)
    outbox = PostgresOutbox(as_role(owner_url, "erc_relay", "relay"), "relay")
    relaying = asyncio.create_task(Relay(outbox, StreamPublisher(broker), asyncio.sleep).run(woken))
    yield Gateway(services, broker, owner_url, nats_url)
    while not relaying.done():
        # Once may be lost in Python 3.11, where `wait_for` prefers a result to a cancellation.
        relaying.cancel()
        await asyncio.wait([relaying], timeout=0.1)
    await outbox.close()
    await database.close()
    await broker.close()


def _services(owner_url: str, nats_url: str, home: Path, database: Database, broker: Client) -> Services:
    settings = GatewaySettings(
        database_url=owner_url,
        nats_url=nats_url,
        home=home,
        host="127.0.0.1",
        port=80,
        content_port=81,
        public_url="http://127.0.0.1",
        content_url="http://127.0.0.1:81",
        operator_token="a-token",
        one_time_token="",
        allow_loopback=True,
    )
    return wire(settings, broker, Hints(broker), database, b"key")
