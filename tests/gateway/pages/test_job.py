"""The page of a job."""

from __future__ import annotations

import re

from erc.schemas.check import Comparison, IgnoredPart, Likeness, Outcome, Verdict
from erc.schemas.diagnosis import Cause, Diagnosis, Edit
from erc.schemas.job import Job, JobStatus, Step, StepName, StepStatus
from erc.schemas.problem import Problem


def differs(report: str):
    def change(job: Job) -> Job:
        steps = {**job.steps, StepName.CHECK: Step(status=StepStatus.FAILURE)}
        values = {"report": report, "verdict": Verdict.DIFFERS, "reason": "Figure 1 differs.", "steps": steps}
        return job.model_copy(update=values | {"status": JobStatus.FAILURE, "ended": job.created})

    return change


async def test_a_running_job_says_which_step_it_is_in_and_can_be_cancelled(operator, world) -> None:
    job = await world.job(await world.compendium())
    page = await operator.get(f"/job/{job.id}")
    assert "Step 2 of 10: planning the environment." in page.text
    assert f'action="/job/{job.id}/cancel"' in page.text
    assert f'data-events="/api/v1/job/{job.id}/events"' in page.text


async def test_a_job_that_waits_shows_its_place(operator, world) -> None:
    compendium = await world.compendium()
    await operator.post(f"/compendium/{compendium.id}/run")
    second = await operator.post(f"/compendium/{compendium.id}/run")
    page = await operator.get(second.headers["location"])
    assert "Place 2 in the queue, behind 1 other." in page.text


async def test_cancelling_leads_back_to_the_page_and_twice_is_no_error(operator, world) -> None:
    job = await world.job(await world.compendium())
    for _ in range(2):
        answer = await operator.post(f"/job/{job.id}/cancel")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/job/{job.id}")
    page = await operator.get(f"/job/{job.id}")
    assert "Cancelled" in page.text
    assert "The job was cancelled." in page.text


async def test_the_verdict_stands_before_the_evidence_and_that_before_the_steps(operator, world) -> None:
    job = await world.job(await world.compendium(), differs(world.report([world.figure(Outcome.DIFFERENT)])))
    page = (await operator.get(f"/job/{job.id}")).text
    places = [page.index(f'id="{part}"') for part in ("verdict", "evidence", "steps-title")]
    assert places == sorted(places)
    assert "Figure 1 differs." in page


async def test_pictures_stand_side_by_side_and_are_served_from_the_content_origin(operator, world) -> None:
    job = await world.job(await world.compendium(), differs(world.report([world.figure(Outcome.DIFFERENT)])))
    page = (await operator.get(f"/job/{job.id}")).text
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    pictures = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', page.partition('id="evidence"')[2])
    assert captions == ["Published", "This run", "Difference, framed in red"]
    assert [alt for _, alt in pictures] == [
        "Figure 1: published",
        "Figure 1: this run",
        "Figure 1: difference, framed in red",
    ]
    assert all(address.startswith(world.services.settings.content_url) for address, _ in pictures)


async def test_what_differs_comes_before_what_agrees(operator, world) -> None:
    rows = [world.figure(Outcome.IDENTICAL, "Figure 1"), world.figure(Outcome.DIFFERENT, "Figure 2")]
    job = await world.job(await world.compendium(), differs(world.report(rows)))
    page = (await operator.get(f"/job/{job.id}")).text
    assert page.index("Figure 2: published") < page.index("Figure 1: published")
    assert "<strong>1 of 2</strong> figures</span> agree with the published" in page


async def test_what_is_no_picture_is_a_link(operator, world) -> None:
    text = world.services.blobs.put(b"a text")
    row = Comparison(name="Text", kind="text", outcome=Outcome.DIFFERENT, original=text, reproduced=text)
    job = await world.job(await world.compendium(), differs(world.report([row])))
    page = (await operator.get(f"/job/{job.id}")).text
    assert "<figcaption>" not in page
    assert re.search(r'<a href="[^"]+/figure/[^"]+/0/original">Published', page)


async def test_the_terms_of_a_comparison_and_what_does_not_count_are_told(operator, world) -> None:
    part = IgnoredPart(rule="memory address", published="<0x1>", reproduced="<0x2>")
    about = {"kind": "text", "outcome": Outcome.EQUIVALENT, "tolerance": "absolute 0.1"}
    text = Comparison(name="Text", ignored=[part], ignored_count=41, **about)
    drawn = {"likeness": Likeness.OTHER_RENDERING, "confidence": 0.8, "outcome": Outcome.OTHER_RENDERING}
    rows = [text, world.figure(Outcome.DIFFERENT).model_copy(update=drawn)]
    told = {"warnings": ["The rule for “x” names nothing."], "unclaimed": ["log.txt"]}
    job = await world.job(await world.compendium(), differs(world.report(rows, **told)))
    page = (await operator.get(f"/job/{job.id}")).text
    assert "Tolerance: absolute 0.1" in page
    assert "41 parts differ and do not count" in page
    assert "<td>memory address</td><td>&lt;0x1&gt;</td><td>&lt;0x2&gt;</td>" in page
    assert "Class of the figure: same content, other rendering (confidence 0.80 of 1)" in page
    assert "The rule for “x” names nothing." in page
    assert "not counted: <code>log.txt</code>." in page


