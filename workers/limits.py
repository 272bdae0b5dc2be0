"""How long an attempt at a step may take: a setting of each worker, and a sentence for the author."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from erc.events.errors import Rejected

STEP_TIMEOUT = "step_timeout"


@dataclass(frozen=True)
class TimeLimit:
    """How long one attempt may take, and what the author is told when it was stopped: it is not tried again."""

    length: timedelta
    doing: str
    """What takes the time, as a sentence begins (`Unpacking the archive`)."""
    advice: str

    def exceeded(self) -> Rejected:
        """Return what becomes of the step."""
        return Rejected(
            f"{self.doing} took too long",
            f"It was stopped after {in_words(self.length)}. {self.advice}",
            code=STEP_TIMEOUT,
        )


def wall_clock(worker: str, default_seconds: float) -> float:
    """Return `<WORKER>_WALL_CLOCK_SECONDS`, or the default."""
    return float(os.environ.get(f"{worker.upper()}_WALL_CLOCK_SECONDS") or default_seconds)


def in_words(length: timedelta) -> str:
    """Return a duration in the largest unit that says it in whole numbers."""
    seconds = round(length.total_seconds())
    for unit, name in ((3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}{'s' if seconds != unit else ''}"
    return "1 second" if seconds == 1 else f"{length.total_seconds():g} seconds"
