"""How far a job is: its headline, and its steps with the end of each log."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime

from erc.events.blobs import BlobStore
from erc.events.errors import Rejected
from erc.gateway.client.terminal import in_words, plain
from erc.gateway.estimate import Place
from erc.gateway.pages.words import DOING, LABELS, OUTCOMES, STEPS, State, state_of
from erc.gateway.pipeline import current_step
from erc.schemas.check import Outcome, Verdict
from erc.schemas.ids import Digest
from erc.schemas.job import Job, StepName, StepStatus

TAIL_BYTES = 16 << 10
"""How much of a log's end a page shows; the whole log has its own address."""

_LOGGED = {StepName.IMAGE_BUILD, StepName.IMAGE_EXECUTE}
_ORDER = list(StepName)
_TOLD = {Verdict.DIFFERS: OUTCOMES[Outcome.DIFFERENT], Verdict.NOT_COMPARABLE: OUTCOMES[Outcome.UNCOMPARED]}


@dataclass(frozen=True)
class Headline:
    """The verdict, or what is going on: a state and one sentence, with more lines when there is more to say."""

    state: State
    sentence: str
    more: str = ""


@dataclass(frozen=True)
class Tail:
    """The end of a log; `cut` says that there is more before it."""

    text: str
    cut: bool


@dataclass(frozen=True)
class StepRow:
    """A step as the page shows it."""

    name: StepName
    label: str
    state: State
    status: StepStatus
    start: datetime | None
    end: datetime | None
    texts: list[str]
    log: Digest | None
    tail: Tail | None
    logged: bool
    """Whether this kind of step can have a log."""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on, and for steps that take no time."""
        if self.start and self.end and self.end > self.start:
            return (self.end - self.start).total_seconds()
        return None


def headline(job: Job, waits: Place | None) -> Headline:
    """Return the line that the page begins with; `waits` is the place in a queue."""
    if job.terminal or job.verdict:
        return _ended(job)
    state, name = state_of(job), current_step(job)
    if waits is not None:
        begins = waits.estimate_seconds
        when = "" if begins is None else f"It begins in {in_words(begins)}, as far as can be told."
        return Headline(state, f"Place {waits.position} in the queue, {_ahead(waits.position)}.", when)
    doing = DOING[name]
    return Headline(state, f"Step {_ORDER.index(name) + 1} of {len(_ORDER)}: {doing}.")


def _ahead(position: int) -> str:
    others = position - 1
    if not others:
        return "next as soon as a place is free"
    return f"behind {others} other{'s' if others > 1 else ''}"


def _ended(job: Job) -> Headline:
    said = plain(job.reason).strip()
    if job.problem and job.problem.detail:
        title = plain(job.problem.title).strip().rstrip(".")
        if job.problem.diagnosis:
            return Headline(state_of(job), f"{title}.", plain(job.problem.diagnosis.sentence).strip())
        return Headline(state_of(job), f"{title}.", plain(job.problem.detail).strip())
    return Headline(state_of(job), said)


async def steps(blobs: BlobStore, job: Job) -> list[StepRow]:
    """Return all steps in their order."""
    return await asyncio.to_thread(lambda: [_row(blobs, job, name) for name in StepName])


def _row(blobs: BlobStore, job: Job, name: StepName) -> StepRow:
    step = job.steps[name]
    return StepRow(
        name=name,
        label=LABELS[name],
        state=_state(job, name),
        status=step.status,
        start=step.start,
        end=step.end,
        texts=[text for line in step.text if (text := _said(job, line))],
        log=step.log,
        tail=_tail(blobs, step.log) if step.log else None,
        logged=name in _LOGGED,
    )


def _said(job: Job, line: str) -> str:
    """Return a step's text; what the headline says in full is said once."""
    if job.problem and job.problem.detail and line == job.problem.sentence():
        return headline(job, None).sentence
    return plain(line).strip()


def _state(job: Job, name: StepName) -> State:
    """Return a step's state; a check that found differences did not fail in a reader's words."""
    status = job.steps[name].status
    if name is StepName.CHECK and status is StepStatus.FAILURE and job.verdict in _TOLD:
        return _TOLD[job.verdict]
    return STEPS[status]


def _tail(blobs: BlobStore, digest: Digest) -> Tail | None:
    try:
        with blobs.open(digest) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read(TAIL_BYTES).decode(errors="replace")
    except Rejected:
        return None
    cut = size > TAIL_BYTES
    return Tail(plain(text.partition("\n")[2] if cut and "\n" in text else text), cut)
