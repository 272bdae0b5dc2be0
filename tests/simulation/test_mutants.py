"""A simulation that does not notice a planted bug is not worth its name."""

from __future__ import annotations

import pytest

from simulation.mutants import MUTANTS
from simulation.run import run

SEEDS = 40
"""So many at most until a bug must have shown."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_noticed(name: str) -> None:
    mutant = MUTANTS[name]
    for seed in range(SEEDS):
        found = run(seed, mutant.parts, mutant.plan).broken
        if found:
            print(f"{name}: seed {seed}: {found[0]}")
            return
    pytest.fail(f"{name} went unnoticed in {SEEDS} seeds")


@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.plan])
def test_the_weather_of_a_mutant_breaks_nothing_by_itself(name: str) -> None:
    plan = MUTANTS[name].plan
    assert [run(seed, plan=plan).broken for seed in range(2)] == [[], []]
