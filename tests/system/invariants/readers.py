"""Reads the world: PostgreSQL, the streams, the blob store, the engine, the jobs' folders, the journals."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import nats
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from erc.events.blobs import FileBlobStore
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.workspace import Manifest
from erc.workers.containers import Containers
from erc.workers.docker import LABEL_JOB, connect
from erc.workers.executor.sandbox import LABEL_HOME
from erc.workers.indexer.domain import search_document

from . import journal
from .world import Leftover, Logged, Message, Row, World

_ID_CHARACTERS = 26


@dataclass(frozen=True)
class Sources:
    """Where the state is: the service's folder, its two servers, the clients' journals."""

    home: Path
    database_url: str
    nats_url: str
    journals: list[Path] = field(default_factory=list)
    engine: str | None = None

    @classmethod
    def of(
        cls,
        home: Path,
        journals: Iterable[Path] = (),
        nats_url: str = "",
        database_url: str = "",
        engine: str | None = None,
    ) -> Sources:
        """Return the sources of a service that was started on `home`, with its own servers unless others are named."""
        ports = json.loads((home / "ports.json").read_text())
        secret = {path.name: path.read_text().strip() for path in (home / "secrets").iterdir()}
        database = f"postgresql://postgres:{secret.get('postgres')}@127.0.0.1:{ports.get('postgres')}/postgres"
        return cls(
            home,
            database_url or database,
            nats_url or f"nats://erc:{secret.get('nats')}@127.0.0.1:{ports.get('nats')}",
            list(journals),
            engine,
        )


async def read(sources: Sources) -> World:
    """Read everything. The streams come after the table: what is in the table must be there."""
    world = World(journal=journal.read(sources.journals))
    await _database(world, sources.database_url)
    await _streams(world, sources.nats_url)
    await asyncio.to_thread(_blobs, world, FileBlobStore(sources.home / "blobs"))
    world.leftovers = [*await _engine(sources), *_folders(sources.home / "jobs")]
    return world


async def _database(world: World, url: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table, rows in (
                ("compendium", world.compendia),
                ("job", world.jobs),
                ("shipment", world.shipments),
            ):
                for row in await connection.fetch(f"SELECT id, status, version, document FROM {table}"):
                    rows[row["id"]] = Row(row["id"], row["status"], row["version"], json.loads(row["document"]))
            world.logged = [_logged(row) for row in await connection.fetch("SELECT * FROM event ORDER BY id")]
            found = await connection.fetch("SELECT compendium_id, document FROM search_document")
            world.index = {row["compendium_id"]: _hash(json.loads(row["document"])) for row in found}
    finally:
        await connection.close()
    for row in world.compendia.values():
        compendium = Compendium.model_validate(row.document)
        if compendium.status is CompendiumStatus.READY:
            source = json.dumps(search_document(compendium).source).replace("\\u0000", "")
            world.projection[row.id] = _hash(json.loads(source))


def _logged(row: Any) -> Logged:
    body = json.loads(row["body"])
    return Logged(
        row["id"],
        row["stream"],
        row["message_id"],
        row["aggregate"],
        row["aggregate_id"],
        row["sequence"],
        body["type"],
        body["data"],
        row["public"],
        sent=row["sent"] is not None,
        position=row["position"],
    )


def _hash(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


async def _streams(world: World, url: str) -> None:
    client = await nats.connect(url, connect_timeout=5, allow_reconnect=False)
    try:
        js = client.jetstream(timeout=10)
        for name in ("EVENTS", "PUBLIC"):
            world.streams[name] = [message async for message in _messages(js, name)]
        world.waiting_commands = (await js.stream_info("COMMANDS")).state.messages
    finally:
        await client.close()


async def _messages(js: Any, stream: str) -> Any:
    """Yield the messages of a stream that the relay may have published: their subjects hold real ids."""
    try:
        last = (await js.stream_info(stream)).state.last_seq
    except NotFoundError:
        return
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL)
    subscription = await js.pull_subscribe("", stream=stream, config=config)
    place = 0
    while place < last:
        try:
            fetched = await subscription.fetch(500, timeout=2)
        except NatsTimeout:
            break
        for raw in fetched:
            place = raw.metadata.sequence.stream
            words = raw.subject.split(".")
            if len(words) == 5 and len(words[3 if stream == "EVENTS" else 2]) == _ID_CHARACTERS:
                yield _message(place, words[2 if stream == "EVENTS" else 3], json.loads(raw.data))
    await subscription.unsubscribe()


def _message(place: int, aggregate: str, body: dict[str, Any]) -> Message:
    return Message(place, body["id"], aggregate, body["subject"], body["sequence"], body["type"], body["data"])


def _blobs(world: World, blobs: FileBlobStore) -> None:
    rows = [*world.compendia.values(), *world.jobs.values(), *world.shipments.values()]
    named = {row.document.get(name) for row in rows for name in ("upload", "manifest", "outputs", "package")}
    for digest in {row.document.get(name) for row in rows for name in ("manifest", "outputs")} - {None}:
        if path := _readable(world, blobs, str(digest)):
            entries = Manifest.parse(path.read_bytes()).entries()
            world.manifests[str(digest)] = {entry.path: entry.digest for entry in entries}
    named |= {digest for files in world.manifests.values() for digest in files.values()}
    for digest in named - world.manifests.keys() - {None}:
        _readable(world, blobs, str(digest))


def _readable(world: World, blobs: FileBlobStore, digest: str) -> Path | None:
    path = blobs.path(digest)
    if not path.exists():
        world.damage[digest] = f"blob {digest} is missing"
        return None
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            world.damage[digest] = f"blob {digest} holds other bytes"
            return None
    return path


async def _engine(sources: Sources) -> list[Leftover]:
    async with await connect(sources.engine) as engine:
        labels = await Containers(engine).labels(LABEL_HOME, str(sources.home / "jobs"))
    return [Leftover("a container or volume", found[LABEL_JOB]) for found in labels]


def _folders(jobs: Path) -> list[Leftover]:
    return [Leftover("a folder", folder.name) for folder in jobs.iterdir()] if jobs.exists() else []
