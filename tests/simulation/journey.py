"""One journey from upload to bag, again and again: each time the next call of a port fails, in each of three ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from support.simulated.loop import SimLoop
from support.simulated.machines import Nature
from support.simulated.network import Fault, Process
from support.simulated.parts import Parts

from simulation.run import Run, play_in
from simulation.scenario import Plan
from simulation.world import World

JOURNEY = Plan(
    cancels=0.0, ships=1.0, gives_up=0.0, new_work=0.0, reads=False, nature=Nature(fails=0.0, quick_seconds=0.2)
)
SEED = 1


class Mode(StrEnum):
    """How a call fails."""

    BEFORE = "before it takes effect"
    AFTER = "after it took effect, the reply is lost"
    KILL = "its process is killed"


_FAULTS = {
    Mode.BEFORE: (Fault.BEFORE, Fault.BEFORE),
    Mode.AFTER: (Fault.AFTER, Fault.AFTER),
    Mode.KILL: (Fault.KILL_BEFORE, Fault.KILL_AFTER),
}


@dataclass
class NthCall:
    """Lets the call number `n` of the service fail, and no other; a kill has an effect at every second call."""

    n: int
    mode: Mode
    calls: int = 0

    def next(self, process: Process, _port: str) -> Fault:
        if process.name.startswith(("client", "reader")):
            return Fault.NONE
        self.calls += 1
        return _FAULTS[self.mode][self.n % 2] if self.calls == self.n else Fault.NONE


def journey(n: int, mode: Mode, parts: Parts | None = None) -> tuple[Run, int]:
    """Play the journey with one failing call; return the run and how many calls it made."""
    loop, faults = SimLoop(SEED), NthCall(n, mode)
    world = World(loop, parts or Parts(), faults, JOURNEY.nature)
    return play_in(world, n, JOURNEY, calm=n == 0), faults.calls


def every_call(mode: Mode) -> Iterator[Run]:
    """Play the journey with its first, second, … call failing, until it needs no more calls."""
    n = 1
    while True:
        run, calls = journey(n, mode)
        if calls < n:
            return
        yield run
        n += 1
