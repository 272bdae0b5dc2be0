"""When an event is sent again, given up, and a webhook switched off. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Patience:
    """How long a receiver is waited for."""

    attempts: int = 16
    age: timedelta = timedelta(hours=24)
    """An event is given up after so many attempts, or so long after the first."""
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(hours=3)
    give_ups: int = 3
    """A webhook is switched off when so many events in a row were given up."""


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt; `gone` says that the receiver wants no more."""

    text: str
    delivered: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a webhook is: `position` of the last event that was delivered or given up."""

    webhook_id: str
    position: int
    due: datetime
    failures: int = 0
    """Failed attempts at the next event, `failing` since."""
    failing: datetime | None = None
    given_up: int = 0
    """Events given up in a row."""
    disabled: datetime | None = None
    tested: datetime | None = None
    """The request for a test that was answered last."""


def after_attempt(
    progress: Progress, position: int, outcome: Outcome, now: datetime, chance: float, patience: Patience
) -> tuple[Progress, str]:
    """Return the progress after an attempt at the event at `position`, and the line for the delivery log.

    `chance` is a number from 0 to 1 that spreads the pauses over half to one and a half.
    """
    if outcome.delivered:
        return replace(progress, position=position, failures=0, failing=None, given_up=0, due=now), outcome.text
    if outcome.gone:
        return replace(progress, disabled=now), f"{outcome.text}; the webhook is switched off"
    failures, since = progress.failures + 1, progress.failing or now
    if failures < patience.attempts and now - since < patience.age:
        pause = min(patience.longest_pause, patience.first_pause * 2 ** min(failures - 1, 30)) * (0.5 + chance)
        return replace(progress, failures=failures, failing=since, due=now + pause), outcome.text
    given_up = progress.given_up + 1
    moved = replace(progress, position=position, failures=0, failing=None, given_up=given_up, due=now)
    said = f"{outcome.text}; the event is given up after {failures} attempts"
    if given_up < patience.give_ups:
        return moved, said
    return replace(moved, disabled=now), f"{said}; the webhook is switched off"


def after_test(progress: Progress, asked: datetime, outcome: Outcome, now: datetime) -> Progress:
    """Return the progress after a test: one that arrives switches the webhook on again."""
    if not outcome.delivered:
        return replace(progress, tested=asked)
    return replace(progress, tested=asked, disabled=None, given_up=0, failures=0, failing=None, due=now)
