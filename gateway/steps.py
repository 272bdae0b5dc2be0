"""What the steps of a job say beyond their state and texts, in the fields of the o2r service. Pure.

Nothing is made up: a field is there when a worker recorded what it tells.
"""

from __future__ import annotations

from typing import Any

from erc.schemas.check import CheckReport, Comparison, Outcome
from erc.schemas.job import Job, StepName, StepStatus

RUNTIME_MANIFEST, IMAGE = "Dockerfile", "image.tar"
_DIFFERS = {Outcome.DIFFERENT, Outcome.MISSING, Outcome.EXTRA}
_THERE = {StepStatus.SUCCESS, StepStatus.SKIPPED}


def step_fields(job: Job, report: CheckReport | None) -> dict[StepName, dict[str, Any]]:
    """Return the further fields of each step that has some; `report` is that of the job's check."""
    fields: dict[StepName, dict[str, Any]] = {}
    if job.steps[StepName.GENERATE_MANIFEST].status in _THERE:
        fields[StepName.GENERATE_MANIFEST] = {"manifest": RUNTIME_MANIFEST}
    if job.image_id:
        fields[StepName.IMAGE_BUILD] = {"imageId": job.image_id}
    if job.exit_code is not None:
        fields[StepName.IMAGE_EXECUTE] = {"statuscode": job.exit_code}
    if report:
        fields[StepName.CHECK] = _check(job, report)
    elif job.steps[StepName.CHECK].status is StepStatus.FAILURE:
        fields[StepName.CHECK] = {"images": [], "errors": [job.reason], "checkSuccessful": False}
    if job.steps[StepName.IMAGE_SAVE].status is StepStatus.SUCCESS:
        fields[StepName.IMAGE_SAVE] = {"file": IMAGE}
    return fields


def _check(job: Job, report: CheckReport) -> dict[str, Any]:
    images = [row for row in report.comparisons if row.kind == "image"]
    texts = [row for row in report.comparisons if row.kind != "image" and row.outcome in _DIFFERS]
    fields: dict[str, Any] = {
        "images": [_image(number, row) for number, row in enumerate(images)],
        "errors": [report.reason] if report.code else [],
        "checkSuccessful": report.verdict.well,
        "numTextDifferrences": len(texts),
    }
    if report.html:
        fields["display"] = {"diff": f"/api/v1/job/{job.id}/data/check.html"}
    return fields


def _image(number: int, row: Comparison) -> dict[str, Any]:
    """Return a compared figure; `share` is the share of it that differs, 0 to 1."""
    return {
        "imageIndex": number,
        "name": row.name,
        "compareResults": {"outcome": row.outcome.value, "share": row.measure, "finding": row.finding},
    }
