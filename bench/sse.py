"""Streams of events from the gateway's own routes: many readers, each with rights and a filter of its own.

The gateway is the service's process. Its CPU a delivered event is compared with that of a bare program that writes the
same bytes to as many sockets, one write an event; its replay with a bare consumer that only counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop
from bench.report import Figure
from bench.uploads import gateway_pid
from support.service import Service
from support.streaming import THEN, compendium_id, moved

from erc.events.bus import StreamPublisher, connect
from erc.events.envelope import outgoing_event
from erc.events.relay import Waiting

CLIENTS, RATE, SECONDS, HELD, REPLAYED = 1000, 20, 10, 5000, 100_000
SAMPLED = 25
"""Every so many readers one notes how long each event took."""
TICK = os.sysconf("SC_CLK_TCK")


class Reader(asyncio.Protocol):
    """Counts the events of its stream; a sampled one notes when each arrived."""

    def __init__(self, head: bytes, sample: dict[int, float] | None) -> None:
        self._head, self._sample = head, sample
        self.events, self.answered, self.lost = 0, False, False
        self.taken: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._head)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.answered = True
        self.events += data.count(b"\nevent: ")
        if self._sample is not None:
            now = time.perf_counter()
            for piece in data.split(b'"sequence":')[1:]:
                self.taken.append(now - self._sample[int(piece.partition(b",")[0])])

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True


@dataclass
class Stage:
    """What the measurements share."""

    service: Service
    url: str
    gateway: int
    publisher: StreamPublisher
    row: int = 0

    async def publish(self, first: int, count: int, job: int) -> None:
        """Put events of one job of the public compendium into the stream."""
        waiting = []
        for number in range(first, first + count):
            said = outgoing_event(moved(job, 1), number, THEN, "gateway")
            self.row += 1
            body = json.dumps(said.body, separators=(",", ":")).encode()
            waiting.append(Waiting(self.row, "EVENTS", said.subject, said.message_id, body))
        for begin in range(0, count, 500):
            await self.publisher.publish("EVENTS", waiting[begin : begin + 500])

    def head(self, query: str, *, signed_in: bool) -> bytes:
        token = f"Authorization: Bearer {self.service.token}\r\n" if signed_in else ""
        return f"GET /api/v1/events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}\r\n".encode()

    async def readers(self, count: int, own_filter: bool, sample: dict[int, float] | None) -> list[Reader]:
        """Connect readers, half of them signed in; with `own_filter` no two ask for the same."""
        port, loop, found = int(self.service.url.rsplit(":", 1)[1]), asyncio.get_running_loop(), []
        for number in range(count):
            query = f"compendium={compendium_id(1)}" + (f",{compendium_id(1000 + number)}" if own_filter else "")
            head = self.head(query, signed_in=number % 2 == 0)
            reader = Reader(head, sample if number % SAMPLED == 0 else None)
            await loop.create_connection(lambda reader=reader: reader, "127.0.0.1", port)
            found.append(reader)
        await _until(lambda: all(reader.answered for reader in found), 60)
        return found


async def _until(holds: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _cpu(process: int) -> float:
    """Return the seconds of CPU a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


@dataclass(frozen=True)
class Fanned:
    """CPU µs of the gateway a delivery, ms until an event is there, events that did not come."""

    cpu: float
    latencies: Sequence[float]
    missing: int

    @property
    def p99(self) -> float:
        return 1000 * statistics.quantiles(self.latencies, n=100)[98]


async def _fan(stage: Stage, own_filter: bool, job: int) -> Fanned:
    sent: dict[int, float] = {}
    readers = await stage.readers(CLIENTS, own_filter, sent)
    await asyncio.sleep(1)
    begun, busy = time.perf_counter(), _cpu(stage.gateway)
    for number in range(1, RATE * SECONDS + 1):
        sent[number] = time.perf_counter()
        await stage.publish(number, 1, job)
        await asyncio.sleep(max(0, begun + number / RATE - time.perf_counter()))
    wanted = CLIENTS * RATE * SECONDS
    with contextlib.suppress(TimeoutError):
        await _until(lambda: sum(reader.events for reader in readers) >= wanted, 30)
    busy = _cpu(stage.gateway) - busy
    got = sum(reader.events for reader in readers)
    taken = [seconds for reader in readers for seconds in reader.taken]
    for reader in readers:
        reader.transport.close()
    await asyncio.sleep(1)
    return Fanned(1e6 * busy / max(got, 1), taken, wanted - got)


