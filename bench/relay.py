"""The relay: from a commit to a subscriber, and how fast it empties a full outbox; against raw publishing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from bench.report import Figure
from nats.aio.msg import Msg
from support.servers import nats, postgres

from erc.events.bus import Client, Hints, StreamPublisher, connect
from erc.events.catalog import CompendiumDeleted
from erc.events.envelope import Outgoing, outgoing_event
from erc.events.outbox import Database, create_engine
from erc.events.relay import BATCH, Waiting
from erc.events.streams import Lease, provision
from erc.gateway.identifiers import new_id
from erc.migrations.__main__ import upgrade
from erc.schemas.tables import WRITERS

ROUNDS = 100
IDLE_SECONDS = 0.05
WAITING = 20_000
_COLUMNS = ("stream", "subject", "message_id", "aggregate", "aggregate_id", "sequence", "body")


def figures(root: Path) -> list[Figure]:
    """Measure with servers and a relay of their own."""
    with postgres(root / "relay") as database, nats(root / "relay") as broker:
        upgrade(database.url, {name: name for name in WRITERS})
        return asyncio.run(_figures(database.url, broker.url))


async def _figures(database: str, url: str) -> list[Figure]:
    client = await connect(url, "bench")
    await provision(client.jetstream(), Lease())
    await _fill(database)
    raw_rate = await _raw_drain(client)
    with _relay(database, url):
        rate = await _drain(database)
        publish, ours = await _latency(database, client)
    await client.close()
    return [
        Figure(
            "relay, commit to subscriber, p50 ÷ one durable publish",
            ours / publish,
            "×",
            "≤ 3 ×",
            ours <= 3 * publish,
            f"durable publish {1000 * publish:.2f} ms, ours {1000 * ours:.2f} ms",
        ),
        Figure(
            f"relay, {WAITING:,} waiting messages, share of raw batched publishing",
            100 * rate / raw_rate,
            "%",
            "≥ 50 %",
            rate >= raw_rate / 2,
            f"raw {raw_rate:,.0f}/s, ours {rate:,.0f}/s",
        ),
    ]


@contextlib.contextmanager
def _relay(database: str, url: str) -> Iterator[None]:
    environment = {**os.environ, "DATABASE_URL": database, "NATS_URL": url}
    process = subprocess.Popen([sys.executable, "-m", "erc.events", "relay"], env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _message() -> Outgoing:
    return outgoing_event(CompendiumDeleted(compendium_id=new_id()), 1, datetime.now(UTC), "bench")


async def _fill(database: str) -> None:
    """Put messages into the outbox without a word to the relay."""
    connection = await asyncpg.connect(database)
    messages = [_message() for _ in range(WAITING)]
    rows = [(m.stream, m.subject, m.message_id, m.aggregate, m.aggregate_id, m.sequence, _json(m)) for m in messages]
    await connection.copy_records_to_table("event", records=rows, columns=_COLUMNS)
    await connection.close()


def _json(message: Outgoing) -> str:
    return message.model_dump_json(include={"body"})[len('{"body":') : -1]


async def _drain(database: str) -> float:
    """Return how many messages a second left the outbox, from the first to the last."""
    connection = await asyncpg.connect(database)
    while await connection.fetchval("SELECT count(*) FROM event WHERE sent IS NULL"):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    seconds = await connection.fetchval("SELECT extract(epoch FROM max(sent) - min(sent)) FROM event")
    await connection.close()
    return (WAITING - BATCH) / float(seconds)


async def _raw_drain(client: Client) -> float:
    """Return how many messages of the same form a second go out in atomic batches from memory."""
    publisher = StreamPublisher(client)
    messages = [_message() for _ in range(WAITING // 4)]
    waiting = [
        Waiting(number, m.stream, m.subject, m.message_id, _json(m).encode()) for number, m in enumerate(messages)
    ]
    begun = time.perf_counter()
    for first in range(0, len(waiting), BATCH):
        await publisher.publish("EVENTS", waiting[first : first + BATCH])
    return len(waiting) / (time.perf_counter() - begun)


async def _latency(database: str, client: Client) -> tuple[float, float]:
    """Return the medians, in seconds, of one durable publish and of the way from a commit to a subscriber."""
    engine = create_engine(database)
    outbox = Database(engine, Hints(client).wake_relay)
    js = client.jetstream()
    heard: asyncio.Queue[float] = asyncio.Queue()

    async def note(_message: Msg) -> None:
        heard.put_nowait(time.perf_counter())

    await js.subscribe("erc.event.>", stream="EVENTS", ordered_consumer=True, cb=note, deliver_policy="new")
    publishes, ways = [], []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        await js.publish("erc.event.bench.raw.floor", b"x" * 400, headers={"Nats-Msg-Id": f"raw-{number}"})
        publishes.append(time.perf_counter() - begun)
        await heard.get()
        await asyncio.sleep(IDLE_SECONDS)
        async with outbox.transaction() as transaction:
            transaction.send([_message()])
        committed = time.perf_counter()
        ways.append(await heard.get() - committed)
        await asyncio.sleep(IDLE_SECONDS)
    await outbox.close()
    return statistics.median(publishes), statistics.median(ways)
