"""How far a run has come, in the words of `erc status`, told from the steps of its job. Pure."""

from __future__ import annotations

from datetime import datetime

from erc.schemas.check import Verdict
from erc.schemas.job import Job, StepName, StepStatus
from erc.schemas.run import RunStatus


def status_of(job: Job) -> RunStatus:
    """Return how far a run has come; whatever the verdict is, a run that came to be compared has `stopped`."""
    if job.terminal:
        return {Verdict.CANCELLED: RunStatus.KILLED, Verdict.FAILED: RunStatus.ERROR}.get(
            job.verdict or Verdict.FAILED, RunStatus.STOPPED
        )
    return next((status for step, states, status in _FURTHEST if job.steps[step].status in states), RunStatus.PENDING)


_OVER, _GOING = StepStatus.SUCCESS, StepStatus.RUNNING
_FURTHEST = (
    (StepName.IMAGE_SAVE, {_GOING}, RunStatus.UPLOADING),
    (StepName.IMAGE_EXECUTE, {_GOING, _OVER}, RunStatus.RUNNING),
    (StepName.IMAGE_BUILD, {_OVER}, RunStatus.STARTING),
    (StepName.IMAGE_BUILD, {_GOING}, RunStatus.BUILDING),
)
"""The step that tells the status, the last one of a job first.

The image is kept (`uploading`) after the comparison, so that no result waits for it.
"""


def updated_of(job: Job) -> datetime:
    """Return when a job last changed."""
    moments = [moment for step in job.steps.values() for moment in (step.start, step.end) if moment]
    return max([job.created, *moments, *([job.ended] if job.ended else [])])
