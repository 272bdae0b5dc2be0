"""What a sandboxed run is: its container's configuration, and how its end is read."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from erc.events.errors import Unavailable
from erc.schemas.limits import GIB, KIB, MIB, RunLimits
from erc.schemas.problem import Problem

WORKSPACE = "/erc"
"""Where a run finds its workspace; also its working directory."""

KILLED = 128 + signal.SIGKILL
COMMAND_NOT_USABLE, COMMAND_NOT_FOUND = 126, 127

_OPEN_FILES = 16_384
_TEMPORARY_INODES = 100_000
_ENVIRONMENT = ["HOME=/tmp", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC"]


@dataclass(frozen=True)
class Owner:
    """The user whose files a run may change, and as whom it runs; never root."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


class Mechanism(StrEnum):
    """How a run gets a workspace that it may change while the original stays as it is."""

    OVERLAY = "overlay"
    COPY = "copy"


@dataclass(frozen=True)
class Mount:
    """The workspace of one job as the engine mounts it: a folder of its own, or a volume with these overlay options."""

    source: str
    overlay: str = ""


class Intention(StrEnum):
    """Why the service kills a run; recorded before it does."""

    TIME_OUT = "time_out"
    CANCEL = "cancel"
    DISK_FULL = "disk_full"


@dataclass(frozen=True)
class RunRequest:
    """One run: a command (an argument list) in an image, on a materialised workspace."""

    job_id: str
    attempt: int
    image_id: str
    command: tuple[str, ...]
    tree: PurePosixPath
    """The materialised workspace, which stays as it is."""
    intention: Intention | None = None
    """What an earlier attempt recorded before it killed this run."""


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
        title = f"The script ended with exit code {self.exit_code}{_signal(self.exit_code)}"
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
        detail = f"A run may write {_size(self.limit_bytes)}. Write fewer or smaller files, or remove what is not needed."
        return Problem(code="disk_limit", title="The script wrote too much", detail=_with(detail, last_lines))


Failure = Failed | OutOfMemory | TimedOut | Stopped | DiskFull
Outcome = Succeeded | Failure


def container_config(
    request: RunRequest, mount: Mount, limits: RunLimits, owner: Owner, *, runtime: str = "", init: bool = True
) -> dict[str, Any]:
    """Return the engine's description of the hardened container of a run.

    `runtime` is an OCI runtime that the engine knows (`runc`, `runsc`), empty for its default one.
    """
    return {
        "Image": request.image_id,
        # As entry point, so that the image's own neither wraps nor replaces the command.
        "Entrypoint": list(request.command[:1]),
        "Cmd": list(request.command[1:]),
        "Env": _ENVIRONMENT,
        "WorkingDir": WORKSPACE,
        "User": str(owner),
        "Hostname": "erc",
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "Mounts": [_mount(mount)],
            "Tmpfs": {"/tmp": _temporary(limits, owner)},  # noqa: S108 - inside the container
            **_confinement(),
            **_allowances(limits),
            "Init": init,
            **({"Runtime": runtime} if runtime else {}),
        },
    }


def _mount(mount: Mount) -> dict[str, Any]:
    described = {"Type": "bind", "Source": mount.source, "Target": WORKSPACE}
    if not mount.overlay:
        return described
    options = {"type": "overlay", "device": "overlay", "o": mount.overlay}
    volume = {"NoCopy": True, "DriverConfig": {"Name": "local", "Options": options}}
    return described | {"Type": "volume", "VolumeOptions": volume}


def _temporary(limits: RunLimits, owner: Owner) -> str:
    # Executable: R and Python compile code into their temporary folder and load it from there.
    size = min(2 * GIB, limits.memory_bytes // 2)
    return (
        f"rw,exec,nosuid,nodev,mode=1777,size={size},nr_inodes={_TEMPORARY_INODES},uid={owner.uid},gid={owner.gid}"
    )


def _confinement() -> dict[str, Any]:
    return {
        "NetworkMode": "none",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "Privileged": False,
        "RestartPolicy": {"Name": "no"},
    }


def _allowances(limits: RunLimits) -> dict[str, Any]:
    # A quota of processor time instead of NanoCpus, which the engine refuses when the machine has fewer processors.
    # The log may grow to twice what is kept, in two files, so that a reader within the cap never meets a cut.
    return {
        "PidsLimit": limits.processes,
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "OomScoreAdj": 500,
        "CpuPeriod": 100_000,
        "CpuQuota": int(limits.cpus * 100_000),
        "ShmSize": min(256 * MIB, limits.memory_bytes // 4),
        "Ulimits": [
            _ulimit("nofile", _OPEN_FILES),
            _ulimit("core", 0),
            _ulimit("fsize", limits.disk_bytes),
        ],
        "LogConfig": {
            "Type": "local",
            "Config": {"max-size": f"{limits.log_bytes + 64 * KIB}", "max-file": "2", "compress": "false"},
        },
    }


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


def read_outcome(state: dict[str, Any], intention: Intention | None, limits: RunLimits) -> Outcome:
    """Read how a container ended from its `State` and from what the service intended when it killed it.

    Exit code 137 has several meanings; without an intention and without the engine's word that memory ran out it
    tells that the machine or its engine failed: raises `Unavailable`.
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
    if exit_code == KILLED:
        raise Unavailable("The run was killed from outside; the container engine may have been restarted.")
    return Succeeded() if exit_code == 0 else Failed(exit_code, str(state.get("Error") or ""))


def remaining(state: dict[str, Any], limits: RunLimits, now: datetime) -> timedelta:
    """Return how long a container that runs already may go on."""
    started = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", str(state["StartedAt"])))
    return max(timedelta(0), limits.wall_clock - (now.astimezone(UTC) - started))


def _signal(exit_code: int) -> str:
    names = {signal.SIGSEGV: "a crash", signal.SIGABRT: "aborted", signal.SIGBUS: "a crash", signal.SIGFPE: "a crash"}
    names |= {signal.SIGXFSZ: "a file grew too large", signal.SIGTERM: "terminated", signal.SIGILL: "a crash"}
    known = {128 + number: said for number, said in names.items()}
    return f" ({known[exit_code]})" if exit_code in known else ""


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
