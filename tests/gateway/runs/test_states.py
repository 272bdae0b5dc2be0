"""The status of a run is told from the steps of its job, and only goes the ways of the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.catalog import (
    CheckFailed,
    CheckFinished,
    CheckOutputs,
    EnvironmentFailed,
    EnvironmentPlanned,
    EnvironmentReady,
    ExecuteWorkspace,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionStarted,
    ImageSaved,
    PrepareEnvironment,
    SaveImage,
)
from erc.events.errors import Unavailable
from erc.gateway.pipeline import advance_job, cancel_job, start_job
from erc.gateway.runs.states import status_of, updated_of
from erc.gateway.transition import Advance, Facts
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import encode_id
from erc.schemas.job import Job, StepName
from erc.schemas.run import RunStatus

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
A, B, JOB, COMPENDIUM = "a" * 64, "b" * 64, encode_id(2, bytes(10)), encode_id(1, bytes(10))
FACTS = Facts(time=NOW + timedelta(seconds=5))
PLANNED = EnvironmentPlanned(
    job_id=JOB, manifest=B, plan=A, environment_key=A, configuration_made=False, runtime_manifest_made=False
)
READY = EnvironmentReady(job_id=JOB, image_id="sha256:1", environment_key=A, cached=False)
KEPT = READY.model_copy(update={"image": A})
STARTED, FINISHED = ExecutionStarted(job_id=JOB), ExecutionFinished(job_id=JOB, outputs=A)
CHECKED = CheckFinished(job_id=JOB, verdict=Verdict.DIFFERS, report=B)
SAVED = ImageSaved(job_id=JOB, image=A)
FAILED = [
    EnvironmentFailed(job_id=JOB, step=StepName.VALIDATE_COMPENDIUM, problem=A),
    EnvironmentFailed(job_id=JOB, step=StepName.IMAGE_BUILD, problem=A),
    ExecutionFailed(job_id=JOB, problem=A, exit_code=1),
    CheckFailed(job_id=JOB, problem=A),
]
CANCELS = object()
TERMINAL = frozenset({RunStatus.STOPPED, RunStatus.ERROR, RunStatus.KILLED})
ENDS = frozenset({RunStatus.ERROR, RunStatus.KILLED})
LEGAL: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PENDING: ENDS | {RunStatus.BUILDING},
    RunStatus.BUILDING: ENDS | {RunStatus.STARTING},
    RunStatus.STARTING: ENDS | {RunStatus.RUNNING},
    RunStatus.RUNNING: ENDS | {RunStatus.UPLOADING, RunStatus.STOPPED},
    RunStatus.UPLOADING: TERMINAL,
    **dict.fromkeys(TERMINAL, frozenset[RunStatus]()),
}
"""What may follow on what."""
ANSWERS = {
    PrepareEnvironment: [PLANNED, READY, KEPT, *FAILED[:2]],
    ExecuteWorkspace: [STARTED, FINISHED, FAILED[2]],
    CheckOutputs: [CHECKED, FAILED[3]],
    SaveImage: [SAVED],
}
"""What a worker may answer to a command, in any order and as often as it likes."""
EVERYTHING = [event for events in ANSWERS.values() for event in events] + [CANCELS]


def begun() -> Advance[Job]:
    ready = Compendium(id=COMPENDIUM, owner="ada", upload=A, created=NOW, manifest=A, description=B)
    ready = ready.model_copy(update={"status": CompendiumStatus.READY})
    return start_job(Job(id=JOB, compendium_id=COMPENDIUM, owner="ada", created=NOW), ready)


def a_job() -> Job:
    return begun().state


def moved(job: Job, event: object) -> Advance[Job]:
    """Return what follows on an event; nothing when that is stale or too early."""
    try:
        advance = cancel_job(job, NOW) if event is CANCELS else advance_job(job, event, FACTS)
    except Unavailable:
        advance = None
    return advance or Advance(job)


def after(job: Job, event: object) -> Job:
    return moved(job, event).state


def answers(advance: Advance[Job]) -> list[object]:
    return [event for command in advance.commands for event in ANSWERS[type(command)]]


def words(*events: object) -> list[str]:
    job, said = a_job(), []
    for event in events:
        job = after(job, event)
        said.append(status_of(job).value)
    return said


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            [PLANNED, READY, STARTED, FINISHED, CHECKED, SAVED],
            ["building", "starting", "running", "running", "uploading", "stopped"],
        ),
        (
            [PLANNED, KEPT, STARTED, FINISHED, CHECKED],
            ["building", "starting", "running", "running", "stopped"],
        ),
        ([PLANNED, READY, FINISHED], ["building", "starting", "running"]),
        ([FAILED[0]], ["error"]),
        ([PLANNED, FAILED[1]], ["building", "error"]),
        ([PLANNED, READY, FAILED[2]], ["building", "starting", "error"]),
        ([PLANNED, READY, STARTED, FAILED[2]], ["building", "starting", "running", "error"]),
        ([PLANNED, KEPT, STARTED, FINISHED, FAILED[3]], ["building", "starting", "running", "running", "error"]),
        ([CANCELS], ["killed"]),
        ([PLANNED, CANCELS, READY], ["building", "killed", "killed"]),
        (
            [PLANNED, READY, STARTED, FINISHED, CHECKED, CANCELS, SAVED],
            ["building", "starting", "running", "running", "uploading", "killed", "killed"],
        ),
    ],
)
def test_the_steps_of_a_job_tell_the_status(events, said) -> None:
    assert words(*events) == said


def test_a_job_that_has_just_begun_is_pending() -> None:
    assert status_of(a_job()) is RunStatus.PENDING


@given(st.lists(st.sampled_from(EVERYTHING), max_size=30))
def test_whatever_happens_in_whatever_order_the_status_goes_a_legal_way(events) -> None:
    advance = begun()
    job, asked = advance.state, {*map(id, answers(advance))}
    for event in events:
        if event is not CANCELS and id(event) not in asked:
            continue
        advance = moved(job, event)
        asked |= {*map(id, answers(advance))}
        before, job = status_of(job), advance.state
        now = status_of(job)
        assert now is before or now in LEGAL[before], (before, event, now)
        assert (now in TERMINAL) == job.terminal


def test_every_status_has_a_row_and_the_ends_lead_nowhere() -> None:
    assert set(LEGAL) == set(RunStatus)
    assert {status for status, following in LEGAL.items() if not following} == TERMINAL
    reached, open_ = set(), {RunStatus.PENDING}
    while open_:
        reached |= open_
        open_ = {one for status in open_ for one in LEGAL[status]} - reached
    assert reached == set(RunStatus)


def test_the_last_change_of_a_job_is_told() -> None:
    assert updated_of(a_job()) == NOW
    assert updated_of(after(a_job(), PLANNED)) == FACTS.time
