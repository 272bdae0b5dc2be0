"""What every simulated port goes through: processes that die, calls that are late, and replies that are lost."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from support.simulated.loop import SimLoop

T = TypeVar("T")

MOST_CALLS = 50_000
"""After so many calls a run has no end."""

_current: contextvars.ContextVar[Process] = contextvars.ContextVar("process")


class Fault(StrEnum):
    """What becomes of one call."""

    NONE = "none"
    BEFORE = "before"
    """It fails before it takes effect."""
    AFTER = "after"
    """It takes effect, the reply is lost."""
    KILL_BEFORE = "kill before"
    """Its process dies, the call was not made."""
    KILL_AFTER = "kill after"
    """Its process dies, the call takes effect."""


class Faults(Protocol):
    """Decides what becomes of each call."""

    def next(self, process: Process, port: str) -> Fault:
        """Return the fate of the next call."""
        ...


@dataclass(eq=False)
class Process:
    """One process: its tasks end all at once, and no call of a dead one gets through."""

    name: str
    loop: SimLoop
    alive: bool = True
    killable: bool = True
    may_stall: bool = False
    stopped_until: float = 0.0
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    doom: int | None = None
    """How many calls from now it is killed, of those whose port begins with `doomed_at`."""
    doomed_at: str = ""
    holding: int = 0
    """How many pieces of work it has in hand."""
    ended: asyncio.Future[None] = field(init=False)

    def __post_init__(self) -> None:
        self.ended = self.loop.create_future()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a task of this process; what it begins belongs to this process too."""
        context = contextvars.copy_context()
        context.run(_current.set, self)
        return context.run(self.loop.create_task, work)

    def kill(self) -> None:
        """End it as SIGKILL does: no clean-up of its own has any effect."""
        self.alive = False
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()
        if not self.ended.done():
            self.ended.set_result(None)


class Killed(asyncio.CancelledError):
    """Raised in what a dead process still tries to call; no `except Exception` sees it."""


def task_factory(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task that its process knows."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
    process = _current.get(None)
    if process is not None and process.alive:
        process.tasks.append(task)
        if len(process.tasks) > 64:
            process.tasks = [one for one in process.tasks if not one.done()]
    return task


class Abandoned(SystemExit):
    """The run is given up: a fake was asked for what it does not know, or there is no end to it."""


class Network:
    """Between the product and every fake: delay, loss, death. `journal` is what the run did, call by call."""

    def __init__(self, loop: SimLoop, faults: Faults, delay_seconds: float = 0.02) -> None:
        self.loop, self.faults, self._delay = loop, faults, delay_seconds
        self.rng: random.Random = loop.rng
        self.journal: list[tuple[float, str, str, str]] = []
        self.stalls = 0.0
        """Share of the statements in whose midst a worker stands still for longer than a lease."""
        self.kills = 0
        self.busy_kills = 0
        self.raised = 0
        """How often a handler raised what its caller did not expect."""
        self.unknown: list[Exception] = []
        """What the product asked of a fake that does not know it."""

    def process(self) -> Process:
        """Return who calls."""
        return _current.get()

    def kill(self, process: Process) -> None:
        """Kill a process and count it."""
        if process.alive:
            self.kills += 1
            self.busy_kills += process.holding > 0
            self.journal.append((self.loop.now, process.name, "killed", ""))
            process.kill()

    async def call(self, port: str, effect: Callable[[], T], lost: Callable[[], Exception]) -> T:
        """Let a call take effect, once at most; raises what `lost` makes when it or its reply is lost."""
        process = _current.get()
        fault = self._fate(process, port)
        if fault is Fault.KILL_BEFORE or fault is Fault.KILL_AFTER:
            if fault is Fault.KILL_AFTER:
                effect()
            self.kill(process)
            raise Killed
        lot = self.rng.random()
        if lot < 0.5:
            await self._hop(process)
        if fault is Fault.BEFORE:
            raise lost()
        result = effect()
        if fault is Fault.AFTER or lot > 0.8:
            await self._hop(process)
        if fault is Fault.AFTER:
            raise lost()
        return result

    def call_now(self, port: str, effect: Callable[[], T], lost: Callable[[], Exception]) -> T:
        """Do the same for a call that blocks its thread: no time passes."""
        process = _current.get()
        fault = self._fate(process, port)
        if fault in {Fault.BEFORE, Fault.KILL_BEFORE}:
            self._die(process, fault)
            raise lost()
        result = effect()
        self._die(process, fault)
        if fault is Fault.AFTER:
            raise lost()
        return result

    def _fate(self, process: Process, port: str) -> Fault:
        if not process.alive:
            raise Killed
        if self.unknown or len(self.journal) > MOST_CALLS:
            raise Abandoned
        fault = self.faults.next(process, port)
        self.journal.append((self.loop.now, process.name, port, fault))
        return fault

    async def pause(self) -> None:
        """Be late now and then, where nothing can fail by itself; stand still for longer than a lease if it must be."""
        process = _current.get()
        if not process.alive:
            raise Killed
        lot = self.rng.random()
        if lot < self.stalls and process.may_stall:
            process.stopped_until = self.loop.now + self.rng.uniform(31, 60)
        if lot < 0.15:
            await self._hop(process)

    def _die(self, process: Process, fault: Fault) -> None:
        if fault in {Fault.KILL_BEFORE, Fault.KILL_AFTER}:
            self.kill(process)
            raise Killed

    async def _hop(self, process: Process) -> None:
        """Wait for the wire; a stopped process waits until it goes on, a dead one for ever."""
        await self.loop.tick(self.rng.random() * self._delay)
        while process.stopped_until > self.loop.now:
            await self.loop.tick(process.stopped_until - self.loop.now)
        if not process.alive:
            raise Killed
