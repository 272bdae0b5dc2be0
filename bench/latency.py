"""From POST to the event at an SSE client, against the raw steps of the same minute."""

from __future__ import annotations

import asyncio
import json
import statistics
import time

import asyncpg
import nats
from bench.report import Figure
from support.service import TEXT_PAPER, Service, packed

ROUNDS = 30
IDLE_SECONDS = 0.5
"""Between two rounds, of ours and of the raw steps: an idle machine wakes up more slowly than a busy one."""


async def _floor(database: str, url: str) -> float:
    """Return the summed seconds of: fsynced insert, durable publish, fetch, insert, publish."""
    connection, client = await asyncpg.connect(database), await nats.connect(url)
    js = client.jetstream()
    await connection.execute("CREATE TABLE IF NOT EXISTS bench (body text)")
    await js.add_stream(name="BENCH", subjects=["bench.>"])
    pull = await js.pull_subscribe("bench.a", durable="bench")
    sums = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await connection.execute("INSERT INTO bench VALUES ('x')")
        await js.publish("bench.a", b"x" * 300)
        (message,) = await pull.fetch(1)
        await connection.execute("INSERT INTO bench VALUES ('x')")
        await js.publish("bench.b", b"x" * 300)
        sums.append(time.perf_counter() - begun)
        await message.ack()
        await asyncio.sleep(IDLE_SECONDS)
    await js.delete_stream("BENCH")
    await connection.execute("DROP TABLE bench")
    await connection.close()
    await client.close()
    return statistics.median(sums)


async def _ours(service: Service, compendium: str) -> float:
    """Return the median of the seconds from POST to the job's first event at a client that listens already.

    Both speak over plain sockets, so that the figure is the service's and not a client library's.
    """
    port = int(service.url.rsplit(":", 1)[1])
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {service.token}\r\n"
    body = json.dumps({"compendium_id": compendium})
    post = f"POST /api/v1/job HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    listener, asking = await asyncio.open_connection("127.0.0.1", port)
    asking.write(f"GET /api/v1/events HTTP/1.1\r\n{head}Accept: text/event-stream\r\n\r\n".encode())
    answers, sending = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(1)
    taken: list[float] = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        sending.write(post.encode())
        while not (line := await listener.readline()).startswith(b"data:") or b'"sequence":1' not in line.replace(
            b" ", b""
        ):
            pass
        taken.append(time.perf_counter() - begun)
        answer = await answers.readuntil(b"}")
        job = json.loads(answer[answer.index(b"{") :])["job_id"]
        await asyncio.to_thread(service.post, f"/api/v1/job/{job}/cancel", {})
        await asyncio.sleep(IDLE_SECONDS)
    asking.close()
    sending.close()
    return statistics.median(taken)


def figures(service: Service, database: str, url: str) -> list[Figure]:
    compendium = service.ready(packed(TEXT_PAPER))
    floor = asyncio.run(_floor(database, url))
    ours = asyncio.run(_ours(service, compendium))
    return [
        Figure(
            "POST to event at an SSE client, idle, p50 ÷ raw steps",
            ours / floor,
            "×",
            "≤ 4 ×",
            ours <= 4 * floor,
            f"raw steps {1000 * floor:.1f} ms, ours {1000 * ours:.1f} ms",
        ),
    ]
