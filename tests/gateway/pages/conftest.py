"""The gateway's application on a real PostgreSQL and a real NATS, with a relay, and what is needed to fill it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from PIL import Image
from sqlalchemy import insert, text
from starlette.types import ASGIApp
from support.servers import nats, postgres
from support.service import free_port

from erc.events.blobs import put_document
from erc.events.bus import Hints, LogStream, StreamPublisher, Wakeup, connect
from erc.events.outbox import WAKE, Database, create_engine
from erc.events.relay import PostgresOutbox, Relay
from erc.events.streams import Lease, provision
from erc.gateway.app import create_app
from erc.gateway.content import content_app
from erc.gateway.identifiers import new_id
from erc.gateway.pipeline import start_job
from erc.gateway.services import OPERATOR, Services
from erc.gateway.settings import GatewaySettings
from erc.gateway.transition import Advance
from erc.gateway.wiring import wire
from erc.schemas import tables
from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job, JobStatus, StepName, StepStatus
from erc.schemas.metadata import Description, Kind
from erc.schemas.shipment import Shipment
from erc.schemas.workspace import Entry, Manifest
from erc.workers.indexer.domain import search_document

PAGE = {"Accept": "text/html"}
MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("servers")
    with postgres(folder / "postgres") as database, nats(folder / "nats") as broker:
        asyncio.run(_prepare(database.url, broker.url))
        yield database.url, broker.url


async def _prepare(database_url: str, nats_url: str) -> None:
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    await engine.dispose()
    client = await connect(nats_url, "provision")
    await provision(client.jetstream(), Lease())
    await client.close()


@dataclass
class World:
    """The services, and short ways to put something into them."""

    services: Services
    logs: LogStream
    url: str = ""

    async def compendium(self, **changes: Any) -> Compendium:
        """Keep a compendium that is ready, unless changed."""
        blobs = self.services.blobs
        files = changes.pop("files", {"main.R": b"plot(1)\n", "data/a.csv": b"a\n1\n"})
        manifest = Manifest(
            Entry(path=path, digest=blobs.put(content), size_bytes=len(content), media_type="text/plain")
            for path, content in files.items()
        )
        warnings = changes.pop("warnings", [])
        kept = blobs.put(manifest.document())
        about = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.png", manifest=kept, warnings=warnings)
        values = {
            "id": new_id(),
            "owner": OPERATOR,
            "status": CompendiumStatus.READY,
            "upload": blobs.put(b"archive"),
            "manifest": kept,
            "description": put_document(blobs, about),
            "metadata": {"o2r": {"title": "Rain by month", "mainfile": "main.R", "displayfile": "display.png"}},
            "created": MADE,
        }
        compendium = Compendium(**(values | changes))
        async with self.services.records.database.transaction() as transaction:
            row = {
                "id": compendium.id,
                "owner": compendium.owner,
                "candidate": compendium.candidate,
                "status": compendium.status.value,
                "version": compendium.version,
                "document": compendium.model_dump(mode="json"),
                "created": compendium.created,
            }
            await transaction.connection.execute(insert(tables.compendium).values(**row))
        return compendium

    async def job(self, compendium: Compendium, change: Callable[[Job], Job] = lambda job: job) -> Job:
        """Keep a job on the compendium that has just been started, unless changed."""
        job = Job(id=new_id(), compendium_id=compendium.id, owner=compendium.owner, created=MADE)
        job = change(start_job(job, compendium).state)
        await self.services.records.add_job(Advance(job))
        return job

    async def begin(self, compendium: Compendium) -> Job:
        """Start a job with what follows from it."""
        job = Job(id=new_id(), compendium_id=compendium.id, owner=compendium.owner, created=datetime.now(UTC))
        advance = start_job(job, compendium)
        await self.services.records.add_job(advance)
        return advance.state

    async def move(self, job: Job, **changes: Any) -> None:
        """Change a job as a worker's event would, with the event that follows."""

        def moved(before: Job) -> Advance[Job]:
            return Advance(before.model_copy(update={**changes, "version": before.version + 1}))

        await self.services.records.move_job(job.id, moved)

    async def index(self, compendium: Compendium) -> None:
        """Do what the indexer does."""
        found = search_document(compendium)
        add = text(
            "INSERT INTO search_document (compendium_id, version, owner, candidate, document, words) VALUES "
            "(:id, 1, :owner, :candidate, cast(:document AS jsonb), to_tsvector('english', :words))"
        )
        values = {
            "id": compendium.id,
            "owner": compendium.owner,
            "candidate": compendium.candidate,
            "document": httpx2.Response(200, json=found.source).text,
            "words": f"{found.title} {found.names} {found.text}",
        }
        async with self.services.records.database.transaction() as transaction:
            await transaction.connection.execute(add, values)

    async def shipment(self, compendium: Compendium, **changes: Any) -> Shipment:
        """Keep a shipment."""
        about = {"id": new_id(), "compendium_id": compendium.id, "owner": compendium.owner, "created": MADE}
        shipment = Shipment(**(about | changes))
        document = shipment.model_dump(mode="json")
        row = {key: document[key] for key in ("id", "compendium_id", "owner", "status", "version")}
        row |= {"document": document, "created": shipment.created}
        async with self.services.records.database.transaction() as transaction:
            await transaction.connection.execute(insert(tables.shipment).values(**row))
        return shipment

    def report(self, rows: Sequence[Comparison], verdict: Verdict = Verdict.DIFFERS, **more: Any) -> str:
        """Keep a check report and return its digest."""
        blobs = self.services.blobs
        html = blobs.put(b"<!DOCTYPE html><title>Report</title><p>the whole report")
        report = CheckReport(
            verdict=verdict,
            reason="Figure 1 differs.",
            display="display.html",
            comparisons=list(rows),
            html=html,
            **more,
        )
        return put_document(blobs, report)

    def figure(self, outcome: Outcome, name: str = "Figure 1") -> Comparison:
        """Return a compared figure with its three pictures."""
        sides = {side: self.picture(colour) for side, colour in _SIDES.items()}
        return Comparison(name=name, kind="image", outcome=outcome, finding=f"{name} differs in colour.", **sides)

    def picture(self, colour: str) -> str:
        """Keep a PNG."""
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
        return self.services.blobs.put(buffer.getvalue())

    def made_ready(self, compendium: Compendium) -> Advance[Compendium]:
        """Decide that a compendium is ready."""
        changes = {"status": CompendiumStatus.READY, "version": compendium.version + 1}
        return Advance(compendium.model_copy(update=changes))

    async def cookie(self) -> str:
        """Return the cookie of the operator."""
        return await self.services.sessions.create(OPERATOR)


