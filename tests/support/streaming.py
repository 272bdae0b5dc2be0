"""A gateway that serves streams in this process, events put straight into NATS, and readers that keep a journal."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import text
from support.service import free_port

from erc.events.bus import Client, Hints, LogStream, StreamPublisher, connect
from erc.events.catalog import CompendiumChanged, CompendiumDeleted, Event, JobChanged, JobEnded
from erc.events.envelope import outgoing_event
from erc.events.outbox import Database, create_engine
from erc.events.relay import Waiting
from erc.events.streams import Lease, provision
from erc.gateway.app import create_app
from erc.gateway.services import OPERATOR, Services
from erc.gateway.settings import GatewaySettings
from erc.gateway.streaming.streams import Pace
from erc.gateway.wiring import wire
from erc.schemas import tables
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job, JobStatus

TOKEN = "a-token"
THEN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def identifier(kind: str, number: int) -> str:
    return f"{kind}{number:025d}"


def compendium_id(number: int) -> str:
    return identifier("c", number)


def job_id(number: int) -> str:
    return identifier("j", number)


@dataclass
class Heard:
    """One event as a reader got it."""

    id: str
    kind: str
    data: dict[str, Any]


@dataclass
class Listener:
    """A reader of a stream over a plain socket; `heard` is its journal, over all its connections."""

    port: int
    path: str
    token: str = TOKEN
    cookie: str = ""
    last: str = ""
    status: int = 0
    heard: list[Heard] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """Ids that came without an event."""
    ended: bool = False
    """Whether the last connection ended with its final chunk."""
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def open(self, limit: int = 1 << 24) -> int:
        """Connect, resuming behind the last id; return the status."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, limit=limit)
        headers = [f"Host: 127.0.0.1:{self.port}", "Accept: text/event-stream"]
        headers += [f"Authorization: Bearer {self.token}"] if self.token else []
        headers += [f"Cookie: erc_session={self.cookie}"] if self.cookie else []
        headers += [f"Last-Event-ID: {self.last}"] if self.last else []
        self._writer.write("\r\n".join([f"GET {self.path} HTTP/1.1", *headers, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        self.status, self.ended = int(head.split()[1]), False
        return self.status

    async def listen(self) -> None:
        """Read until the connection ends."""
        frame = b""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await self._reader.readuntil(b"\r\n")).strip(), 16)
                piece = await self._reader.readexactly(size + 2)
                if size == 0:
                    self.ended = True
                    break
                *whole, frame = (frame + piece[:-2]).split(b"\n\n")
                for one in whole:
                    self._take(one.decode())
        self.close()

    def _take(self, frame: str) -> None:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
        self.last = fields.get("id", self.last)
        if "data" in fields:
            self.heard.append(Heard(fields["id"], fields["event"], json.loads(fields["data"])))
        elif "id" in fields:
            self.places.append(fields["id"])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    async def all(self) -> list[Heard]:
        """Read a stream to its end."""
        await self.open()
        async with asyncio.timeout(30):
            await self.listen()
        return self.heard

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Listener]:
        """Be connected and listen during the block."""
        await self.open()
        listening = asyncio.ensure_future(self.listen())
        try:
            yield self
        finally:
            self.close()
            await listening

    async def until(self, count: int, seconds: float = 30) -> list[Heard]:
        """Return the journal once it has so many events."""
        await eventually(lambda: len(self.heard) >= count, seconds)
        return self.heard


