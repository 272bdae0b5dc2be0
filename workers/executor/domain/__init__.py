"""Decides about runs: how they are shut in, and what their end means. Pure."""

from __future__ import annotations

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
    Stopped,
    Succeeded,
    TimedOut,
    read_outcome,
    remaining,
)
from erc.workers.executor.domain.run import Intention, Mechanism, Mount, Owner, RunRequest

__all__ = [
    "COMMAND_NOT_FOUND",
    "COMMAND_NOT_USABLE",
    "KILLED",
    "WORKSPACE",
    "DiskFull",
    "Failed",
    "Failure",
    "Frames",
    "Intention",
    "Mechanism",
    "Mount",
    "OutOfMemory",
    "Outcome",
    "Owner",
    "RunRequest",
    "Stopped",
    "Succeeded",
    "TimedOut",
    "container_config",
    "read_outcome",
    "remaining",
]
