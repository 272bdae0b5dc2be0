"""How long a job waits for a free slot: its place in the queue, and an estimate from what similar steps took. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Place:
    """A place in a queue, from 1, and the seconds until its turn comes, None when nobody can know."""

    position: int
    estimate_seconds: int | None


def wait_seconds(position: int, slots: int, ages: Sequence[float], durations: Sequence[float]) -> int | None:
    """Return in how many seconds the job at this position (from 1) gets a slot; None when that is unknown.

    `ages` says for how many seconds each running step has run, `durations` what the last ones took. Every step is
    taken to last as long as the median; one that has lasted longer is taken to end now.
    """
    if slots < 1 or not durations:
        return None
    typical = median(durations)
    ends = [max(0.0, typical - age) for age in ages] + [0.0] * (slots - len(ages))
    # More may run than there are slots, when a worker went away: that many must end before one is free.
    free = sorted(ends)[len(ends) - slots :]
    heapq.heapify(free)
    for _ahead in range(position - 1):
        heapq.heapreplace(free, free[0] + typical)
    return round(free[0])