async def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Return once it holds; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@dataclass
class World:
    """The services of a gateway that runs, and short ways to let things happen."""

    services: Services
    client: Client
    port: int
    _row: int = 0

    def listener(self, query: str = "", **about: Any) -> Listener:
        return Listener(self.port, f"/api/v1/events{query}", **about)

    def of_job(self, number: int, **about: Any) -> Listener:
        return Listener(self.port, f"/api/v1/job/{job_id(number)}/events", **about)

    async def compendium(self, number: int, *, owner: str = OPERATOR, candidate: bool = True) -> None:
        """Keep a compendium, without an event."""
        kept = Compendium(
            id=compendium_id(number),
            owner=owner,
            candidate=candidate,
            status=CompendiumStatus.READY,
            upload="0" * 64,
            created=THEN,
        )
        await self._insert(tables.compendium, kept, owner=owner, candidate=candidate)

    async def job(self, number: int, compendium: int, *, ended: bool = False, owner: str = OPERATOR) -> None:
        """Keep a job, without an event."""
        changes = {"status": JobStatus.SUCCESS, "verdict": Verdict.REPRODUCED, "ended": THEN} if ended else {}
        kept = Job(id=job_id(number), compendium_id=compendium_id(compendium), owner=owner, created=THEN, **changes)
        await self._insert(tables.job, kept, owner=owner, compendium_id=kept.compendium_id)

    async def _insert(self, table: Any, kept: Any, **more: Any) -> None:
        row = {"id": kept.id, "status": kept.status.value, "version": kept.version, "created": kept.created, **more}
        async with self.services.records.database.transaction() as transaction:
            document = kept.model_dump(mode="json")
            await transaction.connection.execute(table.insert().values(**row, document=document))

    async def happen(self, *events: tuple[Event, int], time: datetime = THEN) -> None:
        """Put events, each with its number, into the stream, as the relay does."""
        waiting = []
        for event, number in events:
            said = outgoing_event(event, number, time, "gateway")
            self._row += 1
            body = json.dumps(said.body, separators=(",", ":")).encode()
            waiting.append(Waiting(self._row, "EVENTS", said.subject, said.message_id, body))
        publisher = StreamPublisher(self.client)
        for begin in range(0, len(waiting), 200):
            await publisher.publish("EVENTS", waiting[begin : begin + 200])

    async def chunk(self, job: int, number: int, text: str = "line\n", attempt: int = 1) -> None:
        """Put a chunk of a job's log into its stream."""
        await LogStream(self.client).publish(job_id(job), "image_execute", attempt, number, text)

    def end(self) -> None:
        self.services.streams.end()


def changed(number: int, *, candidate: bool = True) -> CompendiumChanged:
    return CompendiumChanged(compendium_id=compendium_id(number), status=CompendiumStatus.READY, candidate=candidate)


def deleted(number: int) -> CompendiumDeleted:
    return CompendiumDeleted(compendium_id=compendium_id(number))


def moved(job: int, compendium: int) -> JobChanged:
    return JobChanged(job_id=job_id(job), compendium_id=compendium_id(compendium), status=JobStatus.RUNNING)


def over(job: int, compendium: int, verdict: Verdict = Verdict.REPRODUCED, **chunks: int) -> JobEnded:
    return JobEnded(
        job_id=job_id(job),
        compendium_id=compendium_id(compendium),
        status=JobStatus.SUCCESS,
        verdict=verdict,
        log_chunks=chunks,
    )


def numbers(heard: Sequence[Heard]) -> list[int]:
    """Return the sequences of the events in a journal."""
    return [one.data["sequence"] for one in heard if "sequence" in one.data]


async def prepare(database_url: str, nats_url: str) -> None:
    """Make the tables and streams."""
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    await engine.dispose()
    client = await connect(nats_url, "provision")
    await provision(client.jetstream(), Lease())
    await client.close()


@contextlib.asynccontextmanager
async def gateway(database_url: str, nats_url: str, home: Path, pace: Pace = Pace()) -> AsyncIterator[World]:  # noqa: B008
    """Serve the application in this process, on empty tables."""
    client = await connect(nats_url, "streaming")
    hints, port = Hints(client), free_port()
    database = Database(create_engine(database_url), hints.wake_relay)
    async with database.transaction() as transaction:
        names = ", ".join(f'"{table.name}"' for table in tables.metadata.sorted_tables)
        await transaction.connection.execute(text(f"TRUNCATE {names}"))
    url = f"http://127.0.0.1:{port}"
    settings = GatewaySettings(database_url, nats_url, home, "127.0.0.1", port, free_port(), url, url, TOKEN, "")
    services = wire(settings, client, hints, database, b"key")
    services.streams.pace = pace
    about = {"port": port, "log_level": "error", "lifespan": "off", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(create_app(services), **about))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield World(services, client, port)
    finally:
        await services.streams.close()
        server.should_exit = True
        await serving
        await database.close()
        await client.close()
