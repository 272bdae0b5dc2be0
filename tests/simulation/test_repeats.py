"""Jobs that are repeated, among kills, lost calls and stalls: every repeat ends, once, with what follows from it."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from support.simulated.machines import VARIED, Nature
from support.simulated.parts import Parts

from erc.gateway.store import records
from erc.schemas.job import Job
from simulation.run import Run, run
from simulation.scenario import Plan

SEEDS = range(24)


def plan(seed: int) -> Plan:
    rng = random.Random(f"repeats {seed}")
    return Plan(
        cancels=0.1,
        ships=0.0,
        repeats=1.0,
        kills=rng.randrange(3, 8),
        lost=rng.choice((0.0, 0.02, 0.05)),
        stalls=rng.choice((0.0, 0.01)),
        twice=rng.random() < 0.5,
        tidies=rng.random() < 0.5,
        reads=False,
        nature=Nature(fails=0.1, slow=0.03),
    )


def played(seed: int, parts: Parts | None = None) -> Run:
    return run(seed, parts, plan(seed))


def test_every_repeat_ends_with_what_follows_from_it() -> None:
    runs = [played(seed) for seed in SEEDS]
    assert [(one.seed, one.broken) for one in runs if one.broken] == []
    varied: Counter[int] = Counter()
    for one in runs:
        jobs = [Job.model_validate(row["document"]) for row in one.world.postgres.rows("job")]
        varied.update(len(job.repeat.variations) for job in jobs if job.repeat and job.repeat.suspects)
    assert varied[0] > 3, "somebody looked for chance"
    assert varied[1] > len(VARIED), "somebody looked for causes one at a time"


def test_a_repeat_that_is_forgotten_at_the_end_of_another_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "follow_ups", lambda _job: [])
    assert any("I-2 (repeats)" in what for seed in SEEDS for what in played(seed).broken)
