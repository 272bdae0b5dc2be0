"""A run may call its own files as the report of its check is called: neither hides the other."""

from __future__ import annotations

import httpx2

from erc.gateway.content import content_app
from erc.schemas.check import Verdict
from erc.schemas.job import JobStatus
from erc.schemas.workspace import Entry, Manifest

OWN = {
    "check.json": b'{"verdict": "reproduced"}',
    "check.html": b"<p>All is well, says the run.</p>",
    "a.csv": b"a\n1\n",
}


async def a_job(world, *, checked: bool = True):
    blobs = world.services.blobs
    entries = [Entry(path=path, digest=blobs.put(one), size_bytes=len(one)) for path, one in OWN.items()]
    values = {"outputs": blobs.put(Manifest(entries).document()), "status": JobStatus.FAILURE}
    if checked:
        values |= {"report": world.report([]), "verdict": Verdict.DIFFERS, "reason": "It differs."}
    return await world.job(await world.compendium(), lambda job: job.model_copy(update=values | {"ended": job.created}))


async def test_the_report_and_what_a_run_calls_so_are_both_reached(operator, world) -> None:
    job = await a_job(world)
    base = f"/api/v1/job/{job.id}/data"
    assert (await operator.get(f"{base}/check.json")).json()["verdict"] == "differs"
    assert (await operator.get(f"{base}/check.json?made=true")).content == OWN["check.json"]
    tree = (await operator.get(f"{base}/")).json()
    listed = {child["name"]: child["path"] for child in tree["children"]}
    assert listed["a.csv"] == f"{base}/a.csv"
    assert (await operator.get(listed["check.json"])).content == OWN["check.json"]


async def test_pages_are_served_from_the_content_origin_each_under_its_own_address(operator, world) -> None:
    job = await a_job(world)
    transport = httpx2.ASGITransport(app=content_app(world.services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for query, content in (("", b"the whole report"), ("?made=true", OWN["check.html"])):
            sent = await operator.get(f"/api/v1/job/{job.id}/data/check.html{query}", follow_redirects=False)
            assert (await client.get(sent.headers["location"])).content.endswith(content)


async def test_a_file_of_a_run_is_never_taken_for_a_report_that_is_not_there(operator, world) -> None:
    job = await a_job(world, checked=False)
    for name in ("check.json", "check.html"):
        answer = await operator.get(f"/api/v1/job/{job.id}/data/{name}", follow_redirects=False)
        assert answer.status_code == 404
        assert "made=true" in answer.text


async def test_the_page_of_a_file_shows_what_the_run_made(operator, world) -> None:
    job = await a_job(world)
    page = (await operator.get(f"/job/{job.id}/files/check.json")).text
    assert "reproduced" in page
    assert "/data/check.json?made=true" in page
    assert (await operator.get(f"/api/v1/job/{job.id}/data/a.csv?made=maybe")).status_code == 400
