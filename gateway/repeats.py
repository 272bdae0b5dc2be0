"""Repeats of a job: when they begin, what they vary, when they stop, and what they tell of its outputs. Pure.

The first repeat varies all that can be varied. Only if something differs then, a second one varies nothing; and only
for outputs that were the same in that, one repeat each varies one thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from erc.events.catalog import ExecuteWorkspace
from erc.gateway.transition import Advance, Facts
from erc.schemas.check import CheckReport, Comparison, Outcome
from erc.schemas.ids import Digest, Id
from erc.schemas.job import Job, JobStatus, Step, StepName, StepStatus
from erc.schemas.repeat import ITEMS_KEPT, Lacking, Repeat, Variation, Varying

_ALIKE = {Outcome.IDENTICAL, Outcome.EQUIVALENT, Outcome.IGNORED, Outcome.UNCOMPARED}
_DONE_BEFORE = (
    StepName.VALIDATE_BAG,
    StepName.GENERATE_CONFIGURATION,
    StepName.VALIDATE_COMPENDIUM,
    StepName.GENERATE_MANIFEST,
    StepName.IMAGE_PREPARE,
    StepName.IMAGE_BUILD,
    StepName.IMAGE_SAVE,
)
THE_RUN, RUN = "The run", "run"
SCRIPT_FAILED = "script_failed"


def repeatable(job: Job) -> bool:
    """Return whether a job can be repeated: it has made something, and repeats none itself."""
    return job.terminal and job.repeat is None and bool(job.outputs and job.image_id and job.plan)


def first_repeat(job: Job, reference: Digest, before: CheckReport | None = None) -> Repeat:
    """Return the repeat that a job's examination begins with; everything is varied. `before` is the job's own check."""
    return Repeat(of=job.id, variations=list(Variation), reference=reference, lacking=lacking(before))


def start_repeat(identifier: Id, before: Job, repeat: Repeat, owner: str, now: datetime) -> Advance[Job]:
    """Begin a repeat of a job, or the next one of a repeat (`before`): same image, same workspace, same command."""
    assert before.manifest, "what ran has a workspace"
    assert before.description, "what ran has a description"
    assert before.plan, "what ran has a plan"
    assert before.image_id, "what ran has an image"
    said = f"As in the job {repeat.of}"
    skipped = Step(status=StepStatus.SKIPPED, start=now, end=now, text=[said])
    kept = ("compendium_id", "manifest", "description", "plan", "image_id", "environment_key", "variables")
    job = Job(
        id=identifier,
        owner=owner,
        status=JobStatus.RUNNING,
        version=1,
        steps={name: skipped if name in _DONE_BEFORE else Step() for name in StepName},
        repeat=repeat,
        created=now,
        **{name: getattr(before, name) for name in kept},
    )
    execute = ExecuteWorkspace(
        job_id=identifier,
        manifest=before.manifest,
        description=before.description,
        plan=before.plan,
        image_id=before.image_id,
        variables=before.variables.kept if before.variables else None,
        variations=repeat.variations,
    )
    return Advance(job, [execute])


def follow_ups(job: Job) -> list[Repeat]:
    """Return the repeats that follow from a job's end: none, or those that find out why something differs."""
    repeat = job.repeat
    if repeat is None or not ran(job):
        return []
    able = [one.variation for one in repeat.conditions.tried]
    if not repeat.suspects:
        suspected = {"variations": [], "suspects": repeat.varying, "varying": []}
        return [repeat.model_copy(update=suspected)] if repeat.varying and able else []
    if repeat.variations:
        return []
    steady = without(repeat.suspects, repeat.varying)
    return [
        repeat.model_copy(update={"variations": [one], "suspects": steady, "varying": []}) for one in able if steady
    ]


def ran(job: Job) -> bool:
    """Return whether a repeat tells something: it ended, and so did its script, and its outputs were compared."""
    return job.terminal and (job.report is not None or (job.problem is not None and job.problem.code == SCRIPT_FAILED))


def after_run(job: Job, facts: Facts) -> dict[str, Any]:
    """Return what changes in a repeat whose run has ended: the conditions that it ran under."""
    if job.repeat is None or facts.conditions is None:
        return {}
    return {"repeat": job.repeat.model_copy(update={"conditions": facts.conditions})}


def after_failure(job: Job, facts: Facts) -> dict[str, Any]:
    """Return what changes in a repeat whose script failed, which the job's did not."""
    if job.repeat is None:
        return {}
    about: dict[str, Any] = {"conditions": facts.conditions} if facts.conditions else {}
    # What ran out of time, memory or disk tells nothing of the analysis: a repeat has fewer processors.
    if facts.problem and facts.problem.code == SCRIPT_FAILED:
        about["varying"] = [Varying(name=THE_RUN, kind=RUN, finding=facts.problem.title)]
    return {"repeat": job.repeat.model_copy(update=about)}


def after_check(job: Job, report: CheckReport | None) -> dict[str, Any]:
    """Return what changes in a repeat whose outputs were compared: which of them differ."""
    if job.repeat is None or report is None:
        return {}
    uncompared = sum(row.outcome is Outcome.UNCOMPARED for row in report.comparisons)
    return {"repeat": job.repeat.model_copy(update={"varying": varying(report, job.repeat), "uncompared": uncompared})}


def lacking(report: CheckReport | None) -> Lacking:
    """Return what a job did not make although it was published; a repeat that lacks it too is no other."""
    if report is None:
        return Lacking()
    gone = [row for row in report.comparisons if row.outcome is Outcome.MISSING]
    digests = list(dict.fromkeys(row.original for row in gone if row.original))
    return Lacking(code=report.code, digests=digests[:ITEMS_KEPT], names=[row.name for row in gone][:ITEMS_KEPT])


def varying(report: CheckReport, repeat: Repeat) -> list[Varying]:
    """Return what is not the same in two runs, as the comparators see it."""
    before = repeat.lacking
    if report.code:
        other = report.code != before.code
        return [Varying(name=report.display, kind=RUN, finding=report.reason)] if other else []
    rows = [
        Varying(name=row.name, kind=row.kind, finding=row.finding, made=row.original)
        for row in report.comparisons
        if row.outcome not in _ALIKE and not _lacked_before(row, before)
    ]
    new = [Varying(name=path, kind="bytes", finding="The first run did not make it.") for path in report.unclaimed]
    return [*rows, *new][:ITEMS_KEPT]


def _lacked_before(row: Comparison, before: Lacking) -> bool:
    if row.outcome is not Outcome.MISSING:
        return False
    return row.original in before.digests if row.original else row.name in before.names


def key(item: Varying) -> tuple[str, str]:
    """Return what names an output in all runs: a figure's caption may itself hold what varies."""
    return item.kind, item.name.partition(" (")[0] if item.kind == "image" else item.name


def without(items: Sequence[Varying], others: Sequence[Varying]) -> list[Varying]:
    """Return the items that are not among the others."""
    known = {key(other) for other in others}
    return [item for item in items if key(item) not in known]
