"""Starts processes by forking, watches them, starts crashed ones again, and stops them in order.

Synchronous, one thread and no event loop, so that forking is safe. Every child dies with this process, whatever ends
it, and has its own session, so that Ctrl-C reaches the supervisor alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from erc.deploy.processes import secrets_of_others

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WATCHED = (*_STOPPING, signal.SIGCHLD)

BACK_OFF_SECONDS = (0.1, 5.0)
STEADY_SECONDS = 10.0
STOP_SECONDS = 5.0
_libc = ctypes.CDLL(None, use_errno=True)
_libc.getenv.restype = ctypes.c_void_p


@dataclass(frozen=True)
class Spec:
    """A process: `run` is its whole life and may end by replacing the program."""

    name: str
    run: Callable[[], object]
    tier: int = 1
    """Processes stop in the order of their tiers."""
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    stop: signal.Signals = signal.SIGTERM
    kill: signal.Signals = signal.SIGKILL
    """Ends it at once; it also comes when the supervisor dies."""
    blames: Callable[[int], str | None] = lambda _code: None
    """Tells from its exit code which other process must be started again, if any."""


@dataclass
class _Child:
    spec: Spec
    pid: int | None = None
    started: float = 0.0
    failures: int = 0
    due: float = 0.0


class Supervisor:
    """The processes of one stack. `log` names the log file of a process; `detach` runs first in each child.

    One that ends again and again is started again after pauses that double, up to `longest_pause` (in seconds).
    """

    def __init__(
        self,
        log: Callable[[str], Path],
        detach: Callable[[], None],
        say: Callable[[str], None] = lambda _: None,
        longest_pause: float = BACK_OFF_SECONDS[1],
    ) -> None:
        self._log, self._detach, self._say, self._longest_pause = log, detach, say, longest_pause
        self._children: list[_Child] = []
        self._finished: dict[int, int] = {}
        self._asked_to_stop = False
        self._old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._asked_to_stop

    def start(self, specs: Sequence[Spec]) -> None:
        """Start these processes and keep them alive from now on."""
        for spec in specs:
            child = _Child(spec)
            self._children.append(child)
            self._fork(child)

    def run_to_end(self, specs: Sequence[Spec]) -> list[str]:
        """Run processes that end by themselves, side by side; return the names of those that failed."""
        running = {self._spawn(spec): spec.name for spec in specs}
        while running.keys() - self._finished.keys():
            self.watch(1.0)
            if self.stopping:
                for pid in running.keys() - self._finished.keys():
                    os.kill(pid, signal.SIGKILL)
        return [name for pid, name in running.items() if self._finished.pop(pid)]

    def until(self, ready: Callable[[], bool], seconds: float, pause: float = 0.01) -> bool:
        """Watch until something is ready; False when that takes too long or a signal asks for the end."""
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            if ready():
                return True
            self.watch(pause)
        return False

    def watch(self, seconds: float) -> None:
        """Wait for a signal at most so long, see to the dead, start again whoever is due."""
        now = time.monotonic()
        dues = [child.due - now for child in self._children if child.pid is None]
        received = signal.sigtimedwait(_WATCHED, max(0.0, min([seconds, *dues])))
        if received is not None and received.si_signo in _STOPPING:
            self._asked_to_stop = True
        self._reap()
        for child in self._children:
            if not self.stopping and child.pid is None and child.due <= time.monotonic():
                self._fork(child)

    def alive(self) -> dict[str, int]:
        """Return the running processes with their process ids."""
        return {child.spec.name: child.pid for child in self._children if child.pid is not None}

    def failures(self, name: str) -> int:
        """Return how often a process has ended in a row, soon after each start."""
        return next((child.failures for child in self._children if child.spec.name == name), 0)

    def stop(self) -> None:
        """Stop everything, tier by tier, within five seconds; whoever is still there then is killed."""
        self._asked_to_stop = True
        tiers = sorted({child.spec.tier for child in self._children})
        end = time.monotonic() + STOP_SECONDS
        for position, tier in enumerate(tiers):
            members = [child for child in self._children if child.spec.tier == tier]
            self._signal(members, polite=True)
            # The servers come last and are fast: each tier leaves a part of the time to the tiers behind it.
            self._await_end(members, end - 0.4 * (len(tiers) - 1 - position))
            self._signal(members, polite=False)
            self._await_end(members, end + 1.0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._old_mask)

    def _signal(self, members: Sequence[_Child], *, polite: bool) -> None:
        for child in members:
            if child.pid is not None:
                os.kill(child.pid, child.spec.stop if polite else child.spec.kill)

    def _await_end(self, members: Sequence[_Child], end: float) -> None:
        while any(child.pid for child in members) and (left := end - time.monotonic()) > 0:
            received = signal.sigtimedwait(_WATCHED, min(left, 0.5))
            if received is not None and received.si_signo in _STOPPING:
                self._signal(members, polite=False)
            self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            child = next((child for child in self._children if child.pid == pid), None)
            if child is None:
                self._finished[pid] = status
            else:
                self._bury(child, os.waitstatus_to_exitcode(status))

    def _bury(self, child: _Child, code: int) -> None:
        child.pid = None
        now = time.monotonic()
        child.failures = 0 if now - child.started > STEADY_SECONDS else child.failures
        child.due = now + min(self._longest_pause, BACK_OFF_SECONDS[0] * 2 ** min(child.failures, 16))
        child.failures += 1
        if not self.stopping:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self._say(f"{child.spec.name} ended ({how}); it is started again. Its log: {self._log(child.spec.name)}")
            self._end_at_once(child.spec.blames(code))

    def _end_at_once(self, name: str | None) -> None:
        """Kill a process; it is started again like any that dies."""
        for child in self._children:
            if child.spec.name == name and child.pid is not None:
                os.kill(child.pid, child.spec.kill)

    def _fork(self, child: _Child) -> None:
        child.started = time.monotonic()
        child.pid = self._spawn(child.spec)

    def _spawn(self, spec: Spec) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        parent, log = os.getpid(), self._log(spec.name)
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            _become(spec, parent, log, self._old_mask)
            self._detach()
            spec.run()
            code = 0
        except SystemExit as end:
            code = _exit_code(end)
        except BaseException as error:  # noqa: BLE001 - a child must never return into the supervisor's code
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _become(spec: Spec, parent: int, log: Path, mask: set[signal.Signals] | set[int]) -> None:
    """Turn a fresh fork into the process of `spec`: its own session, log, name and signals."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(spec.kill))
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    _libc.prctl(_PR_SET_NAME, f"erc-{spec.name}".encode()[:15])
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(written)
    for number in _WATCHED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for variable in secrets_of_others(spec.name, os.environ):
        _forget(variable)
    os.environ.update(spec.environment)


def _forget(variable: str) -> None:
    """Take a variable out of the environment, and out of what `/proc/<pid>/environ` shows of a fork."""
    place = _libc.getenv(variable.encode())
    if place:
        ctypes.memset(place, 0, len(os.environb[variable.encode()]))
    del os.environ[variable]


def _exit_code(end: SystemExit) -> int:
    if isinstance(end.code, str):
        sys.stderr.write(f"{end.code}\n")
        return 1
    return end.code or 0
