"""How a run ended: each way is a type of its own, and all but success tell the author what to do."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from erc.events.errors import Unavailable
from erc.schemas.limits import GIB, KIB, MIB, RunLimits
from erc.schemas.problem import Problem
from erc.workers.executor.domain.run import Intention

KILLED, TERMINATED, LOST = 128 + signal.SIGKILL, 128 + signal.SIGTERM, 255
COMMAND_NOT_USABLE, COMMAND_NOT_FOUND = 126, 127

_MEANINGS = {
    COMMAND_NOT_USABLE: "a program may not be executed",
    COMMAND_NOT_FOUND: "a program was not found",
    128 + signal.SIGILL: "it crashed",
    128 + signal.SIGABRT: "it gave up",
    128 + signal.SIGBUS: "it crashed",
    128 + signal.SIGFPE: "it crashed",
    128 + signal.SIGSEGV: "it crashed",
    128 + signal.SIGXFSZ: "a file grew too large",
    KILLED: "it was killed: by itself, by a program that it started, or because memory ran out",
    TERMINATED: "it was ended, by itself or by a program that it started",
}
_FROM_OUTSIDE = {KILLED, TERMINATED, LOST}
"""What the engine says of runs that it, or the machine, took down."""


@dataclass(frozen=True)
class Seen:
    """What the engine saw of a run's end: that its program ended, and that somebody asked the engine to kill it."""

    died: bool
    killed: bool


@dataclass(frozen=True)
class Succeeded:
    """The script ended with exit code 0."""


@dataclass(frozen=True)
class Failed:
    """The script ended with another exit code, or could not be started (`reason` is what the engine said)."""

    exit_code: int
    reason: str = ""

    def problem(self, last_lines: str = "") -> Problem:
        """Say what happened and how to mend it."""
        if self.exit_code in {COMMAND_NOT_USABLE, COMMAND_NOT_FOUND} and self.reason:
            advice = f"Name a program that the environment has, or add the package that brings it. {self.reason}"
            return Problem(code="script_not_started", title="The script could not be started", detail=advice)
        title = f"The script ended with exit code {self.exit_code}{_meaning(self.exit_code)}"
        return Problem(code="script_failed", title=title, detail=_last(last_lines))


@dataclass(frozen=True)
class OutOfMemory:
    """The script or a program that it started was killed for want of memory, whatever the exit code says."""

    exit_code: int
    limit_bytes: int

    def problem(self, last_lines: str = "") -> Problem:
        """Say what happened and how to mend it."""
        detail = f"A run may use {_size(self.limit_bytes)}. Read less data at once, or start fewer processes."
        return Problem(code="out_of_memory", title="The script ran out of memory", detail=_with(detail, last_lines))


@dataclass(frozen=True)
class TimedOut:
    """The script was stopped because it took too long."""

    limit: timedelta
    exit_code: int | None = None

    def problem(self, last_lines: str = "") -> Problem:
        """Say what happened and how to mend it."""
        detail = f"A run may take {_duration(self.limit)}. Shorten the analysis, or ship intermediate results with it."
        title = f"The script was stopped after {_duration(self.limit)}"
        return Problem(code="run_timeout", title=title, detail=_with(detail, last_lines))


@dataclass(frozen=True)
class Stopped:
    """The script was stopped because somebody asked for it."""

    exit_code: int | None = None

    def problem(self, last_lines: str = "") -> Problem:
        """Say what happened."""
        return Problem(code="run_cancelled", title="The run was cancelled", detail=_last(last_lines))


@dataclass(frozen=True)
class DiskFull:
    """The script was stopped because it wrote too much."""

    limit_bytes: int
    exit_code: int | None = None

    def problem(self, last_lines: str = "") -> Problem:
        """Say what happened and how to mend it."""
        detail = (
            f"A run may write {_size(self.limit_bytes)}. Write fewer or smaller files, or remove what is not needed."
        )
        return Problem(code="disk_limit", title="The script wrote too much", detail=_with(detail, last_lines))


Failure = Failed | OutOfMemory | TimedOut | Stopped | DiskFull
Outcome = Succeeded | Failure


def read_outcome(state: dict[str, Any], intention: Intention | None, limits: RunLimits, seen: Seen) -> Outcome:
    """Read how a container ended from its `State`, from why the service killed it, and from what the engine saw.

    Exit code 137 has several meanings. Without an intention and without the engine's word that memory ran out it is
    the script's own when the engine saw it end and was asked by nobody to kill it. An engine that starts anew ends
    the runs of its predecessor, which counts as asked; one that did not see the end cannot tell. Both raise
    `Unavailable`: the run begins anew.
    """
    exit_code = int(state["ExitCode"])
    if intention is Intention.TIME_OUT:
        return TimedOut(limits.wall_clock, exit_code)
    if intention is Intention.CANCEL:
        return Stopped(exit_code)
    if intention is Intention.DISK_FULL:
        return DiskFull(limits.disk_bytes, exit_code)
    if state.get("OOMKilled"):
        return OutOfMemory(exit_code, limits.memory_bytes)
    if seen.killed or (exit_code in _FROM_OUTSIDE and not seen.died):
        raise Unavailable("The run was killed from outside; the container engine may have been restarted.")
    return Succeeded() if exit_code == 0 else Failed(exit_code, str(state.get("Error") or ""))


def is_settled(state: dict[str, Any], seen: Seen) -> bool:
    """Return whether the engine can say no more of an end.

    It hears of exhausted memory, of a kill and of the end on three ways, and on a busy machine the word of one comes
    long after the exit code.
    """
    exit_code = int(state["ExitCode"])
    if exit_code not in _FROM_OUTSIDE or state.get("OOMKilled") or seen.killed:
        return True
    return seen.died and exit_code != KILLED


def remaining(state: dict[str, Any], limits: RunLimits, now: datetime) -> timedelta:
    """Return how long a container that runs already may go on."""
    return max(timedelta(0), limits.wall_clock - (now.astimezone(UTC) - moment(state, "StartedAt")))


def moment(state: dict[str, Any], name: str) -> datetime:
    """Return a time of a container's `State` (`StartedAt`, `FinishedAt`), which the engine tells in nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", str(state[name])))


def _meaning(exit_code: int) -> str:
    return f" ({_MEANINGS[exit_code]})" if exit_code in _MEANINGS else ""


def _last(lines: str) -> str:
    return f"Its last lines: {lines.strip()}" if lines.strip() else "It said nothing."


def _with(detail: str, lines: str) -> str:
    return f"{detail} {_last(lines)}" if lines.strip() else detail


def _size(size_bytes: int) -> str:
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.3g} {name}"
    return f"{size_bytes} bytes"


def _duration(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    for unit, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}{'s' if seconds != unit else ''}"
    return f"{length.total_seconds():g} seconds"
