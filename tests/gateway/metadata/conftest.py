"""A gateway with a compendium of real files, and clients of anybody."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from erc.events.blob_place import BlobPlace
from erc.events.blobs import put_document, read_manifest
from erc.events.catalog import WorkspaceDescribed
from erc.gateway.app import create_app
from erc.gateway.arrival import advance_compendium
from erc.gateway.auth import ANONYMOUS, Principal
from erc.gateway.transition import Facts
from erc.schemas.compendium import Compendium
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.metadata.read_workspace import describe_workspace

MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ERC_YML = b"""# the paper
id: rain-1
spec_version: 1
main: main.R  # the script
display: display.png
licenses: {text: CC-BY-4.0, data: ODbL-1.0, code: MIT, metadata: CC0-1.0}
convention: https://example.org/ours
"""

O2R: dict[str, Any] = {
    "access_right": "open",
    "creators": [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097", "affiliation": "Analytical Society"}],
    "description": "We measure rain.",
    "displayfile": "display.png",
    "mainfile": "main.R",
    "identifier": {"doi": "10.5281/zenodo.1003346", "doiurl": "https://doi.org/10.5281/zenodo.1003346"},
    "title": "Rain by month",
    "keywords": ["rain"],
    "communities": [{"identifier": "o2r"}],
    "license": {"text": "CC-BY-4.0", "data": "ODbL-1.0", "code": "MIT", "metadata": "CC0-1.0"},
    "publication_date": "2026-11-25",
    "publication_type": "other",
    "upload_type": "publication",
}


@dataclass
class Desk:
    """Short ways to somebody's requests and to a compendium with files."""

    gateway: Any

    def of(self, name: str = "ada", level: int = 100, **headers: str) -> httpx2.AsyncClient:
        """Return a client of somebody; of nobody when the name is empty."""
        services = copy.copy(self.gateway.services)
        who = Principal(name, level) if name else ANONYMOUS

        async def principal(_connection: Any) -> Principal:
            return who

        services.principal = principal
        transport = httpx2.ASGITransport(create_app(services), raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=30)

    async def compendium(self, files: dict[str, bytes] | None = None, **changes: Any) -> Compendium:
        """Keep a candidate of Ada's that is ready, with an `erc.yml` unless other files are given."""
        blobs = self.gateway.services.blobs
        wanted = {"main.R": b"plot(1)\n", "other.R": b"library(sf)\n", "display.png": b"png", "map.html": b"<p>"}
        wanted = {**wanted, "erc.yml": ERC_YML} if files is None else files
        manifest = Manifest(
            Entry(path=path, digest=blobs.put(content), size_bytes=len(content)) for path, content in wanted.items()
        )
        digest = blobs.put(manifest.document())
        about = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.png", manifest=digest, o2r=O2R)
        values = {"manifest": digest, "description": put_document(blobs, about), "metadata": {"raw": {}, "o2r": O2R}}
        return await self.gateway.compendium(**({"owner": "ada"} | values | changes))

    async def now(self, compendium: Compendium) -> Compendium:
        """Return the compendium as it is now."""
        found = await self.gateway.services.records.compendium(compendium.id)
        assert found
        return found

    def description(self, compendium: Compendium) -> Description:
        """Return what a job of the compendium would work with."""
        return Description.model_validate_json(self.gateway.services.blobs.read(compendium.description))

    def file(self, compendium: Compendium, path: str) -> bytes:
        """Return the bytes of a file."""
        entry = read_manifest(self.gateway.services.blobs, compendium.manifest).get(path)
        return self.gateway.services.blobs.read(entry.digest)

    async def read_again(self, compendium: Compendium) -> None:
        """Do as the metadata worker and the follower do with another main file."""
        blobs = self.gateway.services.blobs
        described = describe_workspace(
            BlobPlace(blobs._root.parent), compendium.manifest, "2026-11-25", compendium.choice
        )
        facts = Facts(MADE, description=Description.model_validate_json(blobs.read(described)))
        event = WorkspaceDescribed(compendium_id=compendium.id, description=described)
        records = self.gateway.services.records
        assert await records.move_compendium(compendium.id, lambda it: advance_compendium(it, event, facts))

    async def events(self, compendium: Compendium) -> list[dict[str, Any]]:
        """Return the events of the compendium and whether each is public."""
        query = text("SELECT body, public FROM event WHERE aggregate_id = :id AND stream = 'EVENTS' ORDER BY sequence")
        rows = await self.gateway.services.records.database.rows(query, {"id": compendium.id})
        return [{**row["body"], "public": row["public"] is not None} for row in rows]


@pytest.fixture
def desk(gateway: Any) -> Desk:
    return Desk(gateway)


@pytest.fixture
def o2r() -> dict[str, Any]:
    """Valid metadata."""
    return copy.deepcopy(O2R)


@pytest.fixture
def path() -> Callable[[Compendium], str]:
    """The address of the metadata."""
    return lambda compendium: f"/api/v1/compendium/{compendium.id}/metadata"
