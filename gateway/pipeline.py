"""What follows from an event. Pure: `advance_job(job, event) -> (job, commands)`, or None when the event is stale.

Every accepted event moves the job's version by one; an event that was seen before finds its step already ended and is
stale, which is what makes a redelivery harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from erc.events.catalog import (
    CheckFailed,
    CheckFinished,
    CheckOutputs,
    EnvironmentFailed,
    EnvironmentPlanned,
    EnvironmentReady,
    Event,
    ExecuteWorkspace,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionStarted,
    ImageSaved,
    PrepareEnvironment,
    SaveImage,
)
from erc.events.errors import GIVEN_UP
from erc.gateway.repeats import after_check, after_failure, after_run
from erc.gateway.transition import Advance, Facts, TooEarly
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job, JobStatus, Step, StepName, StepStatus
from erc.schemas.problem import Problem

_OVER = {StepStatus.SUCCESS, StepStatus.FAILURE, StepStatus.SKIPPED}


def start_job(job: Job, compendium: Compendium) -> Advance[Job]:
    """Begin a new job on a compendium that is ready."""
    assert compendium.manifest, "a ready compendium has a manifest"
    assert compendium.description, "a ready compendium has a description"
    bag = _ended(
        Step(),
        StepStatus.SUCCESS if compendium.bag else StepStatus.SKIPPED,
        job.created,
        "The bag was validated when it was loaded" if compendium.bag else "Not a bag",
    )
    changes = {"status": JobStatus.RUNNING, "manifest": compendium.manifest, "description": compendium.description}
    started = _moved(job, changes, {StepName.VALIDATE_BAG: bag})
    prepare = PrepareEnvironment(
        job_id=job.id,
        compendium_id=compendium.id,
        manifest=compendium.manifest,
        description=compendium.description,
    )
    return Advance(started, [prepare])


def advance_job(job: Job, event: Event, facts: Facts) -> Advance[Job] | None:
    """Return what follows for a job, or None when the event is stale; raises TooEarly when it overtook another."""
    if job.terminal:
        return None
    follow = _FOLLOWS.get(type(event))
    return follow(job, event, facts) if follow else None


def _planned(job: Job, event: EnvironmentPlanned, facts: Facts) -> Advance[Job] | None:
    if not _open(job, StepName.GENERATE_CONFIGURATION):
        return None
    done, now = StepStatus.SUCCESS, facts.time
    made, kept = StepStatus.SUCCESS, StepStatus.SKIPPED
    steps = {
        StepName.GENERATE_CONFIGURATION: _ended(
            Step(),
            made if event.configuration_made else kept,
            now,
            "erc.yml was made" if event.configuration_made else "erc.yml exists",
        ),
        StepName.VALIDATE_COMPENDIUM: _ended(Step(), done, now, "all checks passed"),
        StepName.GENERATE_MANIFEST: _ended(
            Step(),
            made if event.runtime_manifest_made else kept,
            now,
            "Dockerfile was made" if event.runtime_manifest_made else "Dockerfile exists",
        ),
        StepName.IMAGE_PREPARE: _ended(Step(), done, now, "The plan of the environment is kept"),
        StepName.IMAGE_BUILD: Step(status=StepStatus.RUNNING, start=now),
    }
    changes = {"manifest": event.manifest, "plan": event.plan, "environment_key": event.environment_key}
    return Advance(_moved(job, changes, steps))


def _ready(job: Job, event: EnvironmentReady, facts: Facts) -> Advance[Job] | None:
    _await_plan(job)
    if not _open(job, StepName.IMAGE_BUILD) or not job.plan or not job.manifest or not job.description:
        return None
    came = "The compendium brought its environment, nothing was built" if event.brought else "The environment was built"
    said = "The environment is unchanged, nothing was built" if event.cached else came
    build = _logged(_ended(job.steps[StepName.IMAGE_BUILD], StepStatus.SUCCESS, facts.time, said), event)
    steps = {StepName.IMAGE_BUILD: build}
    if event.image:
        steps[StepName.IMAGE_SAVE] = _ended(
            Step(), StepStatus.SKIPPED, facts.time, "The image of this environment is kept already"
        )
    execute = ExecuteWorkspace(
        job_id=job.id,
        manifest=job.manifest,
        description=job.description,
        plan=job.plan,
        image_id=event.image_id,
        variables=job.variables.kept if job.variables else None,
    )
    # A base image that was lost and made anew gives another key than the one that was planned.
    changes = {
        "image_id": event.image_id,
        "evidence": event.evidence,
        "environment_key": event.environment_key,
    }
    return Advance(_moved(job, changes, steps), [execute])


def _await_plan(job: Job) -> None:
    """A redelivery may bring an environment's second event before its first: later, then."""
    if _open(job, StepName.GENERATE_CONFIGURATION):
        raise TooEarly("The plan of this environment is not known yet.")