async def _raw_writes() -> float:
    """Return the µs of CPU of one bare write, paced and to as many readers as ours."""
    command = [sys.executable, "-m", "bench.raw", "writes", str(CLIENTS), str(RATE), str(SECONDS), "420"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout
    port, loop = int(await process.stdout.readline()), asyncio.get_running_loop()
    for _ in range(CLIENTS):
        await loop.create_connection(lambda: Reader(b"x", None), "127.0.0.1", port)
    cost = float(await process.stdout.readline())
    await process.wait()
    return cost


async def _held(stage: Stage) -> tuple[int, float]:
    """Return how many readers hold their stream and got every event, and kB of the gateway's memory each."""
    before = _resident(stage.gateway)
    readers = await stage.readers(HELD, False, None)
    await asyncio.sleep(2)
    memory = (_resident(stage.gateway) - before) / HELD / 1000
    await stage.publish(1, 10, 3)
    await asyncio.sleep(15)
    whole = sum(not reader.lost and reader.events == 10 for reader in readers)
    for reader in readers:
        reader.transport.close()
    await asyncio.sleep(3)
    return whole, memory


async def _replayed(stage: Stage) -> float:
    """Return events a second of a replay from the beginning, with rights and a filter."""
    reader = Reader(stage.head("after=0&type=job.changed", signed_in=False), None)
    begun = time.perf_counter()
    port = int(stage.service.url.rsplit(":", 1)[1])
    await asyncio.get_running_loop().create_connection(lambda: reader, "127.0.0.1", port)
    await _until(lambda: reader.events >= REPLAYED, 120)
    reader.transport.close()
    return REPLAYED / (time.perf_counter() - begun)


async def _measured(service: Service, database: str, url: str) -> list[Figure]:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO compendium (id, owner, candidate, status, version, document, created) "
        "VALUES ($1, 'ada', false, 'ready', 1, '{}', now()) ON CONFLICT DO NOTHING",
        compendium_id(1),
    )
    await connection.close()
    client = await connect(url, "bench")
    stage = Stage(service, url, gateway_pid(service), StreamPublisher(client))
    shared = await _fan(stage, own_filter=False, job=1)
    own = await _fan(stage, own_filter=True, job=2)
    floor = await _raw_writes()
    held, memory = await _held(stage)
    for begin in range(1, REPLAYED + 1, 10_000):
        await stage.publish(begin, 10_000, 4)
    ours = statistics.median([await _replayed(stage) for _ in range(3)])
    raw = []
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.raw", "consume", url, stdout=subprocess.PIPE
        )
        raw.append(float((await process.communicate())[0]))
    await client.close()
    return [*_fan_figures(shared, own, floor), *_other_figures(held, memory, ours, statistics.median(raw))]


def _fan_figures(shared: Fanned, own: Fanned, floor: float) -> list[Figure]:
    found = []
    for name, fanned in (("one filter", shared), ("a filter each", own)):
        about = f"SSE, {CLIENTS} clients × {RATE}/s, {name}"
        told = f"raw write {floor:.1f} µs CPU, ours {fanned.cpu:.1f}"
        found += [
            Figure(f"{about}: raw ÷ ours", floor / fanned.cpu, "", "≥ 0.20", floor >= 0.2 * fanned.cpu, told),
            Figure(f"{about}: p99", fanned.p99, "ms", "< 100 ms", fanned.p99 < 100, f"missing {fanned.missing}"),
        ]
    return found


def _other_figures(held: int, memory: float, ours: float, raw: float) -> list[Figure]:
    told = f"raw consumer {raw:,.0f}/s, ours {ours:,.0f}/s"
    return [
        Figure(f"SSE, {HELD} clients held, none dropped", held, "", f"= {HELD}", held == HELD, "–"),
        Figure("SSE, memory a client", memory, "kB", "≤ 40 kB", memory <= 40, "–"),
        Figure(f"SSE, replay of {REPLAYED} ÷ raw consumer", ours / raw, "", "≥ 0.5", ours >= 0.5 * raw, told),
    ]


def figures(service: Service, database: str, url: str) -> list[Figure]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    return uvloop.run(_measured(service, database, url))
