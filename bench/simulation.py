"""The deterministic simulation: how many runs of the whole service a second, by one process."""

from __future__ import annotations

from pathlib import Path

from bench.report import Figure
from simulation.__main__ import play_many

SEEDS = 300
GOAL = 50.0


def figures(_root: Path) -> list[Figure]:
    """Play seeds without servers."""
    play_many(0, 10)
    total = play_many(10, SEEDS)
    rate = total.seeds / total.seconds
    said = f"{total.seeds} runs, {total.crashes} kills, {total.calls} calls of ports, {len(total.failed)} failed"
    return [Figure("simulation, runs of the service", rate, "/s", "≥ 50 /s", rate >= GOAL and not total.failed, said)]
