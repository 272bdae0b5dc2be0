"""A simulation that does not notice a planted bug is not worth its name."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from simulation.mutants import MUTANTS
from simulation.run import run
from simulation.scenario import Plan

SEEDS = 200
"""So many at most until a bug must have shown."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_noticed(name: str) -> None:
    mutant = MUTANTS[name]
    for seed in range(SEEDS):
        try:
            found = run(seed, mutant.parts, mutant.plan).broken
        except IntegrityError as refusal:
            found = [f"the database refuses it: {refusal}"]
        if found:
            print(f"{name}: seed {seed}: {found[0]}")
            return
    pytest.fail(f"{name} went unnoticed in {SEEDS} seeds")


def test_the_janitor_makes_good_what_was_acknowledged_too_early() -> None:
    parts, again = MUTANTS["ack_first"].parts, 0
    for seed in range(4):
        done = run(seed, parts, Plan(kills=6, lost=0.02, tidies=True, reads=False))
        assert done.broken == []
        again += sum(row["message_id"].endswith(".again") for row in done.world.postgres.rows("event"))
    assert again


@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.plan])
def test_the_weather_of_a_mutant_breaks_nothing_by_itself(name: str) -> None:
    plan = MUTANTS[name].plan
    assert [run(seed, plan=plan).broken for seed in range(2)] == [[], []]
