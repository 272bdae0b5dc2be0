"""Decides about runs: how they are shut in, and what their end means. Pure."""

from __future__ import annotations

from erc.workers.executor.domain.collection import Collected, CollectLimits, Collector, Found, Kind, Unreadable
from erc.workers.executor.domain.container import WORKSPACE, container_config
from erc.workers.executor.domain.frames import Frames
from erc.workers.executor.domain.outcome import (
    COMMAND_NOT_FOUND,
    COMMAND_NOT_USABLE,
    KILLED,
    DiskFull,
    Failed,
    Failure,
    Outcome,
    OutOfMemory,
    Seen,
    Stopped,
    Succeeded,
    TimedOut,
    moment,
    read_outcome,
    remaining,
)
from erc.workers.executor.domain.run import Abilities, Intention, Mechanism, Mount, Owner, RunRequest

__all__ = [
    "COMMAND_NOT_FOUND",
    "COMMAND_NOT_USABLE",
    "KILLED",
    "WORKSPACE",
    "Abilities",
    "CollectLimits",
    "Collected",
    "Collector",
    "DiskFull",
    "Failed",
    "Failure",
    "Found",
    "Frames",
    "Intention",
    "Kind",
    "Mechanism",
    "Mount",
    "OutOfMemory",
    "Outcome",
    "Owner",
    "RunRequest",
    "Seen",
    "Stopped",
    "Succeeded",
    "TimedOut",
    "Unreadable",
    "container_config",
    "moment",
    "read_outcome",
    "remaining",
]
