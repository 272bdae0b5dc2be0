"""Jobs: how they are started and listed, and what their ten steps say."""

from __future__ import annotations

from typing import Any

import pytest
from support.o2r_client import STEPS

from erc.events.blobs import put_document
from erc.events.catalog import ExecutionFailed
from erc.gateway.pipeline import advance_job
from erc.gateway.transition import Advance, Facts
from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.schemas.job import JobStatus, Step, StepName, StepStatus
from erc.schemas.problem import Problem

API = "/api/v1"


async def started(sharing, **changes: Any):
    """Return a compendium of Ada's and a job on it."""
    compendium = await sharing.compendium(**changes)
    return compendium, await sharing.gateway.job(compendium)


async def moved(sharing, job, **changes: Any) -> None:
    def move(before):
        return Advance(before.model_copy(update={**changes, "version": before.version + 1}))

    await sharing.services.records.move_job(job.id, move)


async def viewed(sharing, job, steps: str = "all") -> dict[str, Any]:
    answer = await sharing.asked("ada", "GET", f"{API}/job/{job.id}", params={"steps": steps})
    assert answer.status_code == 200, answer.text
    return answer.json()


# ------------------------------------------------------------------------------------------ starting


@pytest.mark.parametrize("form", [False, True])
async def test_a_job_is_started_from_json_and_from_a_form(sharing, form) -> None:
    compendium = await sharing.compendium()
    about = {"files": {"compendium_id": (None, compendium.id)}} if form else {"json": {"compendium_id": compendium.id}}
    answer = await sharing.asked("ada", "POST", f"{API}/job", **about)
    assert answer.status_code == 200
    assert answer.headers["location"] == f"{API}/job/{answer.json()['job_id']}"
    view = (await sharing.asked("ada", "GET", answer.headers["location"])).json()
    assert (view["status"], view["user"], view["compendium_id"]) == ("running", "ada", compendium.id)


async def test_starting_is_refused_in_the_words_of_the_reference(sharing, error_of) -> None:
    candidate, published = await sharing.compendium(), await sharing.compendium(candidate=False)
    for who, body, expected in (
        ("ada", {}, (400, "compendium_id required")),
        ("ada", {"compendium_id": ""}, (400, "compendium_id required")),
        ("ada", {"compendium_id": 5}, (400, "compendium_id required")),
        ("", {"compendium_id": published.id}, (401, "user is not authenticated")),
        ("ada", {"compendium_id": "0" * 26}, (404, "no compendium with this id")),
        ("ada", {"compendium_id": "a\0"}, (400, "The body holds what is no text")),
        ("bob", {"compendium_id": candidate.id}, (404, "no compendium with this id")),
        ("", {"compendium_id": "a" * 32}, (404, "no compendium with this id")),
    ):
        assert error_of(await sharing.asked(who, "POST", f"{API}/job", json=body)) == expected
    assert (await sharing.asked("new", "POST", f"{API}/job", json={"compendium_id": published.id})).status_code == 200


async def test_a_job_is_run_again_as_a_new_one_of_who_asks(sharing) -> None:
    compendium, job = await started(sharing, candidate=False)
    for who, status in (("ada", 200), ("new", 200), ("", 401)):
        answer = await sharing.asked(who, "POST", f"{API}/job/{job.id}/rerun")
        assert answer.status_code == status
        if status == 200:
            view = (await sharing.asked("", "GET", f"{API}/job/{answer.json()['job_id']}")).json()
            assert (view["compendium_id"], view["user"]) == (compendium.id, who)
    key = {"headers": {"Idempotency-Key": "k"}}
    first = await sharing.asked("ada", "POST", f"{API}/job/{job.id}/rerun", **key)
    assert (await sharing.asked("ada", "POST", f"{API}/job/{job.id}/rerun", **key)).json() == first.json()
    assert (await sharing.asked("ada", "POST", f"{API}/job/{'0' * 26}/rerun")).status_code == 404


# ------------------------------------------------------------------------------------------ lists


async def test_jobs_are_listed_by_compendium_user_and_status(sharing, error_of) -> None:
    compendium, first = await started(sharing, candidate=False)
    _, second = await started(sharing, owner="bob", candidate=False)
    hidden, third = await started(sharing)
    await moved(sharing, second, status=JobStatus.FAILURE)

    async def listed(who: str = "", **query: Any) -> list[Any]:
        return (await sharing.asked(who, "GET", f"{API}/job", params=query)).json()["results"]

    assert await listed() == [second.id, first.id]
    assert await listed("ada") == [third.id, second.id, first.id]
    assert await listed(compendium_id=compendium.id) == [first.id]
    assert await listed(user="bob") == await listed(status="failure") == [second.id]
    assert await listed("ada", start=2, limit=1) == [second.id]
    assert await listed(start=99) == []
    assert await listed(fields="status, user,,status", user="bob") == [
        {"id": second.id, "status": "failure", "user": "bob"}
    ]
    assert await listed(fields="user", user="bob") == [{"id": second.id, "user": "bob"}]
    for query, expected in (
        ({"fields": "status,verdict"}, (400, "unsupported field requested: verdict")),
        ({"compendium_id": "0" * 26}, (404, f"no compendium with id {'0' * 26}")),
        ({"compendium_id": hidden.id}, (404, f"no compendium with id {hidden.id}")),
        ({"user": "a\0"}, (400, "The address cannot be read")),
        ({"status": "\0"}, (400, "The address cannot be read")),
    ):
        assert error_of(await sharing.asked("", "GET", f"{API}/job", params=query)) == expected


