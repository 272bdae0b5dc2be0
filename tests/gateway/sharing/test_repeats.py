"""Having a job repeated: who may, what is kept, what is shown."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from support.eventually import eventually

from erc.events.blobs import put_document, read_manifest
from erc.events.catalog import CheckFinished, ExecutionFinished
from erc.gateway.pipeline import advance_job
from erc.gateway.transition import Advance, Facts
from erc.schemas import tables
from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.job import Job, JobStatus
from erc.schemas.repeat import Conditions, Tried, Variation

API = "/api/v1"
MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CONDITIONS = Conditions(tried=[Tried(variation=Variation.ZONE, was="UTC", became="UTC+1345")])
PUBLISHED, MADE_FIRST, MADE_AGAIN = "a" * 64, "b" * 64, "c" * 64
FIGURE = Comparison(
    name="Figure 1",
    kind="image",
    outcome=Outcome.DIFFERENT,
    finding="Figure 1 differs.",
    original=PUBLISHED,
    reproduced=MADE_FIRST,
)
DIFFERS = CheckReport(verdict=Verdict.DIFFERS, reason="Figure 1 differs.", display="d.html", comparisons=[FIGURE])
REPEATED = FIGURE.model_copy(update={"original": MADE_FIRST, "reproduced": MADE_AGAIN})
VARIES = DIFFERS.model_copy(update={"comparisons": [REPEATED]})
SAME = CheckReport(verdict=Verdict.REPRODUCED, reason="All agrees.", display="d.html")


async def ended(sharing: Any, **changes: Any) -> tuple[Any, Job]:
    """Return a compendium of Ada's and a job on it that has ended and differs."""
    compendium = await sharing.compendium(**changes)
    job = await sharing.gateway.job(compendium)

    def end(before: Job) -> Advance[Job]:
        about = {
            "status": JobStatus.FAILURE,
            "manifest": compendium.manifest,
            "plan": "0" * 64,
            "image_id": "sha256:1",
            "outputs": sharing.kept({"plot.png": b"1", "erc.yml": b"main: tampered\n"}),
            "report": put_document(sharing.services.blobs, DIFFERS),
            "verdict": Verdict.DIFFERS,
            "reason": DIFFERS.reason,
            "ended": MADE,
            "version": before.version + 1,
        }
        return Advance(before.model_copy(update=about))

    return compendium, await sharing.services.records.move_job(job.id, end)


async def plays(sharing: Any, identifier: str, report: CheckReport) -> None:
    """Let a repeat run to its end."""
    facts = Facts(MADE, report=report, conditions=CONDITIONS)
    blob = put_document(sharing.services.blobs, report)
    events = (
        ExecutionFinished(job_id=identifier, outputs="0" * 64),
        CheckFinished(job_id=identifier, verdict=report.verdict, report=blob),
    )
    for event in events:
        assert await sharing.services.records.move_job(
            identifier, lambda job, event=event: advance_job(job, event, facts)
        )


async def repeats_of(sharing: Any, job: Job) -> list[Job]:
    return await sharing.services.repeats.of(job.id)


async def test_a_repeat_runs_to_its_end_and_tells_what_is_not_deterministic(sharing) -> None:
    _, job = await ended(sharing)
    answer = await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")
    assert answer.status_code == 200, answer.text
    (first,) = await repeats_of(sharing, job)
    assert answer.json() == {"job_id": first.id}
    going = (await sharing.asked("ada", "GET", f"{API}/job/{job.id}")).json()["determinism"]
    assert (going["complete"], going["repeats"]) == (False, [first.id])

    await plays(sharing, first.id, VARIES)
    _, same = await repeats_of(sharing, job)
    assert (same.repeat.variations, same.owner, same.status) == ([], "ada", JobStatus.RUNNING)
    await plays(sharing, same.id, SAME)
    *_, zone = await repeats_of(sharing, job)
    assert zone.repeat.variations == [Variation.ZONE]
    await plays(sharing, zone.id, VARIES)

    document = (await sharing.asked("ada", "GET", f"{API}/job/{job.id}")).json()
    assert document["determinism"]["complete"]
    assert document["determinism"]["findings"][0]["causes"] == ["time zone"]
    assert document["determinism"]["runs"] == 4
    assert document["check"]["comparisons"][0]["outcome"] == "not deterministic"
    said = "Figure 1 differs. It also differs between our own runs: it is not deterministic."
    assert (document["reason"], document["verdict"]) == (said, "differs")
    page = await sharing.asked("ada", "GET", f"/job/{job.id}", headers={"Accept": "text/html"})
    assert said in page.text
    assert "Not deterministic: Figure 1 (time zone)." in page.text


async def test_each_repeat_has_its_command_and_its_place_in_the_queue(sharing) -> None:
    _, job = await ended(sharing)
    await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")
    (first,) = await repeats_of(sharing, job)
    rows = await sharing.services.records.database.rows(
        select(tables.waiting).where(tables.waiting.c.job_id == first.id)
    )
    assert [row["worker"] for row in rows] == ["executor"]
    assert rows[0]["command"]["data"]["variations"] == [one.value for one in Variation]
    assert rows[0]["command"]["data"]["image_id"] == "sha256:1"