_SIDES = {"original": "red", "reproduced": "blue", "difference": "white"}


def failed(reason: str, **changes: Any) -> Callable[[Job], Job]:
    """Return what makes a job one that failed while it ran."""

    def change(job: Job) -> Job:
        over = job.steps[StepName.IMAGE_EXECUTE].model_copy(
            update={"status": StepStatus.FAILURE, "start": MADE, "end": MADE, "text": [reason], **changes}
        )
        return job.model_copy(
            update={
                "status": JobStatus.FAILURE,
                "verdict": Verdict.FAILED,
                "reason": reason,
                "ended": MADE,
                "steps": {**job.steps, StepName.IMAGE_EXECUTE: over},
            }
        )

    return change


@pytest.fixture
def as_failed() -> Callable[..., Callable[[Job], Job]]:
    return failed


@pytest.fixture
async def world(servers: tuple[str, str], tmp_path: Path) -> AsyncIterator[World]:
    """An empty gateway with a relay beside it."""
    database_url, nats_url = servers
    client = await connect(nats_url, "pages")
    hints = Hints(client)
    database = Database(create_engine(database_url), hints.wake_relay)
    async with database.transaction() as transaction:
        names = ", ".join(f'"{table.name}"' for table in tables.metadata.sorted_tables)
        await transaction.connection.execute(text(f"TRUNCATE {names}"))
    port, content_port = free_port(), free_port()
    settings = GatewaySettings(
        database_url=database_url,
        nats_url=nats_url,
        home=tmp_path,
        host="127.0.0.1",
        port=port,
        content_port=content_port,
        public_url=f"http://127.0.0.1:{port}",
        content_url=f"http://127.0.0.1:{content_port}",
        operator_token="a-token",
        one_time_token="",
    )
    services = wire(settings, client, hints, database, b"key")
    woken = Wakeup()
    await hints.on(WAKE, woken.set)
    outbox = PostgresOutbox(database_url, f"relay-{port}")
    relaying = asyncio.create_task(Relay(outbox, StreamPublisher(client), asyncio.sleep).run(woken))
    yield World(services, LogStream(client), settings.public_url)
    await services.streams.close()
    while not relaying.done():
        # Once may be lost in Python 3.11, where `wait_for` prefers a result to a cancellation.
        relaying.cancel()
        await asyncio.wait([relaying], timeout=0.1)
    await outbox.close()
    await database.close()
    await client.close()


@pytest.fixture
async def app(world: World) -> ASGIApp:
    return create_app(world.services)


@pytest.fixture
async def reader(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of somebody who has not signed in."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=PAGE) as client:
        yield client


@pytest.fixture
async def operator(app: ASGIApp, world: World) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of the operator."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    cookies = {"erc_session": await world.cookie()}
    headers = PAGE | {"Sec-Fetch-Site": "same-origin"}
    about = {"transport": transport, "base_url": "http://127.0.0.1", "headers": headers, "cookies": cookies}
    async with httpx2.AsyncClient(**about) as client:
        yield client


@pytest.fixture
async def serving(app: ASGIApp, world: World) -> AsyncIterator[World]:
    """The same, served on ports of this machine."""
    settings = world.services.settings
    quiet = {"log_level": "warning", "lifespan": "off", "timeout_graceful_shutdown": 1}
    both = [(app, settings.port), (content_app(world.services), settings.content_port)]
    running = [uvicorn.Server(uvicorn.Config(one, port=port, **quiet)) for one, port in both]
    tasks = [asyncio.create_task(server.serve()) for server in running]
    while not all(server.started for server in running):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield world
    for server in running:
        server.should_exit = True
    await asyncio.gather(*tasks)