async def test_the_owner_of_a_candidate_sees_what_an_editor_runs_on_it(sharing) -> None:
    compendium = await sharing.compendium()
    answer = await sharing.asked("eve", "POST", f"{API}/job", json={"compendium_id": compendium.id})
    path = f"{API}/job/{answer.json()['job_id']}"
    statuses = [(await sharing.asked(who, "GET", path)).status_code for who in ("eve", "ada", "bob", "")]
    assert statuses == [200, 200, 404, 404]


# ------------------------------------------------------------------------------------------ steps


async def test_there_are_ten_steps_in_their_order_and_details_on_request(sharing, error_of) -> None:
    _, job = await started(sharing)
    await moved(sharing, job, image_id="sha256:abc")
    view = await viewed(sharing, job)
    assert list(view["steps"]) == list(STEPS)
    assert view["steps"]["validate_bag"]["text"] == ["Not a bag"]
    assert view["steps"]["validate_bag"]["status"] == "skipped"
    assert view["steps"]["validate_bag"]["start"] == view["steps"]["validate_bag"]["end"]
    assert {step["status"] for step in list(view["steps"].values())[1:]} == {"queued"}
    for asked in ("", "no", "nothing,else"):
        assert all(
            set(step) == {"status", "start", "end"} for step in (await viewed(sharing, job, asked))["steps"].values()
        )
    some = (await viewed(sharing, job, "image_build, check"))["steps"]
    assert some["image_build"]["imageId"] == "sha256:abc"
    assert "text" not in some["validate_bag"]
    assert error_of(await sharing.asked("ada", "GET", f"{API}/job/{'0' * 26}")) == (404, "no job with this id")


async def test_fields_that_nobody_recorded_are_not_there(sharing) -> None:
    _, job = await started(sharing)
    steps = (await viewed(sharing, job))["steps"]
    assert all(set(step) == {"status", "start", "end", "text"} for step in steps.values())


async def test_the_fields_of_a_job_that_ended(sharing) -> None:
    compendium, job = await started(sharing)
    blobs, done = sharing.services.blobs, Step(status=StepStatus.SUCCESS)
    rows = [
        Comparison(name="Text", kind="text", outcome=Outcome.DIFFERENT, finding="one word", measure=0.1),
        Comparison(name="Figure 1", kind="image", outcome=Outcome.IDENTICAL),
        Comparison(name="Figure 2", kind="image", outcome=Outcome.DIFFERENT, finding="bars", measure=0.25),
    ]
    html = blobs.put(b"<p>report")
    report = CheckReport(verdict=Verdict.DIFFERS, reason="x", display="display.html", comparisons=rows, html=html)
    steps = {**job.steps, StepName.GENERATE_MANIFEST: done, StepName.IMAGE_SAVE: done}
    await moved(sharing, job, steps=steps, exit_code=0, report=put_document(blobs, report), outputs=compendium.manifest)
    view = await viewed(sharing, job)
    steps = view["steps"]
    assert steps["generate_manifest"]["manifest"] == "Dockerfile"
    assert steps["image_execute"]["statuscode"] == 0
    assert steps["image_save"]["file"] == "image.tar"
    check = steps["check"]
    assert check["display"] == {"diff": f"{API}/job/{job.id}/data/check.html"}
    assert (check["checkSuccessful"], check["numTextDifferrences"], check["errors"]) == (False, 1, [])
    figure = {"outcome": "different", "share": 0.25, "finding": "bars"}
    assert check["images"][1] == {"imageIndex": 1, "name": "Figure 2", "compareResults": figure}
    assert view["files"]["name"] == job.id
    page = await sharing.asked("ada", "GET", check["display"]["diff"])
    assert (await sharing.content(page.headers["location"])).content == b"<p>report"


async def test_a_check_that_compared_nothing_says_why(sharing) -> None:
    _, job = await started(sharing)
    report = CheckReport(verdict=Verdict.FAILED, reason="No display was made.", display="d", code="no_display")
    await moved(sharing, job, report=put_document(sharing.services.blobs, report))
    check = (await viewed(sharing, job))["steps"]["check"]
    assert (check["errors"], check["checkSuccessful"], check["images"]) == (["No display was made."], False, [])
    assert "display" not in check


async def test_the_exit_code_of_a_script_that_failed_is_told(sharing) -> None:
    _, job = await started(sharing)
    event = ExecutionFailed(job_id=job.id, problem="0" * 64, exit_code=3)
    problem = Problem(code="script_failed", title="The script failed")
    facts = Facts(job.created, problem)
    await sharing.services.records.move_job(job.id, lambda before: advance_job(before, event, facts))
    step = (await viewed(sharing, job))["steps"]["image_execute"]
    assert (step["status"], step["statuscode"]) == ("failure", 3)
