"""From POST to the event at an SSE client, against the raw steps of the same minute."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from pathlib import Path

import asyncpg
import httpx2
import nats
from support.service import TEXT_PAPER, Service, packed

from bench.report import Figure

ROUNDS = 60




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
    await js.delete_stream("BENCH")
    await connection.execute("DROP TABLE bench")
    await connection.close()
    await client.close()
    return statistics.median(sums)


async def _ours(service: Service, compendium: str) -> float:
    """Return the median of the seconds from POST to the job's first event at a client that listens already."""
    headers = {"Authorization": f"Bearer {service.token}"}
    taken: list[float] = []
    async with httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as client:
        async with client.stream("GET", "/api/v1/events") as stream:
            lines = stream.aiter_lines()
            await asyncio.sleep(0.5)
            for _ in range(ROUNDS // 3):
                begun = time.perf_counter()
                posting = asyncio.ensure_future(client.post("/api/v1/job", json={"compendium_id": compendium}))
                async for line in lines:
                    if line.startswith("data:") and '"sequence":1' in line.replace(" ", ""):
                        taken.append(time.perf_counter() - begun)
                        break
                job = (await posting).json()["job_id"]
                await client.post(f"/api/v1/job/{job}/cancel")
                await asyncio.sleep(0.4)
    return statistics.median(taken)


def figures(service: Service, database: str, url: str) -> list[Figure]:
    compendium = service.ready(packed(TEXT_PAPER))
    floor = asyncio.run(_floor(database, url))
    ours = asyncio.run(_ours(service, compendium))
    return [
        Figure("POST to event at an SSE client, idle, p50 ÷ raw steps", ours / floor, "×", "≤ 4 ×", ours <= 4 * floor,
               f"raw steps {1000 * floor:.1f} ms, ours {1000 * ours:.1f} ms"),
    ]
