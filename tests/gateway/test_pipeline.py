"""What follows from an event, decided without any server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.catalog import (
    CheckFailed,
    CheckFinished,
    CheckOutputs,
    DescribeWorkspace,
    EnvironmentFailed,
    EnvironmentPlanned,
    EnvironmentReady,
    ExecuteWorkspace,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionStarted,
    ImageSaved,
    SaveImage,
    WorkspaceDescribed,
    WorkspaceLoaded,
    WorkspaceRejected,
)
from erc.events.errors import Unavailable
from erc.gateway.arrival import advance_compendium
from erc.gateway.pipeline import advance_job, cancel_job, fail_job, start_job
from erc.gateway.transition import Facts
from erc.schemas.check import CheckReport, Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import encode_id
from erc.schemas.job import Job, JobStatus, StepName, StepStatus
from erc.schemas.metadata import Description, Kind
from erc.schemas.problem import Problem

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
JOB, COMPENDIUM = encode_id(2, bytes(10)), encode_id(1, bytes(10))
DESCRIPTION = Description(kind=Kind.RMARKDOWN, main="main.Rmd", display="display.html", manifest=A, o2r={"title": "T"})
REPORT = CheckReport(verdict=Verdict.DIFFERS, reason="Figure 1 differs.", display="display.html")
PROBLEM = Problem(code="x", title="It failed", detail="Mend it.")
FACTS = Facts(time=NOW + timedelta(seconds=5), problem=PROBLEM, report=REPORT, description=DESCRIPTION)

PLANNED = EnvironmentPlanned(
    job_id=JOB, manifest=B, plan=C, environment_key=D, configuration_made=True, runtime_manifest_made=False
)
READY = EnvironmentReady(job_id=JOB, image_id="sha256:1", environment_key=D, cached=False, log=A, log_chunks=3)
STARTED = ExecutionStarted(job_id=JOB)
FINISHED = ExecutionFinished(job_id=JOB, outputs=A)
CHECKED = CheckFinished(job_id=JOB, verdict=Verdict.DIFFERS, report=B)
SAVED = ImageSaved(job_id=JOB, image=C)
FAILED = [
    EnvironmentFailed(job_id=JOB, step=StepName.VALIDATE_COMPENDIUM, problem=A),
    ExecutionFailed(job_id=JOB, problem=A, exit_code=1),
    CheckFailed(job_id=JOB, problem=A),
]
WAY = [PLANNED, READY, STARTED, FINISHED, CHECKED, SAVED]


def a_compendium(**changes: object) -> Compendium:
    return Compendium(id=COMPENDIUM, owner="ada", upload=A, created=NOW).model_copy(update=changes)


def a_job() -> Job:
    ready = a_compendium(status=CompendiumStatus.READY, manifest=A, description=B)
    return start_job(Job(id=JOB, compendium_id=COMPENDIUM, owner="ada", created=NOW), ready).state


def along(*events: object) -> Job:
    job = a_job()
    for event in events:
        advance = advance_job(job, event, FACTS)
        assert advance is not None
        job = advance.state
    return job


def test_a_loaded_workspace_is_described_next() -> None:
    advance = advance_compendium(a_compendium(), WorkspaceLoaded(compendium_id=COMPENDIUM, manifest=B), FACTS)
    assert advance
    assert advance.commands == [DescribeWorkspace(compendium_id=COMPENDIUM, manifest=B)]
    assert advance.state.status is CompendiumStatus.DESCRIBING


def test_a_described_compendium_is_ready_with_its_metadata() -> None:
    before = a_compendium(status=CompendiumStatus.DESCRIBING, manifest=A)
    advance = advance_compendium(before, WorkspaceDescribed(compendium_id=COMPENDIUM, description=B), FACTS)
    assert advance
    assert (advance.state.status, advance.state.metadata["o2r"]["title"]) == (CompendiumStatus.READY, "T")


def test_a_rejected_workspace_ends_with_the_problem() -> None:
    advance = advance_compendium(a_compendium(), WorkspaceRejected(compendium_id=COMPENDIUM, problem=A), FACTS)
    assert advance
    assert (advance.state.status, advance.state.problem) == (CompendiumStatus.REJECTED, PROBLEM)


@pytest.mark.parametrize("status", [CompendiumStatus.READY, CompendiumStatus.REJECTED])
def test_a_compendium_that_came_to_its_end_is_not_moved(status: CompendiumStatus) -> None:
    loaded = WorkspaceLoaded(compendium_id=COMPENDIUM, manifest=B)
    assert advance_compendium(a_compendium(status=status), loaded, FACTS) is None


def test_the_whole_way_asks_each_worker_in_turn_and_ends_with_the_verdict() -> None:
    job, asked = a_job(), []
    for event in WAY:
        advance = advance_job(job, event, FACTS)
        assert advance
        asked += [type(command) for command in advance.commands]
        job = advance.state
    assert asked == [ExecuteWorkspace, CheckOutputs, SaveImage]
    assert (job.status, job.verdict, job.reason) == (JobStatus.FAILURE, Verdict.DIFFERS, "Figure 1 differs.")
    assert job.steps[StepName.CLEANUP].status is StepStatus.SUCCESS
    assert job.steps[StepName.GENERATE_MANIFEST].status is StepStatus.SKIPPED


@pytest.mark.parametrize("made", [True, False])
def test_the_first_steps_say_what_was_made_and_what_was_there(made: bool) -> None:
    changes = {"configuration_made": made, "runtime_manifest_made": made}
    steps = along(PLANNED.model_copy(update=changes)).steps
    said = {name: (steps[name].status, steps[name].text[-1]) for name in list(StepName)[:5]}
    status, word = (StepStatus.SUCCESS, "was made") if made else (StepStatus.SKIPPED, "exists")
    assert said == {
        StepName.VALIDATE_BAG: (StepStatus.SKIPPED, "Not a bag"),
        StepName.GENERATE_CONFIGURATION: (status, f"erc.yml {word}"),
        StepName.VALIDATE_COMPENDIUM: (StepStatus.SUCCESS, "all checks passed"),
        StepName.GENERATE_MANIFEST: (status, f"Dockerfile {word}"),
        StepName.IMAGE_PREPARE: (StepStatus.SUCCESS, "The plan of the environment is kept"),
    }


def test_an_image_that_is_kept_already_is_not_saved_again() -> None:
    kept = READY.model_copy(update={"image": A, "cached": True})
    job = along(PLANNED, kept, STARTED, FINISHED)
    advance = advance_job(job, CHECKED, FACTS)
    assert advance
    assert not advance.commands
    assert advance.state.terminal


def test_an_image_that_cannot_be_saved_harms_no_verdict() -> None:
    good = REPORT.model_copy(update={"verdict": Verdict.REPRODUCED, "reason": "All agree."})
    job = along(PLANNED, READY, STARTED, FINISHED)
    facts = Facts(time=NOW, report=good)
    checked = advance_job(job, CHECKED.model_copy(update={"verdict": Verdict.REPRODUCED}), facts)
    assert checked
    ended = advance_job(checked.state, ImageSaved(job_id=JOB, problem=A), FACTS)
    assert ended
    assert (ended.state.status, ended.state.verdict) == (JobStatus.SUCCESS, Verdict.REPRODUCED)


def test_an_environment_that_is_ready_before_its_plan_is_known_comes_later() -> None:
    with pytest.raises(Unavailable):
        advance_job(a_job(), READY, FACTS)


@pytest.mark.parametrize("count", range(len(WAY)))
def test_a_repeated_event_is_stale(count: int) -> None:
    job = along(*WAY[: count + 1])
    assert advance_job(job, WAY[count], FACTS) is None


@pytest.mark.parametrize(("event", "before"), list(zip(FAILED, (0, 2, 4), strict=True)))
def test_a_failed_step_ends_the_job_and_leaves_later_steps_queued(event: object, before: int) -> None:
    advance = advance_job(along(*WAY[:before]), event, FACTS)
    assert advance
    job = advance.state
    assert (job.status, job.verdict) == (JobStatus.FAILURE, Verdict.FAILED)
    assert job.reason == "It failed. Mend it."
    assert job.steps[StepName.IMAGE_SAVE].status is StepStatus.QUEUED
    assert job.steps[StepName.CLEANUP].status is StepStatus.SUCCESS


@pytest.mark.parametrize("code", ["unavailable", "step_timeout"])
@pytest.mark.parametrize("before", [0, 1])
def test_a_build_that_was_given_up_ends_the_job_also_when_there_was_no_plan(code: str, before: int) -> None:
    failed = EnvironmentFailed(job_id=JOB, step=StepName.IMAGE_BUILD, problem=A)
    facts = Facts(time=NOW, problem=PROBLEM.model_copy(update={"code": code}))
    advance = advance_job(along(*WAY[:before]), failed, facts)
    assert advance
    step = [StepName.GENERATE_CONFIGURATION, StepName.IMAGE_BUILD][before]
    assert (advance.state.verdict, advance.state.steps[step].status) == (Verdict.FAILED, StepStatus.FAILURE)
    assert advance_job(along(*WAY[:2]), failed, facts) is None


@pytest.mark.parametrize("count", range(len(WAY)))
def test_a_cancelled_job_is_over_at_once_and_hears_nothing_more(count: int) -> None:
    advance = cancel_job(along(*WAY[:count]), NOW)
    assert advance
    assert advance.state.verdict is Verdict.CANCELLED
    assert [advance_job(advance.state, event, FACTS) for event in [*WAY, *FAILED]] == [None] * (len(WAY) + len(FAILED))
    assert fail_job(advance.state, StepName.CHECK, PROBLEM, NOW) is None


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*WAY, *FAILED]), max_size=20))
def test_any_order_of_events_moves_the_version_by_one_and_ends_at_most_once(events: list[object]) -> None:
    job, ends = a_job(), 0
    for event in events:
        try:
            advance = advance_job(job, event, FACTS)
        except Unavailable:
            continue
        if advance is None:
            continue
        assert advance.state.version == job.version + 1
        assert not job.terminal
        ends += advance.state.terminal
        job = advance.state
    assert ends <= 1
    assert job.terminal == (job.verdict is not None and job.ended is not None)
