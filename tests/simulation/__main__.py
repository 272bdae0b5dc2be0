"""`python -m simulation --seeds 10000 --seed 0`: play seeds one after the other and print one line about them all."""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulation.mutants import MUTANTS
from simulation.run import Run, run


@dataclass
class Total:
    """What many runs came to."""

    seeds: int = 0
    crashes: int = 0
    busy: int = 0
    calls: int = 0
    virtual_seconds: float = 0.0
    seconds: float = 0.0
    failed: list[int] = field(default_factory=list)

    def add(self, one: Run) -> None:
        self.seeds += 1
        self.crashes += one.kills
        self.busy += one.busy_kills
        self.calls += one.calls
        self.virtual_seconds += one.virtual_seconds
        if one.broken:
            self.failed.append(one.seed)

    def line(self) -> str:
        """Return the counts as one line."""
        return (
            f"seeds={self.seeds} crashes={self.crashes} crashes_at_work={self.busy} calls={self.calls} "
            f"virtual_seconds={self.virtual_seconds:.0f} seeds_per_second={self.seeds / self.seconds:.1f} "
            f"failed={len(self.failed)}"
        )


def play_many(first: int, number: int, mutant: str = "") -> Total:
    """Play so many seeds; say at once what is broken in which."""
    total, planted = Total(), MUTANTS.get(mutant)
    began = time.perf_counter()
    with _collecting_now_and_then() as collect:
        for seed in range(first, first + number):
            one = run(seed, planted.parts, planted.plan) if planted else run(seed)
            total.add(one)
            for sentence in one.broken:
                print(f"seed {seed}: {sentence}", flush=True)
            collect(seed)
    total.seconds = time.perf_counter() - began
    return total


@contextlib.contextmanager
def _collecting_now_and_then() -> Iterator[Callable[[int], None]]:
    """Collect garbage between runs only: a run makes much that lives as long as it does."""

    def collect(seed: int) -> None:
        if seed % 50 == 0:
            gc.collect()

    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()
        gc.unfreeze()


def main() -> int:
    """Return 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--mutant", choices=MUTANTS, default="", help="plant this bug")
    parser.add_argument("--journal", action="store_true", help="print every call of the first seed")
    given = parser.parse_args()
    if given.journal:
        planted = MUTANTS.get(given.mutant)
        one = run(given.seed, planted.parts, planted.plan) if planted else run(given.seed)
        for moment, process, what, outcome in one.world.network.journal:
            print(f"{moment:10.3f}  {process:12}  {what}  {outcome if outcome != 'none' else ''}")
        print(*one.broken or ["every invariant holds"], sep="\n")
        return int(bool(one.broken))
    total = play_many(given.seed, given.seeds, given.mutant)
    print(total.line())
    return int(bool(total.failed))


if __name__ == "__main__":
    sys.exit(main())
