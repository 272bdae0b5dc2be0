"""The list of compendia with filters over 100,000 of them, beside a bare route that runs the bare indexed query."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

import asyncpg
import uvicorn
from bench.report import Figure
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.service import Service, free_port, running

from erc.schemas.ids import encode_id

ROWS, OWNERS, PAPERS = 100_000, 500, 20_000
ROUNDS = 400
LIMIT = 100
_INSERT = (
    "INSERT INTO compendium (id, owner, candidate, status, version, document, created, published, doi) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::text[], $5::int[], $6::jsonb[], $7::timestamptz[], "
    "$8::timestamptz[], $9::text[])"
)


async def fill(database_url: str) -> None:
    """Put 100,000 compendia of 500 owners straight into the table, one in five a candidate."""
    connection = await asyncpg.connect(database_url)
    chance = random.Random(1)
    for begin in range(0, ROWS, 10_000):
        rows = [_row(number, chance) for number in range(begin, begin + 10_000)]
        await connection.execute(_INSERT, *[list(column) for column in zip(*rows, strict=True)])
    await connection.execute("VACUUM ANALYZE compendium")
    await connection.close()


def _row(number: int, chance: random.Random) -> tuple[Any, ...]:
    identifier = encode_id(1_700_000_000_000 + number, chance.randbytes(10))
    candidate, owner = number % 5 == 0, f"user-{number % OWNERS}"
    created = _moment(number)
    document = {"id": identifier, "owner": owner, "candidate": candidate, "metadata": {"o2r": {"title": "x" * 800}}}
    published = None if candidate else created
    doi = f"10.5555/{number % PAPERS}"
    return identifier, owner, candidate, "ready", 1, json.dumps(document), created, published, doi


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(1_700_000_000 + number, UTC)


Query = tuple[str, tuple[Any, ...]]
_PAGE = f"ORDER BY id DESC LIMIT {LIMIT}"
CASES: dict[str, tuple[Callable[[int], dict[str, str]], Callable[[int], Query]]] = {
    "newest": (lambda _: {}, lambda _: (f"SELECT id FROM compendium WHERE NOT candidate {_PAGE}", ())),
    "by owner": (
        lambda n: {"user": f"user-{n % OWNERS}"},
        lambda n: (f"SELECT id FROM compendium WHERE owner = $1 AND NOT candidate {_PAGE}", (f"user-{n % OWNERS}",)),
    ),
    "by DOI": (
        lambda n: {"doi": f"10.5555/{n % PAPERS}"},
        lambda n: (f"SELECT id FROM compendium WHERE doi = $1 AND NOT candidate {_PAGE}", (f"10.5555/{n % PAPERS}",)),
    ),
    "by owner and status": (
        lambda n: {"user": f"user-{n % OWNERS}", "status": "ready"},
        lambda n: (
            f"SELECT id FROM compendium WHERE owner = $1 AND NOT candidate AND status = 'ready' {_PAGE}",
            (f"user-{n % OWNERS}",),
        ),
    ),
}


def figures(root: Path) -> list[Figure]:
    home = root / "lists"
    home.mkdir()
    with running(home, GATEWAY_READS_PER_MINUTE="0") as service:
        database_url = service.servers()[0]
        asyncio.run(fill(database_url))
        with _bare_route(database_url) as port:
            return [_figure(name, *asyncio.run(_measured(service, port, database_url, name))) for name in CASES]


def bare(database_url: str, port: int) -> None:
    """Serve a route that runs the bare query and nothing else."""

    async def answer(request: Request) -> Response:
        if not held:
            held.append(await asyncpg.connect(database_url))
        text, values = CASES[request.query_params["case"]][1](int(request.query_params["number"]))
        return JSONResponse({"results": [row["id"] for row in await held[0].fetch(text, *values)]})

    held: list[Any] = []
    uvicorn.run(Starlette(routes=[Route("/", answer)]), port=port, log_level="error", lifespan="off")


@contextlib.contextmanager
def _bare_route(database_url: str) -> Iterator[int]:
    port = free_port()
    code = f"from bench.lists import bare; bare({database_url!r}, {port})"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ".:tests"})
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


async def _measured(service: Service, port: int, database_url: str, name: str) -> list[list[float]]:
    """Return the seconds of our requests, of requests to the bare route, and of bare queries, in turn."""
    asked, query = CASES[name]
    database = await asyncpg.connect(database_url)
    ours, route = (http.client.HTTPConnection(place) for place in (urlsplit(service.url).netloc, f"127.0.0.1:{port}"))
    seconds: list[list[float]] = [[], [], []]
    for number in range(ROUNDS + 20):
        took, listed = _get(ours, f"/api/v1/compendium?{urlencode(asked(number))}")
        seconds[0].append(took)
        took, expected = _get(route, f"/?{urlencode({'case': name, 'number': number})}")
        seconds[1].append(took)
        assert listed == expected
        text, values = query(number)
        begun = time.perf_counter()
        await database.fetch(text, *values)
        seconds[2].append(time.perf_counter() - begun)
    await database.close()
    return [one[20:] for one in seconds]


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[float, list[str]]:
    begun = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - begun
    assert answer.status == 200, body
    return took, json.loads(body)["results"]


def _figure(name: str, ours: list[float], route: list[float], query: list[float]) -> Figure:
    times = _p99(ours) / _p99(route)
    kinds = {"ours": ours, "bare route": route, "query alone": query}
    said = ", ".join(f"{kind} {1000 * median(one):.1f} ms (p99 {1000 * _p99(one):.1f})" for kind, one in kinds.items())
    return Figure(f"list of 100,000 {name}, p99 to a bare route with the query", times, "×", "≤ 3 ×", times <= 3, said)


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]
