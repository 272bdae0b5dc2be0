"""A client written from the o2r project's OpenAPI document alone does the whole work: create, describe, publish, run,
check, download, ship."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from support.o2r_client import STEPS, O2rClient
from support.service import TEXT_PAPER, Service

CREATORS = [{"name": "Ada Lovelace", "affiliation": "Analytical Society", "orcid": "0000-0002-1825-0097"}]
LICENCES = {"text": "CC-BY-4.0", "data": "CC0-1.0", "code": "Apache-2.0", "metadata": "CC0-1.0"}


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def names(archive: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return set(opened.namelist())


def completed(o2r: dict[str, Any]) -> dict[str, Any]:
    """Do what an author does with the metadata that were found: say what is missing."""
    return {
        **o2r,
        "title": "The mean is 4.2",
        "description": "A very small paper.",
        "creators": CREATORS,
        "license": LICENCES,
        "publication_date": "2026-11-25",
        "keywords": ["mean"],
    }


@pytest.fixture
def client(service: Service) -> Iterator[O2rClient]:
    with O2rClient(service.url, {"Authorization": f"Bearer {service.token}"}) as client:
        yield client


def test_a_client_of_the_published_document_does_the_whole_work(service: Service, client: O2rClient) -> None:
    identifier = client.upload_compendium(zipped(TEXT_PAPER), "workspace")
    found = client.view_compendium(identifier)
    assert found["candidate"] is True
    assert {"id", "metadata", "created", "files", "user"} <= set(found)
    assert {child["name"] for child in found["files"]["children"]} >= set(TEXT_PAPER)
    assert identifier not in client.list_compendium()
    assert client.list_compendium(user=found["user"])[0] == identifier

    saved = client.update_metadata(identifier, completed(client.get_metadata(identifier)))
    assert saved["metadata"]["o2r"]["title"] == "The mean is 4.2"
    assert "candidate" not in client.view_compendium(identifier)
    assert identifier in client.list_compendium(limit="100")

    job = client.create_job(identifier)
    ended = client.ended_job(job)
    assert ended["status"] == "success", ended
    assert {name: step["status"] for name, step in ended["steps"].items()}["check"] == "success"
    assert {step["status"] for step in ended["steps"].values()} <= {"success", "skipped"}
    assert set(ended["steps"]) == set(STEPS)
    assert ended["compendium_id"] == identifier
    assert client.list_job(compendium_id=identifier) == [job]
    assert client.list_job(compendium_id=identifier, fields="status") == [{"id": job, "status": "success"}]

    for extension in ("zip", "tar", "tar.gz"):
        assert client.download_compendium(identifier, extension, image=False)
    assert set(TEXT_PAPER) <= names(client.download_compendium(identifier, "zip", image=False))

    assert "download" in client.list_recipients()
    bag = names(client.create_shipment(identifier, "download"))
    assert any(name.endswith("bagit.txt") for name in bag)
    assert any(name.endswith("data/main.py") for name in bag)
    (shipment,) = client.list_shipment(identifier)
    assert client.shipment_status(shipment) == "shipped"
    assert client.view_shipment(shipment)["compendium_id"] == identifier


def test_a_candidate_is_deleted_as_the_document_says(client: O2rClient, service: Service) -> None:
    identifier = client.upload_compendium(zipped(TEXT_PAPER), "workspace")
    client.delete_compendium(identifier)
    answer = httpx2.get(f"{service.url}/api/v1/compendium/{identifier}")
    assert (answer.status_code, answer.json()["error"]) == (404, "no compendium with this id")
