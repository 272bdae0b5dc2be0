"""Does what the schedule says, and counts: what was hit, at which moment, and whether it held work."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from system.chaos.proxy import Weather
from system.chaos.schedule import WINDOWS, Fault
from system.chaos.stack import Stack, wait_for
from system.invariants.journal import Journal

REACHED_SECONDS = 20.0
ROUNDS = 3
HANDS = 4
"""So many faults are under way at once; each waits until somebody reaches its moment."""
_OUTAGE_SECONDS = {"slow": 4.0, "narrow": 4.0, "cut": 3.0}


@dataclass
class Tally:
    """What was injected."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    busy: int = 0
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.kills.values())

    def table(self) -> str:
        """Return the kills by process and moment."""
        lines = ["process           kills by moment"]
        for process, moments in WINDOWS.items():
            told = "  ".join(f"{moment}={self.kills[process, moment]}" for moment in moments)
            lines.append(f"  {process:<15} {told}")
        servers = sorted(key for key in self.kills if key[0] not in WINDOWS)
        lines.extend(f"  {process:<15} {self.kills[process, moment]}" for process, moment in servers)
        lines.append(f"other faults      {'  '.join(f'{k}={v}' for k, v in sorted(self.others.items())) or 'none'}")
        if self.missed:
            told = ", ".join(f"{process} {moment} {n}x" for (process, moment), n in sorted(self.missed.items()))
            lines.append(f"not reached       {told}")
        share = 100 * self.busy / self.total if self.total else 0
        lines.append(f"held work         {self.busy} of {self.total} kills ({share:.0f} %)")
        return "\n".join(lines)


class Injector:
    """Injects faults into a stack. `open_work` says how many users wait for something now."""

    def __init__(
        self, stack: Stack, open_work: Callable[[], int], journal: Journal, seed: int, stop_seconds: float
    ) -> None:
        self._stack, self._open_work, self._journal, self._stop_seconds = stack, open_work, journal, stop_seconds
        self._chance = random.Random(f"{seed} injector")
        self._stopped: list[threading.Thread] = []
        self._missed: list[Fault] = []
        self._next, self._servers, self._counting = threading.Lock(), threading.Lock(), threading.Lock()
        self.tally = Tally()

    def inject_all(self, faults: Iterable[Fault]) -> None:
        """Inject faults in their order, several at once, and let everybody go on afterwards.

        A moment that nobody reached is tried again at the end.
        """
        for _round in range(ROUNDS):
            waiting = iter(faults)
            with ThreadPoolExecutor(HANDS) as hands:
                for done in [hands.submit(self._take, waiting) for _ in range(HANDS)]:
                    done.result()
            faults, self._missed = self._missed, []
        for thread in self._stopped:
            thread.join(60)
        self._stopped.clear()

    def _take(self, waiting: Iterator[Fault]) -> None:
        while True:
            with self._next:
                fault = next(waiting, None)
            if fault is None:
                return
            self.inject(fault)

    def inject(self, fault: Fault) -> None:
        """Inject one fault and wait until it has taken effect."""
        time.sleep(fault.pause)
        self._journal.write("injected", what=f"{fault.kind} {fault.process} {fault.moment}".strip())
        {
            "kill": self._kill,
            "stop": self._stop,
            "restart": self._restart,
            "network": self._network,
            "engine": self._engine,
        }[fault.kind](fault)

    def _kill(self, fault: Fault) -> None:
        if fault.moment:
            reached = self._ordered(fault, "")
            # Whoever reaches one of its moments is in the middle of a delivery, a request or a transaction.
            self._count_kill(fault, reached=reached, busy=reached)
            return
        with self._servers:
            self._count_kill(fault, reached=True, busy=self._open_work() > 0)
            if fault.process == "nats":
                self._stack.nats.end(signal.SIGKILL)
                time.sleep(self._chance.uniform(0.0, 0.5))
                self._stack.nats.start()
            elif fault.process == "postgres":
                self._signal_postgres(signal.SIGKILL)
            elif backends := self._stack.backends():
                os.kill(self._chance.choice(backends), signal.SIGKILL)

    def _count_kill(self, fault: Fault, *, reached: bool, busy: bool) -> None:
        with self._counting:
            counter = self.tally.kills if reached else self.tally.missed
            counter[fault.process, fault.moment] += 1
            self.tally.busy += busy
            if not reached:
                self._missed.append(fault)

    def _ordered(self, fault: Fault, word: str) -> bool:
        order = self._stack.orders / f"{fault.process}.{fault.moment}"
        draft = self._stack.orders / f"draft-{threading.get_ident()}"
        draft.write_text(word)
        if wait_for(lambda: not order.exists(), REACHED_SECONDS) is None:
            return False
        draft.rename(order)
        if wait_for(lambda: not order.exists(), REACHED_SECONDS) is not None:
            return True
        try:
            order.unlink()
        except FileNotFoundError:
            return True
        return False

    def _stop(self, fault: Fault) -> None:
        """Stop a process for longer than its lease, while all others go on."""
        if not fault.moment:
            pids = self._stack.pids(fault.process)[:1]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            self._later_continue(pids, fault, 5.0)
            return
        if not self._ordered(fault, "stop"):
            self.tally.missed[fault.process, f"stop {fault.moment}"] += 1
            return
        seconds = 14.0 if fault.process == "relay" else self._stop_seconds
        pattern = f"{fault.process}.{fault.moment}.*"
        wait_for(lambda: any(self._stack.orders.glob(pattern)), 5)
        marks = list(self._stack.orders.glob(pattern))
        self._later_continue([int(mark.suffix[1:]) for mark in marks], fault, seconds)
        for mark in marks:
            mark.unlink()

    def _later_continue(self, pids: list[int], fault: Fault, seconds: float) -> None:
        def proceed() -> None:
            time.sleep(seconds)
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    continue

        self.tally.others[f"stop {fault.process}"] += 1
        thread = threading.Thread(target=proceed)
        thread.start()
        self._stopped.append(thread)

    def _restart(self, fault: Fault) -> None:
        with self._servers:
            self.tally.others[f"restart {fault.process}"] += 1
            if fault.process == "nats":
                self._stack.nats.end(signal.SIGTERM)
                self._stack.nats.start()
            else:
                self._signal_postgres(signal.SIGINT)

    def _signal_postgres(self, how: signal.Signals) -> None:
        before = self._stack.postmaster()
        if before is None:
            return
        os.kill(before, how)
        wait_for(lambda: self._stack.postmaster() not in {None, before}, 30)

    def _network(self, fault: Fault) -> None:
        proxy = self._stack.proxy
        with self._servers:
            self.tally.others[f"network {fault.process}"] += 1
            if fault.process == "cut":
                proxy.cut()
            elif fault.process == "slow":
                proxy.weather = Weather(delay_seconds=0.2)
            else:
                proxy.weather = Weather(bytes_per_second=32_000)
            time.sleep(_OUTAGE_SECONDS[fault.process])
            proxy.weather = Weather()

    def _engine(self, fault: Fault) -> None:
        with self._servers:
            if self._stack.engine:
                self.tally.others[f"engine {fault.process}"] += 1
                self._stack.engine(fault.process)
