"""Upload, load, describe, build, execute, check, save, ship: each call of the way fails once, in each of three ways."""

from __future__ import annotations

import pytest

from simulation.journey import Mode, every_call, journey

LEAST_CALLS = 150


def test_the_journey_goes_all_the_way() -> None:
    run, calls = journey(0, Mode.BEFORE)
    types = {row["body"]["type"] for row in run.world.postgres.rows("event")}
    ends = {"check.finished.v1", "image.saved.v1", "package.packed.v1", "job.ended.v1", "execution.finished.v1"}
    assert ends <= types
    assert calls >= LEAST_CALLS
    assert run.broken == []


@pytest.mark.parametrize("mode", Mode)
def test_any_call_may_fail(mode: Mode) -> None:
    points = 0
    for run in every_call(mode):
        points += 1
        assert run.broken == [], f"call {run.seed} fails, {mode}"
    print(f"calls={points} mode={mode} broken=0")
    assert points >= LEAST_CALLS
