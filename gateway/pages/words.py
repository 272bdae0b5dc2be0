"""The words in which pages tell states: each with a mark, so that colour is never the only difference."""

from __future__ import annotations

from dataclasses import dataclass

from erc.gateway.client.progress import LABELS
from erc.schemas.check import Outcome, Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job, JobStatus, StepName, StepStatus

__all__ = ["COMPENDIUM", "DOING", "LABELS", "OUTCOMES", "STEPS", "VERDICTS", "State", "state_of", "status_of"]


@dataclass(frozen=True)
class State:
    """A state as a reader sees it: a mark, a word, and the style class that goes with them."""

    mark: str
    word: str
    style: str


VERDICTS = {
    Verdict.REPRODUCED: State("✓", "Reproduced", "good"),
    Verdict.RENDERED_DIFFERENTLY: State("≈", "Reproduced, rendered differently", "good"),
    Verdict.DIFFERS: State("≠", "Differs", "odd"),
    Verdict.FAILED: State("✗", "Failed", "bad"),
    Verdict.NOT_COMPARABLE: State("?", "Not comparable", "odd"),
    Verdict.CANCELLED: State("–", "Cancelled", "idle"),
}
WAITING = State("…", "Waiting", "busy")
RUNNING = State("▸", "Running", "busy")

OUTCOMES = {
    Outcome.IDENTICAL: State("=", "identical", "good"),
    Outcome.EQUIVALENT: State("≈", "equivalent", "good"),
    Outcome.OTHER_RENDERING: State("≈", "other rendering", "good"),
    Outcome.DIFFERENT: State("≠", "different", "odd"),
    Outcome.MISSING: State("−", "missing", "odd"),
    Outcome.EXTRA: State("+", "extra", "odd"),
    Outcome.UNCOMPARED: State("?", Outcome.UNCOMPARED.word, "odd"),
    Outcome.IGNORED: State("–", "ignored", "idle"),
    Outcome.NOT_DETERMINISTIC: State("↯", "not deterministic", "odd"),
}

STEPS = {
    StepStatus.QUEUED: State("·", "not begun", "idle"),
    StepStatus.RUNNING: State("▸", "running", "busy"),
    StepStatus.SUCCESS: State("✓", "done", "good"),
    StepStatus.FAILURE: State("✗", "failed", "bad"),
    StepStatus.SKIPPED: State("–", "not needed", "idle"),
}

COMPENDIUM = {
    CompendiumStatus.LOADING: State("▸", "Loading", "busy"),
    CompendiumStatus.DESCRIBING: State("▸", "Reading its metadata", "busy"),
    CompendiumStatus.READY: State("✓", "Ready", "good"),
    CompendiumStatus.REJECTED: State("✗", "Rejected", "bad"),
}

DOING = {
    StepName.VALIDATE_BAG: "validating the bag",
    StepName.GENERATE_CONFIGURATION: "planning the environment",
    StepName.VALIDATE_COMPENDIUM: "validating the compendium",
    StepName.GENERATE_MANIFEST: "making the runtime manifest",
    StepName.IMAGE_PREPARE: "planning the environment",
    StepName.IMAGE_BUILD: "building the environment",
    StepName.IMAGE_EXECUTE: "running the analysis",
    StepName.CHECK: "comparing with the published display",
    StepName.IMAGE_SAVE: "keeping the environment",
    StepName.CLEANUP: "cleaning up",
}


def state_of(job: Job) -> State:
    """Return how a job came out or how far it is."""
    if job.verdict:
        return VERDICTS[job.verdict]
    if job.terminal:
        return VERDICTS[Verdict.FAILED]
    return WAITING if job.status is JobStatus.QUEUED else RUNNING


def status_of(compendium: Compendium) -> State:
    """Return how far a compendium is."""
    return COMPENDIUM[compendium.status]