async def test_the_report_is_framed_without_any_right(operator, world) -> None:
    job = await world.job(await world.compendium(), differs(world.report([world.figure(Outcome.DIFFERENT)])))
    page = (await operator.get(f"/job/{job.id}")).text
    frame = re.search(r"<iframe [^>]*>", page).group()
    assert 'sandbox=""' in frame
    assert "check.html" in frame


async def test_a_thousand_comparisons_do_not_make_a_thousand_pictures(operator, world) -> None:
    figure = world.figure(Outcome.DIFFERENT)
    job = await world.job(await world.compendium(), differs(world.report([figure] * 1000)))
    page = (await operator.get(f"/job/{job.id}")).text
    assert page.count('class="compared') == 60
    assert "940 further comparisons" in page


async def test_a_check_that_found_differences_did_not_fail(operator, world) -> None:
    job = await world.job(await world.compendium(), differs(world.report([world.figure(Outcome.DIFFERENT)])))
    page = (await operator.get(f"/job/{job.id}")).text
    step = re.search(r'id="state-check".*?</h3>', page, re.DOTALL).group()
    assert "different" in step
    assert "failed" not in step


async def test_a_failure_shows_the_end_of_the_log_without_what_a_terminal_would_act_on(
    operator, world, as_failed
) -> None:
    log = world.services.blobs.put(b"begin\n" + b"x" * 20_000 + b"\n\x1b[31mError: \x07<b>no file</b>\x1b[0m\n")
    job = await world.job(await world.compendium(), as_failed("The script ended with exit code 1.", log=log))
    page = (await operator.get(f"/job/{job.id}")).text
    shown = re.search(r'<details id="log-image_execute".*?</details>', page, re.DOTALL).group()
    assert " open>" in shown
    assert "Error: &lt;b&gt;no file&lt;/b&gt;" in shown
    assert "begin" not in shown
    assert "Only its end is shown here." in shown
    assert "\x1b" not in page
    assert f'href="/api/v1/job/{job.id}/log/image_execute"' in page


async def test_a_problem_is_told_with_its_mend_and_only_once(operator, world, as_failed) -> None:
    problem = Problem(code="x", title="A package does not exist", detail="Remove “nopackage” from main.R.")

    def change(job: Job) -> Job:
        return as_failed(problem.sentence())(job).model_copy(update={"problem": problem})

    job = await world.job(await world.compendium(), change)
    page = (await operator.get(f"/job/{job.id}")).text
    assert page.count("Remove “nopackage” from main.R.") == 1


async def test_a_diagnosis_is_told_with_its_place_and_the_proposed_change(operator, world, as_failed) -> None:
    edit = Edit(path="requirements.txt", patch="--- /dev/null\n+++ b/requirements.txt\n+<b>\n", content="<b>\n")
    diagnosis = Diagnosis(
        cause=Cause.MISSING_PACKAGE,
        sentence="The Python package <b> is not in the environment.",
        advice="Add it to requirements.txt.",
        evidence="ModuleNotFoundError: No module named '<b>'",
        evidence_line=3,
        path="code/main.py",
        line=12,
        edits=[edit],
    )
    problem = Problem(code="script_failed", title="The script ended", detail="Its last lines.", diagnosis=diagnosis)

    def change(job: Job) -> Job:
        return as_failed(problem.sentence())(job).model_copy(update={"problem": problem})

    job = await world.job(await world.compendium(), change)
    page = (await operator.get(f"/job/{job.id}")).text
    assert "The Python package &lt;b&gt; is not in the environment." in page
    told = re.search(r'<div id="diagnosis".*?</div>', page, re.DOTALL).group()
    for part in (
        "<code>code/main.py</code>, line 12",
        "+&lt;b&gt;",
        "No module named",
    ):
        assert part in told
    assert (await operator.get(f"/api/v1/job/{job.id}")).json()["problem"]["diagnosis"]["line"] == 12


async def test_an_ended_job_opens_no_stream_and_can_be_run_again(operator, world, as_failed) -> None:
    job = await world.job(await world.compendium(), as_failed("It broke."))
    page = (await operator.get(f"/job/{job.id}")).text
    assert "job.js" not in page
    assert "data-events" not in page
    assert f'action="/compendium/{job.compendium_id}/run"' in page


async def test_the_job_of_a_deleted_compendium_can_still_be_read_by_its_owner(operator, world, as_failed) -> None:
    compendium = await world.compendium()
    job = await world.job(compendium, as_failed("It broke."))
    await operator.post(f"/compendium/{compendium.id}/delete")
    page = await operator.get(f"/job/{job.id}")
    assert page.status_code == 200
    assert "A compendium that was deleted" in page.text


async def test_the_job_of_a_candidate_is_not_there_for_a_stranger(reader, world) -> None:
    job = await world.job(await world.compendium())
    assert (await reader.get(f"/job/{job.id}")).status_code == 404
    assert (await reader.post(f"/job/{job.id}/cancel")).status_code == 404


async def test_a_reader_of_a_published_job_sees_no_buttons(reader, world) -> None:
    job = await world.job(await world.compendium(candidate=False))
    page = await reader.get(f"/job/{job.id}")
    assert page.status_code == 200
    assert '<form action="/job' not in page.text
    assert (await reader.post(f"/job/{job.id}/cancel")).status_code == 401
