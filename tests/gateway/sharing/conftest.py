"""People of several levels at a gateway, and compendia with files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from erc.events.blobs import put_document
from erc.gateway.auth import Principal
from erc.gateway.content import content_app
from erc.schemas.compendium import Compendium
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest

PEOPLE = {
    "new": Principal("new", 0),
    "sub": Principal("sub", 50),
    "ada": Principal("ada", 100),
    "bob": Principal("bob", 100),
    "eve": Principal("eve", 500),
    "root": Principal("root", 1000),
}
"""By level: plain, may substitute, two known, an editor, an administrator."""

ERC_YML = b"""id: rain
spec_version: '1'
main: main.R
display: display.html
licenses: {text: CC-BY-4.0, data: CC0-1.0, code: Apache-2.0, metadata: CC0-1.0}
"""
FILES = {"main.R": b"plot(1)\n", "display.html": b"<p>4.2</p>\n", "data/rain.csv": b"a\n1\n", "erc.yml": ERC_YML}


@dataclass
class Sharing:
    """A gateway among people."""

    gateway: Any

    @property
    def services(self) -> Any:
        return self.gateway.services

    def as_(self, who: str = "", **headers: str) -> httpx2.AsyncClient:
        """Return a client of one of PEOPLE, or of nobody."""
        return self.gateway.client(**({"X-Who": who} if who else {}), **headers)

    async def asked(self, who: str, method: str, path: str, **about: Any) -> httpx2.Response:
        """Return the answer to one request of somebody."""
        async with self.as_(who) as client:
            return await client.request(method, path, **about)

    def kept(self, files: Mapping[str, bytes]) -> str:
        """Keep a manifest of these files and return its digest."""
        put = self.services.blobs.put
        entries = [
            Entry(path=path, digest=put(data), size_bytes=len(data), media_type=_media_type(path))
            for path, data in files.items()
        ]
        return put(Manifest(entries).document())

    async def compendium(self, owner: str = "ada", files: Mapping[str, bytes] = FILES, **changes: Any) -> Compendium:
        """Keep a candidate that is ready, unless changed."""
        manifest = self.kept(files)
        about = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.html", manifest=manifest)
        description = put_document(self.services.blobs, about)
        return await self.gateway.compendium(owner, manifest=manifest, description=description, **changes)

    async def content(self, address: str) -> httpx2.Response:
        """Return what the content origin serves under an address."""
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(content_app(self.services))) as client:
            return await client.get(address)


def _media_type(path: str) -> str:
    return "text/html" if path.endswith(".html") else "text/plain"


@pytest.fixture
def sharing(gateway) -> Sharing:
    sign_in = gateway.services.principal

    async def principal(connection: Any) -> Principal:
        who = connection.headers.get("x-who")
        return PEOPLE[who] if who else await sign_in(connection)

    gateway.services.principal = principal
    return Sharing(gateway)


@pytest.fixture
def error_of() -> Callable[[httpx2.Response], tuple[int, str]]:
    """Return status and the o2r service's text of a refusal."""
    return lambda answer: (answer.status_code, answer.json()["error"])
