"""The documents that the web API answers with, as far as the command line reads them; enumerations are open."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.check import ChangedPart, Origin, Outcome, Verdict
from erc.schemas.job import JobStatus
from erc.schemas.problem import Problem

NOT_COMPARABLE = frozenset({"not_comparable", "no_published_display", "display_unpublished"})
"""Codes of problems that say: there is nothing published to compare with."""

_SAME = frozenset({one.value for one in Outcome if one.agrees})
_TERMINAL = frozenset({JobStatus.SUCCESS.value, JobStatus.FAILURE.value})


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepDocument(_Document):
    """One step of a job; `log` is the address of its whole log once it has ended."""

    status: str = "queued"
    start: datetime | None = None
    end: datetime | None = None
    text: list[str] = Field(default_factory=list)
    log: str | None = None


class ComparisonDocument(_Document):
    """One compared thing; `measure` is the share that differs, 0 to 1."""

    name: str
    kind: str = ""
    outcome: str = ""
    finding: str = ""
    measure: float = 0.0
    tolerance: str = ""
    rule: str = ""
    changed: int = 0
    changes: list[ChangedPart] = Field(default_factory=list)
    made_by: Origin | None = None


class CheckDocument(_Document):
    """What the check found; `report` is the address of its page."""

    verdict: str
    reason: str = ""
    display: str = ""
    report: str | None = None
    comparisons: list[ComparisonDocument] = Field(default_factory=list)


class Waiting(_Document):
    """The place in the queue, from 1, and the seconds until its turn comes, if that is known."""

    position: int
    estimate_seconds: float | None = None


class FindingDocument(_Document):
    """An output that is not deterministic, and what made it change."""

    name: str
    kind: str = ""
    causes: list[str] = Field(default_factory=list)


class NotTriedDocument(_Document):
    """Something that could not be varied, and why."""

    variation: str
    reason: str = ""


class DeterminismDocument(_Document):
    """What the repeats of a job told; `runs` counts the job's own."""

    complete: bool
    uncompared: int = 0
    runs: int = 0
    sentence: str = ""
    findings: list[FindingDocument] = Field(default_factory=list)
    not_tried: list[NotTriedDocument] = Field(default_factory=list)


class JobDocument(_Document):
    """A job."""

    id: str
    compendium_id: str = ""
    status: str
    verdict: str | None = None
    reason: str = ""
    problem: Problem | None = None
    created: datetime | None = None
    ended: datetime | None = None
    waiting: Waiting | None = None
    steps: dict[str, StepDocument] = Field(default_factory=dict)
    check: CheckDocument | None = None
    determinism: DeterminismDocument | None = None

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in _TERMINAL

    @property
    def differences(self) -> list[ComparisonDocument]:
        """The compared things that a reader would see as different, in the order of the document."""
        rows = self.check.comparisons if self.check else []
        return [row for row in rows if row.outcome not in _SAME]

    @property
    def comparable(self) -> bool:
        """Whether something published was there to compare with, and could be compared."""
        if self.verdict != Verdict.FAILED.value:
            return self.verdict != Verdict.NOT_COMPARABLE.value
        if self.problem and self.problem.code in NOT_COMPARABLE:
            return False
        rows = self.check.comparisons if self.check else []
        return not rows or any(row.outcome != Outcome.EXTRA.value for row in rows)


class CompendiumDocument(_Document):
    """A compendium."""

    id: str
    status: str
    user: str = ""
    created: datetime | None = None
    candidate: bool = False
    problem: Problem | None = None


class Identified(_Document):
    """An answer that names what was made; `job_id` for jobs, `id` for compendia, `url` for sign-in links."""

    id: str = ""
    job_id: str = ""
    url: str = ""


class Listed(_Document):
    """A list of ids."""

    results: list[str] = Field(default_factory=list)
