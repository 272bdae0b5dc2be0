"""What a run is, before anything is known of its end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath


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


def overlay_options(kernel: str) -> list[str]:
    """Return the mount options of an overlay on a kernel of this release (`6.1.0-…`).

    The upper layer must hold what was changed and not refer to the lower one. `userxattr`, known since Linux 5.11,
    sees to that, and marks a folder that was replaced in a way that a service which is not root can read.
    """
    release = re.match(r"(\d+)\.(\d+)", kernel)
    if release and (int(release[1]), int(release[2])) >= (5, 11):
        return ["userxattr"]
    return ["redirect_dir=off", "metacopy=off"]
