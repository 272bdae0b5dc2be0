"""The durable pipeline: POST → row → command → worker → row → event → SSE, on the product's own upload route.

The raw floor does the same inserts, publishes and fetches on the same servers without frameworks: a file written and
fsynced, a row and its command, a worker's row and its event, a row and its event again, and a reader of events.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import nats
from bench.report import Figure
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import RetentionPolicy
from support.service import TEXT_PAPER, Service, packed

UPLOADS = 600
CLIENTS = 16
_BOUNDARY = "bench"


def figures(service: Service, database: str, url: str) -> list[Figure]:
    service.ready(packed(TEXT_PAPER))
    ours = asyncio.run(_ours(service))
    floor = asyncio.run(_floor(database, url))
    return [
        Figure(
            "pipeline, POST to event at an SSE client, loaded, share of the raw floor",
            100 * ours / floor,
            "%",
            "≥ 25 % and ≥ 250/s",
            ours >= floor / 4 and ours >= 250,
            f"raw {floor:,.0f}/s, ours {ours:,.0f}/s",
        )
    ]


async def _ours(service: Service) -> float:
    """Return how many uploads a second came to the event that says they are loaded."""
    port = int(service.url.rsplit(":", 1)[1])
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {service.token}\r\n"
    listener, asking = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    asking.write(f"GET /api/v1/events HTTP/1.1\r\n{head}Accept: text/event-stream\r\n\r\n".encode())
    await asyncio.sleep(1)
    bodies = [_upload(head, number) for number in range(UPLOADS)]
    begun = time.perf_counter()
    listening = asyncio.create_task(_loaded(listener))
    waiting = iter(bodies)
    await asyncio.gather(*(_send(port, waiting) for _ in range(CLIENTS)))
    await listening
    asking.close()
    return UPLOADS / (time.perf_counter() - begun)


def _upload(head: str, number: int) -> bytes:
    archive = packed({**TEXT_PAPER, "number.txt": str(number)})
    part = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
    body = (
        f'{part}"content_type"\r\n\r\nworkspace\r\n{part}"compendium"; filename="w.tar.gz"\r\n\r\n'.encode()
        + archive
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )
    kind = f"Prefer: respond-async\r\nContent-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
    return f"POST /api/v1/compendium HTTP/1.1\r\n{head}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _send(port: int, bodies: Iterator[bytes]) -> None:
    answers, sending = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        sending.write(body)
        head = await answers.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length"))
        await answers.readexactly(int(length.split(b":")[1]))
    sending.close()


async def _loaded(listener: asyncio.StreamReader) -> None:
    """Return when every upload was seen in the state that follows its loading."""
    seen = 0
    while seen < UPLOADS:
        line = await listener.readline()
        seen += line.startswith(b"data:") and json.loads(line[5:])["data"].get("status") == "describing"


async def _floor(database: str, url: str) -> float:
    pool = await asyncpg.create_pool(database, min_size=CLIENTS, max_size=CLIENTS)
    client = await nats.connect(url)
    js = client.jetstream()
    await pool.execute("CREATE TABLE IF NOT EXISTS bench_pipeline (body text)")
    await js.add_stream(name="BENCHC", subjects=["benchc.>"], retention=RetentionPolicy.WORK_QUEUE)
    await js.add_stream(name="BENCHE", subjects=["benche.>"])
    try:
        return await _raw_pipeline(pool, client)
    finally:
        await js.delete_stream("BENCHC")
        await js.delete_stream("BENCHE")
        await pool.execute("DROP TABLE bench_pipeline")
        await pool.close()
        await client.close()


async def _raw_pipeline(pool: Any, client: Client) -> float:
    js, body = client.jetstream(), "x" * 400
    seen, all_seen = 0, asyncio.Event()

    async def step(subject: str) -> None:
        await pool.execute("INSERT INTO bench_pipeline VALUES ($1)", body)
        await js.publish(subject, body.encode())

    async def note(_message: Msg) -> None:
        nonlocal seen
        seen += 1
        if seen == UPLOADS:
            all_seen.set()

    await js.subscribe("benche.b", ordered_consumer=True, cb=note)
    posts = iter(range(UPLOADS))

    async def post(folder: Path) -> None:
        for number in posts:
            await asyncio.to_thread(_write, folder / str(number), body.encode() * 2)
            await step("benchc.load")

    workers = [asyncio.create_task(_work(js, "benchc.load", "worker", lambda: step("benche.a"))) for _ in range(4)]
    workers += [asyncio.create_task(_work(js, "benche.a", "follower", lambda: step("benche.b"))) for _ in range(4)]
    with tempfile.TemporaryDirectory() as name:
        begun = time.perf_counter()
        await asyncio.gather(*(post(Path(name)) for _ in range(CLIENTS)))
        await all_seen.wait()
        seconds = time.perf_counter() - begun
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return UPLOADS / seconds


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


async def _work(js: Any, subject: str, durable: str, step: Callable[[], Awaitable[None]]) -> None:
    pull = await js.pull_subscribe(subject, durable=durable)
    while True:
        (message,) = await pull.fetch(1, timeout=60)
        await step()
        await message.ack()