def _started(job: Job, _event: ExecutionStarted, facts: Facts) -> Advance[Job] | None:
    if job.steps[StepName.IMAGE_EXECUTE].status is not StepStatus.QUEUED:
        return None
    return Advance(_moved(job, {}, {StepName.IMAGE_EXECUTE: Step(status=StepStatus.RUNNING, start=facts.time)}))


def _finished(job: Job, event: ExecutionFinished, facts: Facts) -> Advance[Job] | None:
    if not _open(job, StepName.IMAGE_EXECUTE) or not job.manifest or not job.description:
        return None
    ran = _ended(job.steps[StepName.IMAGE_EXECUTE], StepStatus.SUCCESS, facts.time, "The script ended well")
    steps = {
        StepName.IMAGE_EXECUTE: _logged(ran, event),
        StepName.CHECK: Step(status=StepStatus.RUNNING, start=facts.time),
    }
    against = job.repeat.reference if job.repeat else job.manifest
    check = CheckOutputs(job_id=job.id, manifest=against, outputs=event.outputs, description=job.description)
    return Advance(_moved(job, {"outputs": event.outputs, "exit_code": 0, **after_run(job, facts)}, steps), [check])


def _checked(job: Job, event: CheckFinished, facts: Facts) -> Advance[Job] | None:
    if not _open(job, StepName.CHECK):
        return None
    reason = facts.report.reason if facts.report else ""
    well = event.verdict.well
    check = _ended(job.steps[StepName.CHECK], StepStatus.SUCCESS if well else StepStatus.FAILURE, facts.time, reason)
    changes = {"report": event.report, "verdict": event.verdict, "reason": reason, **after_check(job, facts.report)}
    if facts.report and facts.report.code:
        changes["problem"] = Problem(code=facts.report.code, title=reason)
    checked = _moved(job, changes, {StepName.CHECK: check})
    if checked.steps[StepName.IMAGE_SAVE].status in _OVER or not job.image_id or not job.environment_key:
        return Advance(_end(checked, facts.time))
    saving = {StepName.IMAGE_SAVE: Step(status=StepStatus.RUNNING, start=facts.time)}
    save = SaveImage(job_id=job.id, environment_key=job.environment_key, image_id=job.image_id)
    return Advance(checked.model_copy(update={"steps": {**checked.steps, **saving}}), [save])


def _saved(job: Job, event: ImageSaved, facts: Facts) -> Advance[Job] | None:
    before = job.steps[StepName.IMAGE_SAVE]
    if before.status is not StepStatus.RUNNING:
        return None
    said = facts.problem.sentence() if facts.problem else "The image is kept with the compendium"
    step = _ended(before, StepStatus.SUCCESS if event.image else StepStatus.SKIPPED, facts.time, said)
    return Advance(_end(_moved(job, {}, {StepName.IMAGE_SAVE: step}), facts.time))


