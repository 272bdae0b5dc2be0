from __future__ import annotations

import hashlib
from dataclasses import dataclass

import httpx2
import pytest
from support.people import signed_in


@dataclass
class Sender:
    """Somebody who is signed in and sends an archive in pieces."""

    client: httpx2.AsyncClient

    async def announce(self, content: bytes, **changes: object) -> httpx2.Response:
        document = {"digest": hashlib.sha256(content).hexdigest(), "size": len(content), **changes}
        return await self.client.post("/api/v1/sources", json=document)

    async def piece(self, upload: str, offset: int, content: bytes) -> httpx2.Response:
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        return await self.client.patch(f"/api/v1/sources/{upload}", content=content, headers=headers)

    async def complete(self, upload: str) -> httpx2.Response:
        return await self.client.post(f"/api/v1/sources/{upload}/complete")

    async def send(self, content: bytes) -> str:
        upload = (await self.announce(content)).json()["upload"]
        assert (await self.piece(upload, 0, content)).status_code == 204
        return (await self.complete(upload)).json()["source"]

    async def create(self, source: str, **fields: str) -> httpx2.Response:
        headers = {"Prefer": "respond-async"}
        return await self.client.post("/api/v1/compendium", json={"source": source, **fields}, headers=headers)


@pytest.fixture
def sender(gateway):
    """Sign somebody in and return what they send with."""

    async def of(name: str, level: int = 100) -> Sender:
        cookie = await signed_in(gateway.services, name, level)
        client = gateway.client(Origin="http://127.0.0.1")
        client.cookies.set("erc_session", cookie)
        return Sender(client)

    return of
