"""The load story of the o2r project's evaluation: authors create, describe and run; 12 people at once.

Each uploads a workspace, reads its metadata, saves them (which publishes), starts a job, polls it, and then examines
the compendium of another one by a job of their own.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import httpx2
from bench.report import Figure
from support.service import Service, packed, running

from erc.events.outbox import utc_now
from erc.gateway.identifiers import new_id
from erc.gateway.identity.randomness import letters
from erc.gateway.identity.signing_in import digest
from erc.gateway.identity.tokens import new_token

PEOPLE = 12
SLEEPS = (12, 17, 23, 32, 41, 53)
POLL_SECONDS = 1.0
REFERENCE = {"upload": 6.754, "metadata save": 6.712, "check": 3.520, "job minus execution": 4.17}
"""Medians of the reference in seconds, as authors saw them."""
BESIDE = {"metadata read": 0.008, "job start": 0.048, "job read": 0.026}
LICENCES = {"text": "CC-BY-4.0", "data": "CC0-1.0", "code": "Apache-2.0", "metadata": "CC0-1.0"}


@dataclass
class Times:
    """Seconds by step."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: str, seconds: float) -> None:
        self.taken.setdefault(step, []).append(seconds)

    async def asked(self, step: str, client: httpx2.AsyncClient, method: str, path: str, **about: Any) -> Any:
        """Ask, keep how long it took, and return the document."""
        begun = time.perf_counter()
        answer = await client.request(method, f"/api/v1/{path}", **about)
        self.add(step, time.perf_counter() - begun)
        assert answer.status_code == 200, answer.text
        return answer.json()


def workspace(seconds: int, number: int) -> bytes:
    """Return a paper that sleeps; its output is another one at every run, as in the reference's story."""
    code = (
        f"import time\nfrom pathlib import Path\ntime.sleep({seconds})\n"
        f"Path('display.txt').write_text('Paper {number} at ' + str(time.time()) + '\\n')\n"
    )
    return packed({"main.py": code, "display.txt": "The published text\n"})


async def _create(times: Times, client: httpx2.AsyncClient, number: int, sleep: int) -> str:
    files = {"compendium": ("workspace.tar.gz", workspace(sleep, number), "application/gzip")}
    made = await times.asked("upload", client, "POST", "compendium", files=files, data={"content_type": "workspace"})
    found = await times.asked("metadata read", client, "GET", f"compendium/{made['id']}/metadata")
    o2r = found["metadata"]["o2r"] | {
        "title": f"Paper {number}",
        "description": "It sleeps.",
        "creators": [{"name": f"Author {number}"}],
        "license": LICENCES,
        "publication_date": "2026-11-25",
        "keywords": ["sleep"],
    }
    await times.asked("metadata save", client, "PUT", f"compendium/{made['id']}/metadata", json={"o2r": o2r})
    await _run(times, client, made["id"])
    return str(made["id"])


async def _run(times: Times, client: httpx2.AsyncClient, compendium: str) -> None:
    job = (await times.asked("job start", client, "POST", "job", json={"compendium_id": compendium}))["job_id"]
    while True:
        await asyncio.sleep(POLL_SECONDS)
        found = await times.asked("job read", client, "GET", f"job/{job}", params={"steps": "all"})
        if found["status"] in {"success", "failure"} and "ended" in found:
            break
    steps = found["steps"]
    assert steps["image_execute"]["status"] == "success", found
    whole = _moment(found["ended"]) - _moment(found["created"])
    times.add("check", _span(steps["check"]).total_seconds())
    times.add("job minus execution", (whole - _span(steps["image_execute"])).total_seconds())


def _span(step: dict[str, Any]) -> timedelta:
    return _moment(step["end"]) - _moment(step["start"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def _people(database_url: str) -> list[str]:
    """Keep 12 known accounts; return a token of each."""
    connection = await asyncpg.connect(database_url)
    tokens = []
    for number in range(PEOPLE):
        name, secret = f"author-{number}", new_token(letters)
        account = "INSERT INTO account (id, provider, subject, name, level) VALUES ($1, 'bench', $1, $1, 100)"
        await connection.execute(account, name)
        token = "INSERT INTO token (id, hash, account, name, scopes, expires) VALUES ($1, $2, $3, 'bench', $4, $5)"
        scopes, expires = json.dumps(["read", "write"]), utc_now() + timedelta(days=1)
        await connection.execute(token, new_id(), digest(secret), name, scopes, expires)
        tokens.append(secret)
    await connection.close()
    return tokens


async def story(service: Service, sleeps: tuple[int, ...] = SLEEPS) -> Times:
    """Let everybody create at once, and then everybody examine what the next one made."""
    times = Times()
    headers = [{"Authorization": f"Bearer {token}"} for token in await _people(service.servers()[0])]
    clients = [httpx2.AsyncClient(base_url=service.url, headers=one, timeout=300) for one in headers]
    made = await asyncio.gather(
        *(_create(times, client, number, sleeps[number % len(sleeps)]) for number, client in enumerate(clients))
    )
    await asyncio.gather(*(_run(times, client, made[number - 1]) for number, client in enumerate(clients)))
    for client in clients:
        await client.aclose()
    return times


def figures(root: Path, sleeps: tuple[int, ...] = SLEEPS) -> list[Figure]:
    home = root / "story"
    home.mkdir()
    with running(home, EXECUTOR_SLOTS=str(PEOPLE), BUILDER_SLOTS=str(PEOPLE), GATEWAY_READS_PER_MINUTE="0") as service:
        # The base image and the environment are there, as in the reference's story after the first session.
        service.ended(service.start(service.ready(workspace(0, PEOPLE))), 600)
        times = asyncio.run(story(service, sleeps)).taken
    found = [_figure(step, times[step], reference) for step, reference in REFERENCE.items()]
    return found + [_beside(step, times[step], reference) for step, reference in BESIDE.items()]


def _figure(step: str, taken: list[float], reference: float) -> Figure:
    ours, most = median(taken), reference / 5
    said = f"o2r {reference:.2f} s; ours p95 {_p95(taken):.2f} s of {len(taken)}"
    return Figure(f"story of 12: {step}, median", ours, "s", f"≤ {most:.2f} s", ours <= most, said)


def _beside(step: str, taken: list[float], reference: float) -> Figure:
    said = f"o2r {reference:.3f} s; ours p95 {_p95(taken):.3f} s of {len(taken)}"
    return Figure(f"story of 12: {step}, median", median(taken), "s", "–", holds=True, floor=said)


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
