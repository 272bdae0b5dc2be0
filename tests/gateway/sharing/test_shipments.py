"""Shipments: recipients, creation in three forms, states, files, publication, download."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from erc.events.blobs import read_manifest
from erc.events.catalog import PackingFailed, ShipmentPacked
from erc.gateway.follow import advance_shipment
from erc.gateway.transition import Advance, Facts
from erc.schemas.problem import Problem
from erc.schemas.shipment import PackRecord
from erc.workers.shipper.archive import write_zip
from erc.workers.shipper.domain import bag_files

PATH = "/api/v1/shipment"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


async def shipped(sharing, who: str = "ada", **changes) -> str:
    """Return the id of a shipment that is packed as the shipper packs it."""
    compendium = await sharing.compendium(who)
    body = {"compendium_id": compendium.id, "recipient": "download"} | changes
    answer = await sharing.asked(who, "POST", PATH, json=body)
    assert answer.status_code == 202, answer.text
    await packed(sharing, answer.json()["id"])
    return answer.json()["id"]


async def packed(sharing, identifier: str) -> None:
    """Do what the shipper does."""
    services = sharing.services
    shipment = await services.records.shipment(identifier)
    record = PackRecord.model_validate_json(services.blobs.read(shipment.record))
    manifest = read_manifest(services.blobs, record.manifest)
    files = bag_files(record, manifest, lambda digest: services.blobs.size(digest) or 0, "2026-11-25")
    package = write_zip(services.blobs, record.compendium_id, files, lambda: False)
    event = ShipmentPacked(shipment_id=identifier, package=package, record=shipment.record)
    await services.records.move_shipment(identifier, lambda it: advance_shipment(it, event, Facts(NOW)))


async def test_the_recipients_are_those_that_are_set_up(sharing) -> None:
    answer = await sharing.asked("", "GET", "/api/v1/recipient")
    assert answer.json() == {"recipients": [{"id": "download", "label": "Download"}]}


@pytest.mark.parametrize("form", ["json", "multipart", "urlencoded"])
async def test_it_is_made_from_json_and_both_kinds_of_forms(sharing, form) -> None:
    compendium = await sharing.compendium()
    fields = {
        "compendium_id": compendium.id,
        "recipient": "download",
        "update_packaging": "true",
        "cookie": "ignored",
        "deposition_id": "63179",
        "deposition_url": "https://zenodo.example/record/63179",
        "md": json.dumps({"title": "Rain"}),
    }
    about = {
        "json": {"json": fields | {"update_packaging": True, "md": {"title": "Rain"}}},
        "multipart": {"files": {name: (None, value) for name, value in fields.items()}},
        "urlencoded": {
            "content": urlencode(fields),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    }[form]
    answer = await sharing.asked("ada", "POST", PATH, **about)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    expected = {
        "compendium_id": compendium.id,
        "recipient": "download",
        "deposition_id": "63179",
        "deposition_url": "https://zenodo.example/record/63179",
        "update_packaging": "true",
        "user": "ada",
        "status": "to be shipped",
        "md": {"title": "Rain"},
    }
    assert expected.items() <= made.items()
    assert (await sharing.asked("ada", "GET", f"{PATH}/{made['id']}")).json() == made


async def test_an_own_id_is_used_when_it_has_our_form(sharing, error_of) -> None:
    compendium = await sharing.compendium()
    body = {"compendium_id": compendium.id}
    for number, (path, field) in enumerate([(PATH, "_id"), (PATH, "shipment_id"), (f"{PATH}/{'2' * 26}", "")]):
        own = str(number) * 26
        answer = await sharing.asked("ada", "POST", path, json=body | ({field: own} if field else {}))
        assert (answer.status_code, answer.json()["id"]) == (202, own)
    again = await sharing.asked("ada", "POST", PATH, json=body | {"_id": "0" * 26})
    assert error_of(again) == (409, "There is a shipment with this id")
    other = await sharing.asked("ada", "POST", PATH, json=body | {"_id": "dc351fc6-314f-4947-a235-734ab5971eff"})
    assert len(other.json()["id"]) == 26


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"recipient": "zenodo"}, "the recipient is not known"),
        ({"compendium_id": None}, "bad request"),
        ({"update_packaging": "perhaps"}, "bad request"),
        ({"md": "no json"}, "bad request"),
        ({"md": "[" * 50_000}, "bad request"),
        ({"md": ["x"]}, "bad request"),
        ({"md": {"x": "a\0"}}, "The body holds what is no text"),
        ({"md": {"x": "\ud800"}}, "The body holds what is no text"),
        ({"md": {"x": "y" * 70_000}}, "bad request"),
        ({"deposition_url": "javascript:alert(1)"}, "bad request"),
        ({"deposition_id": "a\0"}, "The body holds what is no text"),
        ({"_id": 5}, "bad request"),
    ],
)
async def test_what_cannot_be_shipped_is_refused_and_nothing_is_kept(sharing, error_of, changes, error) -> None:
    compendium = await sharing.compendium()
    document = json.dumps({"compendium_id": compendium.id} | changes)
    answer = await sharing.asked("ada", "POST", PATH, content=document)
    assert error_of(answer) == (400, error)
    assert (await sharing.asked("ada", "GET", PATH)).json() == []


async def test_a_number_that_is_none_is_refused(sharing) -> None:
    compendium = await sharing.compendium()
    document = f'{{"compendium_id": "{compendium.id}", "md": {{"x": NaN}}}}'
    assert (await sharing.asked("ada", "POST", PATH, content=document)).status_code == 400


async def test_who_may_ship(sharing, error_of) -> None:
    candidate = await sharing.compendium()
    published = await sharing.compendium(candidate=False)
    for who, compendium, expected in (
        ("", published.id, (401, "user is not authenticated")),
        ("new", published.id, (403, "insufficient permissions (not logged in?)")),
        ("bob", candidate.id, (404, "no compendium with this id")),
        ("bob", "0" * 26, (404, "no compendium with this id")),
        ("bob", "x", (404, "no compendium with this id")),
    ):
        answer = await sharing.asked(who, "POST", PATH, json={"compendium_id": compendium})
        assert error_of(answer) == expected, who
    assert (await sharing.asked("bob", "POST", PATH, json={"compendium_id": published.id})).status_code == 202


async def test_a_shipment_is_seen_by_its_sender_and_editors(sharing, error_of) -> None:
    identifier = await shipped(sharing)
    unknown = "a compendium with that id does not exist"
    for path in ("", "/status", "/files", "/publishment", "/dl", "/files/bagit.txt"):
        for who in ("", "bob"):
            assert error_of(await sharing.asked(who, "GET", f"{PATH}/{identifier}{path}")) == (404, unknown), path
        for who in ("ada", "eve"):
            assert (await sharing.asked(who, "GET", f"{PATH}/{identifier}{path}")).status_code < 300, path
        assert error_of(await sharing.asked("ada", "GET", f"{PATH}/{'0' * 26}{path}")) == (404, unknown)
    for method, path in (("PUT", "/publishment"), ("DELETE", "/files/data%2Fmain.R"), ("POST", "/cancel")):
        for who in ("", "bob"):
            assert (await sharing.asked(who, method, f"{PATH}/{identifier}{path}")).status_code == 404


async def test_they_are_listed_as_a_bare_array(sharing) -> None:
    first, second, other = await shipped(sharing), await shipped(sharing), await shipped(sharing, "bob")
    compendium = (await sharing.asked("ada", "GET", f"{PATH}/{first}")).json()["compendium_id"]

    async def listed(who: str, **query) -> list[str]:
        return (await sharing.asked(who, "GET", PATH, params=query)).json()

    assert await listed("ada") == [second, first]
    assert await listed("eve") == [other, second, first]
    assert await listed("") == []
    assert await listed("ada", compendium_id=compendium) == [first]
    assert await listed("bob", compendium_id=compendium) == []
    assert await listed("ada", start=2, limit=1) == [first]
    assert (await sharing.asked("ada", "GET", PATH, params={"compendium_id": "a\0"})).status_code == 400


async def test_the_zip_comes_with_202_and_in_parts(sharing) -> None:
    identifier = await shipped(sharing)
    answer = await sharing.asked("ada", "GET", f"{PATH}/{identifier}/dl")
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/zip")
    assert f'filename="{identifier}.zip"' in answer.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    part = await sharing.asked("ada", "GET", f"{PATH}/{identifier}/dl", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\x03\x04")


async def test_who_wants_the_zip_itself_gets_it_from_the_creation(sharing) -> None:
    identifier = await shipped(sharing)
    compendium = (await sharing.asked("ada", "GET", f"{PATH}/{identifier}")).json()["compendium_id"]
    about = {"json": {"compendium_id": compendium, "_id": "7" * 26}, "headers": {"Idempotency-Key": "k"}}
    assert (await sharing.asked("ada", "POST", PATH, **about)).json()["status"] == "to be shipped"
    await packed(sharing, "7" * 26)
    about["headers"] = {"Idempotency-Key": "k", "Accept": "application/zip"}
    answer = await sharing.asked("ada", "POST", PATH, **about)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/zip")


async def test_the_files_of_the_bag_are_listed_with_their_checksums(sharing) -> None:
    identifier = await shipped(sharing)
    for path in ("/files", "/publishment"):
        found = (await sharing.asked("ada", "GET", f"{PATH}/{identifier}{path}")).json()["files"]
        by_name = {file["filename"]: file for file in found}
        assert {"bagit.txt", "manifest-sha256.txt", "data/main.R", "data/data/rain.csv"} <= set(by_name)
        rain = by_name["data/data/rain.csv"]
        assert (rain["filesize"], rain["checksum"]) == (4, hashlib.sha256(b"a\n1\n").hexdigest())
    for name in (rain["id"], "data/data/rain.csv", rain["checksum"]):
        file = await sharing.asked("ada", "GET", f"{PATH}/{identifier}/files/{name}")
        assert (file.content, file.headers["content-disposition"][:10]) == (b"a\n1\n", "attachment")
    assert rain["links"]["download"] == f"{PATH}/{identifier}/files/{rain['id']}"
    assert (await sharing.asked("ada", "GET", f"{PATH}/{identifier}/files/nothing")).status_code == 404


async def test_before_it_is_packed_there_are_no_files_and_nothing_to_publish(sharing, error_of) -> None:
    compendium = await sharing.compendium()
    answer = await sharing.asked("ada", "POST", PATH, json={"compendium_id": compendium.id})
    path = f"{PATH}/{answer.json()['id']}"
    missing = (400, "no files object in repository response")
    assert error_of(await sharing.asked("ada", "GET", f"{path}/files")) == missing
    assert error_of(await sharing.asked("ada", "GET", f"{path}/publishment")) == missing
    assert (await sharing.asked("ada", "GET", f"{path}/dl")).status_code == 409
    assert (await sharing.asked("ada", "PUT", f"{path}/publishment")).status_code == 409
    assert (await sharing.asked("ada", "GET", f"{path}/status")).json()["status"] == "to be shipped"


async def test_it_is_published_by_its_sender_and_stays_so(sharing) -> None:
    identifier = await shipped(sharing)
    path = f"{PATH}/{identifier}"
    before = (await sharing.asked("ada", "GET", path)).json()
    for _ in range(2):
        answer = await sharing.asked("ada", "PUT", f"{path}/publishment")
        assert (answer.status_code, answer.json()) == (200, {"id": identifier, "status": "published"})
    after = (await sharing.asked("ada", "GET", path)).json()
    assert after["last_modified"] > before["last_modified"]
    assert (await sharing.asked("ada", "DELETE", f"{path}/files/data/main.R")).status_code == 409
    assert (await sharing.asked("ada", "GET", f"{path}/dl")).status_code == 202


async def test_a_file_is_taken_out_and_the_bag_stays_valid(sharing) -> None:
    identifier = await shipped(sharing)
    path = f"{PATH}/{identifier}"
    old = await sharing.services.records.shipment(identifier)
    assert (await sharing.asked("ada", "DELETE", f"{path}/files/bagit.txt")).status_code == 400
    answer = await sharing.asked("ada", "DELETE", f"{path}/files/data/data/rain.csv")
    assert (answer.status_code, answer.content) == (204, b"")
    late = ShipmentPacked(shipment_id=identifier, package=old.package, record=old.record)
    await sharing.services.records.move_shipment(identifier, lambda it: advance_shipment(it, late, Facts(NOW)))
    assert (await sharing.asked("ada", "GET", f"{path}/status")).json()["status"] == "to be shipped"
    await packed(sharing, identifier)
    archive = zipfile.ZipFile(io.BytesIO((await sharing.asked("ada", "GET", f"{path}/dl")).content))
    files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert "data/data/rain.csv" not in files
    lines = files["manifest-sha256.txt"].decode().splitlines()
    assert {line.partition("  ")[2] for line in lines} == {name for name in files if name.startswith("data/")}


async def test_one_that_failed_says_why(sharing) -> None:
    compendium = await sharing.compendium()
    identifier = (await sharing.asked("ada", "POST", PATH, json={"compendium_id": compendium.id})).json()["id"]
    event = PackingFailed(shipment_id=identifier, problem="0" * 64)
    facts = Facts(NOW, Problem(code="blob_missing", title="A blob is missing"))
    await sharing.services.records.move_shipment(identifier, lambda it: advance_shipment(it, event, facts))
    view = (await sharing.asked("ada", "GET", f"{PATH}/{identifier}")).json()
    assert (view["status"], view["problem"]["title"]) == ("error", "A blob is missing")
    assert (await sharing.asked("ada", "PUT", f"{PATH}/{identifier}/publishment")).status_code == 409


async def test_a_damaged_package_is_a_problem_and_no_fault(sharing, error_of) -> None:
    identifier = await shipped(sharing)
    damaged = sharing.services.blobs.put(b"no zip")

    def damage(before):
        return Advance(before.model_copy(update={"package": damaged, "version": before.version + 1}))

    await sharing.services.records.move_shipment(identifier, damage)
    answer = await sharing.asked("ada", "GET", f"{PATH}/{identifier}/files")
    assert error_of(answer) == (400, "The package is damaged")
