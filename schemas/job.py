"""A job: the way from a workspace to a verdict, in the ten steps of the o2r web API."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.check import Verdict
from erc.schemas.ids import Digest, Id
from erc.schemas.problem import Problem
from erc.schemas.repeat import Repeat
from erc.schemas.variables import RunVariables


class StepName(StrEnum):
    """The steps in their order."""

    VALIDATE_BAG = "validate_bag"
    GENERATE_CONFIGURATION = "generate_configuration"
    VALIDATE_COMPENDIUM = "validate_compendium"
    GENERATE_MANIFEST = "generate_manifest"
    IMAGE_PREPARE = "image_prepare"
    IMAGE_BUILD = "image_build"
    IMAGE_EXECUTE = "image_execute"
    CHECK = "check"
    IMAGE_SAVE = "image_save"
    CLEANUP = "cleanup"


class StepStatus(StrEnum):
    """The state of a step."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"


class JobStatus(StrEnum):
    """The state of a job; the last two are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"


class Step(BaseModel):
    """One step of a job. `text` holds sentences for people; the log itself is a stream and then a blob."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: StepStatus = StepStatus.QUEUED
    start: datetime | None = None
    end: datetime | None = None
    text: list[str] = Field(default_factory=list)
    log: Digest | None = None
    """Blob of the whole log, once the step has ended."""
    log_chunks: int | None = None
    """How many chunks the log stream held."""


class Job(BaseModel):
    """A job as the gateway keeps it; `version` counts its transitions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    compendium_id: Id
    owner: str
    link: str | None = None
    """The public link that it was started by; its owner is then `link.` and this id."""
    status: JobStatus = JobStatus.QUEUED
    version: int = 0
    steps: dict[StepName, Step] = Field(default_factory=lambda: {name: Step() for name in StepName})
    manifest: Digest | None = None
    description: Digest | None = None
    plan: Digest | None = None
    variables: RunVariables | None = None
    """Set for this run by whoever started it."""
    image_id: str | None = None
    exit_code: int | None = None
    """Of the script, once it has ended by itself."""
    environment_key: str | None = None
    evidence: Digest | None = None
    """Index of the evidence of the environment's build: package list, provenance, drift."""
    outputs: Digest | None = None
    """Manifest of the files that the run made or changed."""
    report: Digest | None = None
    verdict: Verdict | None = None
    reason: str = ""
    """Why the verdict is what it is: one sentence."""
    problem: Problem | None = None
    repeat: Repeat | None = None
    """Set where the job repeats another one, to see whether that one's outputs are deterministic."""
    created: datetime
    ended: datetime | None = None

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in {JobStatus.SUCCESS, JobStatus.FAILURE}
