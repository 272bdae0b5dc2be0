"""What a run is, before anything is known of its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath

from erc.workers.owner import Owner as Owner


class Mechanism(StrEnum):
    """How a run gets a workspace that it may change while the original stays as it is."""

    OVERLAY = "overlay"
    COPY = "copy"


@dataclass(frozen=True)
class Abilities:
    """What the engine can do here: how workspaces are given to runs, and whether it has an init process for them."""

    mechanism: Mechanism
    init: bool


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
class ReadOnly:
    """Something of the service's that a run sees and cannot change."""

    source: str
    target: str


@dataclass(frozen=True)
class Circumstances:
    """What a run can notice of where and when it runs, and what a repeat may have otherwise."""

    hostname: str = "erc"
    environment: tuple[str, ...] = ("HOME=/tmp", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC")
    processors: str = ""
    """Numbers of those that it may use (`0`), empty for all."""
    owner: Owner | None = None
    """Another user than the service's."""
    lent: tuple[ReadOnly, ...] = ()
    layers: tuple[PurePath, ...] = ()
    """Trees that hold the workspace together, in place of the one that holds all of it."""


def with_variables(circumstances: Circumstances, variables: Mapping[str, str]) -> Circumstances:
    """Return the circumstances of a run with variables of its own; what a repeat varies goes before them."""
    usual = dict(one.split("=", 1) for one in Circumstances().environment)
    varied = {
        name: value
        for name, value in (one.split("=", 1) for one in circumstances.environment)
        if usual.get(name) != value
    }
    merged = {**usual, **variables, **varied}
    return replace(circumstances, environment=tuple(f"{name}={value}" for name, value in merged.items()))


@dataclass(frozen=True)
class RunRequest:
    """One run: a command (an argument list) in an image, on a materialised workspace."""

    job_id: str
    attempt: int
    image_id: str
    command: tuple[str, ...]
    tree: PurePath
    """The materialised workspace, which stays as it is."""
    intention: Intention | None = None
    """What an earlier attempt recorded before it killed this run."""
    circumstances: Circumstances = Circumstances()


def overlay_options(kernel: str) -> list[str]:
    """Return the mount options of an overlay on a kernel of this release (`6.1.0-…`).

    The upper layer must hold what was changed and not refer to the lower one. `userxattr`, known since Linux 5.11,
    sees to that, and marks a folder that was replaced in a way that a service which is not root can read.
    """
    release = re.match(r"(\d+)\.(\d+)", kernel)
    if release and (int(release[1]), int(release[2])) >= (5, 11):
        return ["userxattr"]
    return ["redirect_dir=off", "metacopy=off"]


def left_over(held: set[str], made: Mapping[str, float], live: set[str], before: datetime) -> set[str]:
    """Return the jobs that hold containers or folders and are not live, but for folders made since a moment.

    `made` has the time of each job's folder in seconds since 1970.
    """
    young = {job for job, seconds in made.items() if seconds > before.timestamp()}
    return (held | made.keys()) - live - young
