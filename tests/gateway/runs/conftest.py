from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from support.people import signed_in

from erc.gateway.identifiers import new_id
from erc.gateway.pipeline import advance_job
from erc.gateway.transition import Advance, Facts
from erc.schemas.compendium import Compendium

API = "/api/v1/runs"


@dataclass
class Person:
    """Somebody who is signed in and runs compendia of theirs by name."""

    gateway: Any
    name: str
    client: httpx2.AsyncClient

    async def compendium(self, content: bytes = b"archive", **changes: Any) -> Compendium:
        """Keep a candidate that is ready, made of this content."""
        about = {"manifest": "0" * 64, "description": "0" * 64, "upload": self.gateway.services.blobs.put(content)}
        return await self.gateway.compendium(self.name, **(about | changes))

    async def run(self, compendium: Compendium, name: str = "paper", **about: Any) -> httpx2.Response:
        """Ask for a run under a name."""
        key = {"Idempotency-Key": about.pop("key")} if "key" in about else {}
        document = {"compendium_id": compendium.id, "name": name, "origin": "/home/ada/paper", "source": "."}
        return await self.client.post(API, json=document | about, headers=key)

    async def view(self, name: str = "paper", **query: str) -> httpx2.Response:
        return await self.client.get(f"{API}/{name}", params=query)

    async def kill(self, name: str = "paper", **query: str) -> httpx2.Response:
        return await self.client.post(f"{API}/{name}/kill", params=query)

    async def purge(self, name: str = "paper", **query: str) -> httpx2.Response:
        return await self.client.delete(f"{API}/{name}", params=query)

    async def happens(self, job_id: str, event: Any, facts: Facts) -> None:
        """Let a worker's event move a job."""

        def decide(job: Any) -> Advance[Any] | None:
            return advance_job(job, event.model_copy(update={"job_id": job_id}), facts)

        await self.gateway.services.records.move_job(job_id, decide)


@pytest.fixture
def person(gateway) -> Callable[..., Awaitable[Person]]:
    async def enter(name: str, level: int = 100) -> Person:
        cookie = await signed_in(gateway.services, name, level)
        shown = f"{gateway.services.identity.cookies.session}={cookie}"
        client = gateway.client(Cookie=shown, **{"Sec-Fetch-Site": "same-origin"})
        return Person(gateway, name, client)

    return enter


@pytest.fixture
async def ada(person) -> Person:
    return await person("ada")


def an_id() -> str:
    return new_id()
