"""Answers that clients of the o2r service know, where no other test shows them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from erc.gateway.transition import Advance

API = "/api/v1"
UNKNOWN = "0" * 26
NO_COMPENDIUM, NO_JOB = (404, "no compendium with this id"), (404, "no job with this id")
CSV = b"a,b\n1,2\n3,4\n"


async def job_with_files(sharing, **files: bytes) -> str:
    """Return the id of a job on a published compendium that made these files."""
    job = await sharing.gateway.job(await sharing.compendium(candidate=False))
    outputs = sharing.kept(files)

    def ended(before: Any) -> Advance:
        return Advance(before.model_copy(update={"outputs": outputs, "version": before.version + 1}))

    await sharing.services.records.move_job(job.id, ended)
    return job.id


async def test_the_status_is_not_for_people_below_administrators(sharing, error_of) -> None:
    for who, expected in (
        ("", (401, "not authenticated")),
        ("ada", (403, "not allowed")),
        ("eve", (403, "not allowed")),
    ):
        assert error_of(await sharing.asked(who, "GET", "/status")) == expected
    status = (await sharing.asked("root", "GET", "/status")).json()
    assert {"name", "version", "levels"} <= set(status)


async def test_creation_needs_a_level_before_anything_is_read(sharing, error_of) -> None:
    for who, expected in (
        ("", (401, "user is not authenticated")),
        ("new", (403, "user level does not allow compendium creation")),
        ("sub", (403, "user level does not allow compendium creation")),
    ):
        answer = await sharing.asked(who, "POST", f"{API}/compendium", json={"content_type": "nonsense"})
        assert error_of(answer) == expected
    form = {"files": {"compendium": ("w.zip", b"PK")}, "data": {"content_type": "nonsense"}}
    kinds = 'Provided content_type "nonsense" not implemented, only ["compendium","workspace"] supported.'
    assert error_of(await sharing.asked("ada", "POST", f"{API}/compendium", **form)) == (400, kinds)
    form["data"]["content_type"] = "workspace"
    accepted = await sharing.asked("ada", "POST", f"{API}/compendium", headers={"Prefer": "respond-async"}, **form)
    assert (accepted.status_code, set(accepted.json())) == (202, {"id"})


async def test_a_view_has_the_fields_of_the_reference(sharing) -> None:
    candidate = await sharing.compendium()
    published = await sharing.compendium(candidate=False)
    fields = {"id", "metadata", "created", "user", "bag", "compendium", "substituted", "files"}
    own = (await sharing.asked("ada", "GET", f"{API}/compendium/{candidate.id}")).json()
    seen = (await sharing.asked("", "GET", f"{API}/compendium/{published.id}")).json()
    assert fields <= set(own)
    assert fields <= set(seen)
    assert own["candidate"] is True
    assert "candidate" not in seen
    assert (seen["id"], seen["user"], seen["substituted"]) == (published.id, "ada", False)
    assert set(seen["metadata"]) == set(published.metadata)
    without = await sharing.gateway.compendium("ada", candidate=False)
    view = (await sharing.asked("", "GET", f"{API}/compendium/{without.id}")).json()
    assert view["filesMissing"] is True
    assert "files" not in view


async def test_what_is_not_there_is_told_in_the_words_of_the_reference(sharing, error_of) -> None:
    candidate = await sharing.compendium()
    for identifier in (UNKNOWN, "abcde", candidate.id):
        path = f"{API}/compendium/{identifier}"
        for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/metadata"), ("PUT", "/metadata")):
            answer = await sharing.asked(
                "bob", method, path + suffix, **({"json": {"o2r": {}}} if method == "PUT" else {})
            )
            assert error_of(answer) == NO_COMPENDIUM, (method, suffix)
        for suffix in ("/data/", "/data/main.R", ".zip", ".tar"):
            assert error_of(await sharing.asked("bob", "GET", path + suffix)) == NO_COMPENDIUM, suffix
        jobs = await sharing.asked("bob", "GET", f"{path}/jobs")
        assert error_of(jobs) == (404, f"no compendium with id {identifier}")
    for suffix in ("", "/data/", "/data/main.R"):
        assert error_of(await sharing.asked("bob", "GET", f"{API}/job/{UNKNOWN}{suffix}")) == NO_JOB, suffix


async def test_metadata_are_told_as_the_o2r_part_alone(sharing) -> None:
    compendium = await sharing.compendium(candidate=False, metadata={"raw": {"secret": "x"}, "o2r": {"title": "Rain"}})
    answer = await sharing.asked("", "GET", f"{API}/compendium/{compendium.id}/metadata")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["metadata"]) == (compendium.id, {"o2r": {"title": "Rain"}})


async def test_the_files_of_a_job_are_listed_and_made_smaller(sharing, error_of) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30)).save(buffer, "PNG")
    job = await job_with_files(sharing, **{"out.csv": CSV, "figure.png": buffer.getvalue(), ".hidden": b"x"})
    tree = (await sharing.asked("", "GET", f"{API}/job/{job}/data/")).json()
    assert (tree["name"], tree["type"]) == (job, "directory")
    assert {node["name"] for node in tree["children"]} == {"out.csv", "figure.png", ".hidden"}
    path = f"{API}/job/{job}/data"
    assert (await sharing.asked("", "GET", f"{path}/out.csv")).content == CSV
    assert (await sharing.asked("", "GET", f"{path}/out.csv", params={"size": 1})).content == b"a,b\n"
    small = await sharing.asked("", "GET", f"{path}/figure.png", params={"size": 20})
    assert Image.open(io.BytesIO(small.content)).size == (20, 10)
    bad = await sharing.asked("", "GET", f"{path}/out.csv", params={"size": "0"})
    assert error_of(bad) == (400, "invalid size parameter")


async def test_a_slash_behind_a_job_is_no_matter(sharing) -> None:
    job = await sharing.gateway.job(await sharing.compendium(candidate=False))
    async with sharing.as_("") as client:
        answer = await client.get(f"{API}/job/{job.id}/", follow_redirects=True)
    assert (answer.status_code, answer.json()["id"]) == (200, job.id)


async def test_nobody_is_nobody(sharing, error_of) -> None:
    assert error_of(await sharing.asked("", "GET", f"{API}/auth/whoami")) == (401, "user is not authenticated")


@pytest.mark.parametrize("path", ["/auth/slack", "/auth/slack/action", "/auth/slack/options-load", "/inspection/"])
async def test_what_is_not_offered_is_not_found(sharing, path) -> None:
    for method in ("GET", "POST"):
        assert (await sharing.asked("root", method, API + path)).status_code == 404


async def test_the_first_page_is_a_page(sharing) -> None:
    answer = await sharing.asked("", "GET", "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