async def test_what_the_run_made_is_the_reference_but_the_authors_rules_hold(sharing) -> None:
    _, job = await ended(sharing)
    await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")
    (first,) = await repeats_of(sharing, job)
    reference = read_manifest(sharing.services.blobs, first.repeat.reference)
    original = read_manifest(sharing.services.blobs, job.manifest)
    assert "plot.png" in reference
    assert reference.get("erc.yml") == original.get("erc.yml")


async def test_repeats_are_in_no_list_and_can_be_seen_by_their_id(sharing) -> None:
    compendium, job = await ended(sharing)
    identifier = (await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")).json()["job_id"]
    listed = await sharing.asked("ada", "GET", f"{API}/job?compendium_id={compendium.id}")
    assert listed.json()["results"] == [job.id]
    document = (await sharing.asked("ada", "GET", f"{API}/job/{identifier}")).json()
    assert document["repeat"]["of"] == job.id
    page = await sharing.asked("ada", "GET", f"/job/{identifier}", headers={"Accept": "text/html"})
    assert f'This job repeats <a href="/job/{job.id}">' in page.text


async def test_a_job_is_repeated_once_at_a_time_and_only_where_it_can_be(sharing, error_of) -> None:
    _, job = await ended(sharing)
    path = f"{API}/job/{job.id}/repeat"
    answers = await asyncio.gather(*(sharing.asked("ada", "POST", path) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    (first,) = await repeats_of(sharing, job)
    again = await sharing.asked("ada", "POST", f"{API}/job/{first.id}/repeat")
    assert (again.status_code, again.json()["code"]) == (409, "not_repeatable")
    fresh = await sharing.gateway.job(await sharing.compendium())
    assert (await sharing.asked("ada", "POST", f"{API}/job/{fresh.id}/repeat")).json()["code"] == "not_repeatable"


async def test_the_same_key_begins_one_examination(sharing) -> None:
    _, job = await ended(sharing)
    answers = [
        await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_who_may_repeat(sharing) -> None:
    _, hidden = await ended(sharing)
    _, public = await ended(sharing, candidate=False, status=CompendiumStatus.READY)
    tried = [("bob", hidden, 404), ("", hidden, 404), ("eve", hidden, 200)]
    tried += [("", public, 401), ("new", public, 403), ("bob", public, 200)]
    for who, job, status in tried:
        answer = await sharing.asked(who, "POST", f"{API}/job/{job.id}/repeat")
        assert answer.status_code == status, (who, answer.text)


async def test_a_cancelled_repeat_is_followed_by_none_and_may_be_asked_for_again(sharing) -> None:
    _, job = await ended(sharing)
    identifier = (await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")).json()["job_id"]
    assert (await sharing.asked("ada", "POST", f"{API}/job/{identifier}/cancel")).status_code == 200
    found = (await sharing.asked("ada", "GET", f"{API}/job/{job.id}")).json()["determinism"]
    assert (found["complete"], found["runs"]) == (True, 1)
    page = await sharing.asked("ada", "GET", f"/job/{job.id}", headers={"Accept": "text/html"})
    assert f'action="/job/{job.id}/repeat"' in page.text
    answer = await sharing.asked("ada", "POST", f"/job/{job.id}/repeat", headers={"Accept": "text/html"})
    assert answer.status_code == 303, answer.text


async def test_the_end_of_a_compendium_ends_its_repeats(sharing) -> None:
    compendium, job = await ended(sharing)
    await sharing.asked("ada", "POST", f"{API}/job/{job.id}/repeat")
    assert (await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium.id}")).status_code in {200, 204}
    assert [one.verdict for one in await repeats_of(sharing, job)] == [Verdict.CANCELLED]


async def test_before_publication_the_newest_job_is_repeated_once(sharing) -> None:
    settings = sharing.services.settings
    compendium, job = await ended(sharing)
    sharing.services.settings = dataclasses.replace(settings, repeat_seconds=20.0)
    publishing = asyncio.ensure_future(sharing.asked("ada", "POST", f"{API}/compendium/{compendium.id}/publish"))
    repeats = await eventually(lambda: repeats_of(sharing, job))
    assert (await sharing.services.records.compendium(compendium.id)).candidate
    await plays(sharing, repeats[0].id, SAME)
    answer = await publishing
    assert answer.status_code == 200, answer.text
    assert not (await sharing.services.records.compendium(compendium.id)).candidate
    assert (await sharing.asked("ada", "POST", f"{API}/compendium/{compendium.id}/publish")).status_code == 200
    assert len(await repeats_of(sharing, job)) == 1


async def test_repeats_that_take_long_or_cannot_be_made_keep_nothing_from_publication(sharing) -> None:
    slow, job = await ended(sharing)
    sharing.services.settings = dataclasses.replace(sharing.services.settings, repeat_seconds=0.2)
    bare = await sharing.compendium()
    for compendium in (slow, bare):
        answer = await sharing.asked("ada", "POST", f"{API}/compendium/{compendium.id}/publish")
        assert answer.status_code == 200, answer.text
    assert len(await repeats_of(sharing, job)) == 1


async def test_nothing_is_repeated_before_publication_where_that_is_switched_off(sharing) -> None:
    compendium, job = await ended(sharing)
    assert sharing.services.settings.repeat_seconds == 0
    assert (await sharing.asked("ada", "POST", f"{API}/compendium/{compendium.id}/publish")).status_code == 200
    assert await repeats_of(sharing, job) == []