def _failed(job: Job, event: EnvironmentFailed | ExecutionFailed | CheckFailed, facts: Facts) -> Advance[Job] | None:
    name = StepName.CHECK if isinstance(event, CheckFailed) else StepName.IMAGE_EXECUTE
    if isinstance(event, EnvironmentFailed):
        name = event.step
        if name is StepName.IMAGE_BUILD and _open(job, name) and _given_up(facts):
            # There may never have been a plan.
            name = current_step(job)
        elif name is StepName.IMAGE_BUILD:
            _await_plan(job)
    if not _open(job, name):
        return None
    step = job.steps[name] if isinstance(event, CheckFailed) else _logged(job.steps[name], event)
    if isinstance(event, ExecutionFailed):
        job = job.model_copy(update={"exit_code": event.exit_code, **after_failure(job, facts)})
    return fail_job(job, name, facts.problem or _UNEXPLAINED, facts.time, step)


def _given_up(facts: Facts) -> bool:
    return facts.problem is not None and facts.problem.code in GIVEN_UP


_FOLLOWS: dict[type[Event], Callable[[Job, Any, Facts], Advance[Job] | None]] = {
    EnvironmentPlanned: _planned,
    EnvironmentReady: _ready,
    EnvironmentFailed: _failed,
    ExecutionStarted: _started,
    ExecutionFinished: _finished,
    ExecutionFailed: _failed,
    CheckFinished: _checked,
    CheckFailed: _failed,
    ImageSaved: _saved,
}

_UNEXPLAINED = Problem(code="unexplained", title="The step failed without an explanation")


def fail_job(
    job: Job, name: StepName, problem: Problem, now: datetime, step: Step | None = None
) -> Advance[Job] | None:
    """End a job whose step failed; the reason is the problem's sentence."""
    if job.terminal:
        return None
    ended = _ended(step or job.steps[name], StepStatus.FAILURE, now, problem.sentence())
    changes = {"verdict": Verdict.FAILED, "reason": problem.sentence(), "problem": problem}
    return Advance(_end(_moved(job, changes, {name: ended}), now))


def cancel_job(job: Job, now: datetime) -> Advance[Job] | None:
    """End a job because somebody asked for it; None when it has ended already."""
    if job.terminal:
        return None
    name = current_step(job)
    step = _ended(job.steps[name], StepStatus.FAILURE, now, "Cancelled")
    changes = {"verdict": Verdict.CANCELLED, "reason": "The job was cancelled."}
    return Advance(_end(_moved(job, changes, {name: step}), now), stops=True)


def current_step(job: Job) -> StepName:
    """Return the first step that has not ended."""
    return next((name for name in StepName if job.steps[name].status not in _OVER), StepName.CLEANUP)


def _end(job: Job, now: datetime) -> Job:
    """Clean up, and say success only when no step failed."""
    cleanup = _ended(Step(), StepStatus.SUCCESS, now, "Nothing of the run is left but what the job keeps")
    steps = {**job.steps, StepName.CLEANUP: cleanup}
    failed = any(step.status is StepStatus.FAILURE for step in steps.values())
    status = JobStatus.FAILURE if failed else JobStatus.SUCCESS
    return job.model_copy(update={"steps": steps, "status": status, "ended": now})


def _open(job: Job, name: StepName) -> bool:
    return job.steps[name].status not in _OVER


def _ended(step: Step, status: StepStatus, now: datetime, *text: str) -> Step:
    return step.model_copy(
        update={"status": status, "start": step.start or now, "end": now, "text": [*step.text, *filter(None, text)]}
    )


def _logged(step: Step, event: EnvironmentReady | EnvironmentFailed | ExecutionFinished | ExecutionFailed) -> Step:
    return step.model_copy(update={"log": event.log, "log_chunks": event.log_chunks})


def _moved(job: Job, changes: dict[str, Any], steps: dict[StepName, Step]) -> Job:
    return job.model_copy(update={**changes, "steps": {**job.steps, **steps}, "version": job.version + 1})
