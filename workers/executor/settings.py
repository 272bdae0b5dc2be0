"""What the executor reads from the environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from erc.schemas.limits import RunLimits
from erc.workers.docker import SERVICE_UID
from erc.workers.executor.domain import Owner


@dataclass(frozen=True)
class ExecutorSettings:
    """`EXECUTOR_RUNTIME`, `EXECUTOR_FAKETIME`, `EXECUTOR_CPUS`, `EXECUTOR_*_BYTES` and `_SECONDS`, `DOCKER_HOST`."""

    engine: str | None
    runtime: str
    limits: RunLimits
    owner: Owner
    faketime: str = ""
    """Where libfaketime is, empty for where Debian has it."""

    @classmethod
    def read(cls) -> ExecutorSettings:
        """Read the settings."""
        env, default = os.environ, RunLimits()
        wall_clock = env.get("EXECUTOR_WALL_CLOCK_SECONDS")
        return cls(
            engine=env.get("DOCKER_HOST") or None,
            runtime=env.get("EXECUTOR_RUNTIME", ""),
            limits=RunLimits(
                memory_bytes=int(env.get("EXECUTOR_MEMORY_BYTES", default.memory_bytes)),
                disk_bytes=int(env.get("EXECUTOR_DISK_BYTES", default.disk_bytes)),
                processes=int(env.get("EXECUTOR_PROCESSES", default.processes)),
                cpus=float(env.get("EXECUTOR_CPUS", default.cpus)),
                wall_clock=timedelta(seconds=float(wall_clock)) if wall_clock else default.wall_clock,
                log_bytes=int(env.get("EXECUTOR_LOG_BYTES", default.log_bytes)),
            ),
            owner=Owner(SERVICE_UID, SERVICE_UID) if os.geteuid() == 0 else Owner(os.geteuid(), os.getegid()),
            faketime=env.get("EXECUTOR_FAKETIME", ""),
        )
