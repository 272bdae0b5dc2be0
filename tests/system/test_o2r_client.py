"""A client that was made from the published o2r document goes the whole way with the whole service."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from support.o2r_client import STEPS, O2rClient
from support.service import TEXT_PAPER, Service

pytestmark = pytest.mark.engine


def _zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_create_metadata_job_check_download_shipment(service: Service) -> None:
    client = O2rClient(service.url, {"Authorization": f"Bearer {service.token}"})

    compendium = client.upload_compendium(_zipped(TEXT_PAPER))
    assert client.view_compendium(compendium)["candidate"] is True
    assert compendium not in O2rClient(service.url, {}).list_compendia()

    o2r = client.get_metadata(compendium) | {"title": "A mean of some numbers"}
    assert client.update_metadata(compendium, o2r)["title"] == "A mean of some numbers"
    view = O2rClient(service.url, {}).view_compendium(compendium)
    assert "candidate" not in view
    assert compendium in client.list_compendia()

    job = client.create_job(compendium)
    ended = client.ended_job(job)
    assert (ended["status"], ended["compendium_id"]) == ("success", compendium)
    assert ended["steps"]["check"]["status"] == "success"
    assert ended["steps"]["check"]["checkSuccessful"] is True
    assert {ended["steps"][name]["status"] for name in STEPS} <= {"success", "skipped"}
    assert client.list_jobs(compendium) == [job]

    names = {node["name"]: node["path"] for node in view["files"]["children"]}
    assert client.file(names["display.txt"]).decode() == TEXT_PAPER["display.txt"]
    with zipfile.ZipFile(io.BytesIO(client.download_compendium(compendium, "zip", image=False))) as archive:
        assert {"main.py", "display.txt"} <= set(archive.namelist())
    packed = client.download_compendium(compendium, "tar.gz", image=False)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert {"main.py", "display.txt"} <= {member.name.rsplit("/", 1)[-1] for member in archive}

    assert "download" in client.list_recipients()
    with zipfile.ZipFile(io.BytesIO(client.upload_shipment(compendium, "download"))) as archive:
        assert any(name.endswith("data/main.py") for name in archive.namelist())
    [shipment] = client.list_shipments(compendium)
    assert client.view_shipment(shipment)["compendium_id"] == compendium
    assert client.shipment_status(shipment) == "shipped"
    assert client.publish_deposition(shipment) == "published"


def test_what_it_may_not_do_is_said_in_the_documents_words(service: Service) -> None:
    client, stranger = O2rClient(service.url, {"Authorization": f"Bearer {service.token}"}), O2rClient(service.url, {})
    assert client.refused("GET", "/compendium/abcde") == (404, "no compendium with this id")
    assert client.refused("GET", "/job/abcde") == (404, "no job with this id")
    assert stranger.refused("POST", "/compendium", data={"content_type": "workspace"})[0] == 401
    compendium = client.upload_compendium(_zipped(TEXT_PAPER))
    assert stranger.refused("GET", f"/compendium/{compendium}") == (404, "no compendium with this id")
    no_root = client.refused("PUT", f"/compendium/{compendium}/metadata", json={"title": "x"})
    assert no_root == (422, "JSON with root element 'o2r' required")
