"""A proposed change becomes a new candidate; what it was made from stays."""

from __future__ import annotations

from typing import Any

from erc.events.blobs import read_manifest
from erc.gateway.transition import Advance
from erc.schemas.compendium import Origin, SourceKind
from erc.schemas.diagnosis import Cause, Diagnosis, Edit
from erc.schemas.job import JobStatus
from erc.schemas.problem import Problem

API = "/api/v1"


def a_problem(*edits: Edit) -> Problem:
    found = Diagnosis(
        cause=Cause.MISSING_PACKAGE, sentence="A package is missing.", evidence="x", evidence_line=1, edits=list(edits)
    )
    return Problem(code="script_failed", title="The script ended", diagnosis=found)


ADDED = Edit(path="requirements.txt", patch="+seaborn\n", content="seaborn\n")


async def failed(sharing, problem: Problem | None, **changes: Any):
    """Return a compendium of Ada's and a job on it that failed so."""
    compendium = await sharing.compendium(files={"main.R": b"library(sf)\n"}, **changes)
    job = await sharing.gateway.job(compendium)

    def end(before):
        after = {"status": JobStatus.FAILURE, "problem": problem, "version": before.version + 1}
        return Advance(before.model_copy(update=after))

    await sharing.services.records.move_job(job.id, end)
    return compendium, job


async def test_an_accepted_change_is_a_new_candidate_that_is_described_anew(sharing) -> None:
    compendium, job = await failed(sharing, a_problem(ADDED))
    answer = await sharing.asked("ada", "POST", f"{API}/job/{job.id}/mend")
    assert answer.status_code == 200, answer.text
    made = await sharing.services.records.compendium(answer.json()["id"])
    assert made
    assert (made.owner, made.candidate, made.status.value, made.mends) == ("ada", True, "describing", compendium.id)
    assert made.version == 1
    files = read_manifest(sharing.services.blobs, made.manifest)
    assert sharing.services.blobs.read(files.get("requirements.txt").digest) == b"seaborn\n"
    assert "main.R" in files
    assert (await sharing.services.records.compendium(compendium.id)) == compendium


async def test_what_is_mended_says_where_it_came_from(sharing) -> None:
    origin = Origin(kind=SourceKind.GIT, source="https://github.com/a/b@v1", commit="1" * 40)
    _, job = await failed(sharing, a_problem(ADDED), origin=origin)
    answer = await sharing.asked("ada", "POST", f"{API}/job/{job.id}/mend")
    made = await sharing.services.records.compendium(answer.json()["id"])
    assert made.origin == origin


async def test_a_job_that_proposes_nothing_is_a_conflict(sharing, error_of) -> None:
    for problem in (None, Problem(code="x", title="It broke"), a_problem()):
        _, job = await failed(sharing, problem)
        answer = await sharing.asked("ada", "POST", f"{API}/job/{job.id}/mend")
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_mend")


async def test_only_who_may_edit_the_compendium_accepts_a_change(sharing) -> None:
    _, job = await failed(sharing, a_problem(ADDED))
    _, public = await failed(sharing, a_problem(ADDED), candidate=False)
    assert (await sharing.asked("bob", "POST", f"{API}/job/{job.id}/mend")).status_code == 404
    assert (await sharing.asked("bob", "POST", f"{API}/job/{public.id}/mend")).status_code == 403
    assert (await sharing.asked("", "POST", f"{API}/job/{public.id}/mend")).status_code == 401


async def test_the_page_accepts_a_change_with_one_button(sharing) -> None:
    _, job = await failed(sharing, a_problem(ADDED))
    page = await sharing.asked("ada", "GET", f"/job/{job.id}", headers={"Accept": "text/html"})
    assert f'action="/job/{job.id}/mend"' in page.text
