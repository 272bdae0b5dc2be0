"""Lists with filters over 100,000 compendia, against the bare indexed query by the same driver."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg
import httpx2
from bench.report import Figure
from support.service import Service

COMPENDIA, OWNERS, ROUNDS = 100_000, 200, 300
_FILL = """
INSERT INTO compendium (id, owner, candidate, status, version, document, created, published, doi)
SELECT 'l' || lpad(number::text, 25, '0'), 'author-' || number % $2, number % 7 = 0, 'ready', 1,
       jsonb_build_object(
           'id', 'l' || lpad(number::text, 25, '0'), 'owner', 'author-' || number % $2,
           'candidate', number % 7 = 0, 'status', 'ready', 'version', 1, 'upload', repeat('0', 64),
           'created', '2026-01-01T00:00:00Z', 'metadata', '{}'::jsonb),
       now(), CASE WHEN number % 7 = 0 THEN NULL ELSE now() END, '10.5072/' || number
FROM generate_series(1, $1) AS number
"""
_BARE = "SELECT id FROM compendium WHERE owner = $1 AND NOT candidate AND status = 'ready' ORDER BY id DESC LIMIT 100"


async def _p99(ask: Callable[[str], Awaitable[object]]) -> float:
    """Return the p99 in milliseconds of a question about each owner in turn."""
    taken = []
    for number in itertools.islice(itertools.cycle(range(OWNERS)), ROUNDS):
        begun = time.perf_counter()
        await ask(f"author-{number}")
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.quantiles(taken, n=100)[98]


async def _measured(service: Service, database: str) -> list[Figure]:
    connection = await asyncpg.connect(database)
    await connection.execute(_FILL, COMPENDIA, OWNERS)
    await connection.execute("ANALYZE compendium")
    found = []
    async with httpx2.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {service.token}"}) as client:

        async def listed(owner: str) -> None:
            query = {"user": owner, "status": "ready", "candidate": "false"}
            answer = await client.get("/api/v1/compendium", params=query)
            assert len(answer.json()["results"]) == 100, answer.text

        async def bare(owner: str) -> None:
            assert len(await connection.fetch(_BARE, owner)) == 100

        await _p99(bare)
        await _p99(listed)
        floor, ours = await _p99(bare), await _p99(listed)
        told = f"bare query {floor:.2f} ms, ours {ours:.2f} ms over HTTP"
        about = f"list with filters over {COMPENDIA:,} compendia, p99 ÷ bare query"
        found.append(Figure(about, ours / floor, "×", "≤ 3 ×", ours <= 3 * floor, told))
    await connection.execute("DELETE FROM compendium WHERE owner LIKE 'author-%'")
    await connection.close()
    return found


def figures(service: Service, database: str) -> list[Figure]:
    return asyncio.run(_measured(service, database))
