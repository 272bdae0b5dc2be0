"""Jobs, their steps and check reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from erc.gateway.documents.compendium import FolderNode
from erc.gateway.documents.document import Document, NamedProblem
from erc.schemas.check import ChangedPart, IgnoredPart, Likeness, Origin, Outcome, Place, Verdict
from erc.schemas.job import JobStatus, StepName, StepStatus
from erc.schemas.repeat import Determinism, Variation


class JobStart(Document):
    """What is to be run."""

    compendium_id: str


class JobId(Document):
    """The id of a job."""

    job_id: str


class StepDocument(Document):
    """A step of a job. Texts are told of the steps that `steps` names."""

    status: StepStatus
    start: datetime | None
    end: datetime | None
    text: list[str] | None = None
    """Sentences about what was done."""
    log: str | None = None
    """Address of the whole log."""
    imageId: str | None = None  # noqa: N815 - the o2r service's word
    """The image that was built: `sha256:` and its digest."""
    manifest: str | None = None
    """The runtime manifest's file."""
    statuscode: int | None = None
    """How the script ended."""
    file: str | None = None
    """Where the saved image lies."""
    images: list[dict[str, Any]] | None = None
    """The compared figures, each with what came of it."""
    display: dict[str, str] | None = None
    """`diff`: the address of the report."""
    errors: list[str] | None = None
    checkSuccessful: bool | None = None  # noqa: N815 - the o2r service's word
    numTextDifferrences: int | None = None  # noqa: N815 - the o2r service's word
    """How many of the compared texts differ."""


class WaitingDocument(Document):
    """The place of a job in a queue."""

    position: int
    """From 1."""
    estimate_seconds: int | None
    """In how many seconds its turn may come, when that can be told."""


class ComparisonDocument(Document):
    """One compared text, figure or file."""

    name: str
    path: str
    """Of a file that is compared beside the display; else empty."""
    kind: str
    outcome: Outcome
    finding: str
    measure: float
    """The share that differs, 0 to 1."""
    original: str | None
    reproduced: str | None
    difference: str | None
    likeness: Likeness | None
    """How two pictures compare; null for what is no picture."""
    confidence: float | None
    """How sure the likeness is, 0.5 to 1."""
    places: list[Place]
    """Where pictures differ, in pixels of the published one."""
    rule: str
    """Why it is ignored as a whole."""
    tolerance: str
    """The tolerance of `erc.yml` under which it was compared, in words."""
    ignored: list[IgnoredPart]
    """The first of what differs and does not count, each with its rule."""
    ignored_count: int
    changes: list[ChangedPart]
    """The first differences that count, of texts and tables."""
    changed: int
    """How many of them there are."""
    made_by: Origin | None
    """The place in the author's code that made it, where that is certain."""


class CheckDocument(Document):
    """What was compared with what the author published, and what came of it."""

    verdict: Verdict
    reason: str
    display: str
    report: str | None
    """Address of the report as a page."""
    comparisons: list[ComparisonDocument]
    warnings: list[str]
    """What is to be said about the rules of `erc.yml`."""
    unclaimed: list[str]
    """Files that the run made and nothing claims; they do not count."""


class RepeatDocument(Document):
    """What makes a job a repeat; its check compares with what the other job made."""

    of: str
    """The job that it repeats."""
    variations: list[Variation]
    """What it has otherwise; empty where nothing is varied on purpose."""


class JobDocument(Document):
    """A job: the way from a workspace to a verdict."""

    id: str
    compendium_id: str
    status: JobStatus
    user: str
    created: datetime
    steps: dict[StepName, StepDocument]
    verdict: Verdict | None
    """Null until it has ended."""
    reason: str
    ended: datetime | None = None
    waiting: WaitingDocument | None = None
    problem: NamedProblem | None = None
    files: FolderNode | None = None
    """What the run made or changed."""
    filesMissing: Literal[True] | None = None  # noqa: N815 - the o2r service's word
    check: CheckDocument | None = None
    determinism: Determinism | None = None
    """What came of repeating it; there when it was repeated."""
    variables: dict[str, str] | None = None
    """Set for this run by whoever started it; there when any were."""
    repeat: RepeatDocument | None = None
    """There when the job is itself a repeat."""


class JobFields(Document):
    """What was asked of a job by `fields`."""

    id: str
    status: JobStatus | None = None
    user: str | None = None


class JobRows(Document):
    """A page of jobs with some of their fields."""

    results: list[JobFields]
    total: int | None = None
    next: str | None = None


class CancelledJob(Document):
    """A job that was ended."""

    job_id: str
    status: JobStatus
    verdict: Verdict
