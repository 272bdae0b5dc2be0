"""The life of a run's container: found or created, started, followed, ended in time, read, removed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError
from aiodocker.multiplexed import MultiplexedResult

from erc.events.errors import Rejected, Unavailable
from erc.schemas.limits import RunLimits
from erc.workers.docker import LABEL_JOB
from erc.workers.executor.domain import (
    COMMAND_NOT_FOUND,
    COMMAND_NOT_USABLE,
    KILLED,
    WORKSPACE,
    Failed,
    Intention,
    Mechanism,
    Mount,
    Outcome,
    Owner,
    RunRequest,
    container_config,
    read_outcome,
    remaining,
)

LABEL_ATTEMPT = "org.erc.attempt"
LABEL_HOME = "org.erc.home"
"""Where the jobs' folders lie: engines may be shared by several services."""

OnLog = Callable[[bytes], Awaitable[None]]
OnStarted = Callable[[], Awaitable[None]]
OnIntention = Callable[[Intention], Awaitable[None]]

_PROBE = "probe-"
_PROBE_FILE = "probe"
_WATCH_SECONDS = 1.0
_LOG_SECONDS = 30.0
_VERDICT_SECONDS = 0.3
_GONE = {404, 409}


class Folders(Protocol):
    """The folders that jobs write to."""

    @property
    def root(self) -> Path:
        """Where all of them lie."""
        ...

    def create(self, job_id: str, tree: Path, mechanism: Mechanism) -> Mount:
        """Make the folder of a job that starts from this tree."""
        ...

    def used_bytes(self, job_id: str, tree: Path) -> int:
        """Return how much the job has written."""
        ...

    def remove(self, job_id: str) -> None:
        """Remove the folder of a job."""
        ...

    def jobs(self) -> set[str]:
        """Return the ids of the jobs that have a folder."""
        ...


@dataclass(frozen=True)
class Abilities:
    """What the engine can do here: how workspaces are given to runs, and whether it has an init process for them."""

    mechanism: Mechanism
    init: bool


class Sandbox:
    """Runs commands in hardened containers, one for each job, named by it."""

    def __init__(
        self,
        engine: aiodocker.Docker,
        folders: Folders,
        limits: RunLimits,
        owner: Owner,
        now: Callable[[], datetime],
        runtime: str = "",
        abilities: Abilities | None = None,
    ) -> None:
        self._engine, self._folders, self._limits, self._owner = engine, folders, limits, owner
        self._now, self._runtime, self._abilities = now, runtime, abilities
        self._probing = asyncio.Lock()

    async def run(
        self,
        request: RunRequest,
        on_log: OnLog,
        on_started: OnStarted,
        on_intention: OnIntention,
        cancel: asyncio.Event | None = None,
    ) -> Outcome:
        """Run a command to its end and return how it ended; the container and the job's folder stay until `clean`.

        A container that an earlier attempt started is taken over. `on_log` gets the output as bytes from its
        beginning, at most `log_bytes` of it and a sentence when more was cut. `on_started` is awaited once it runs,
        `on_intention` before it is killed. Setting `cancel` kills it; cancelling the awaiting task does not, so that
        a process that ends leaves the run to its successor. Raises `Rejected` when the image is gone, `Unavailable`
        when the engine does not answer or the run was killed from outside (it has been removed then).
        """
        abilities = await self.probe(request.image_id)
        with _engine_errors():
            state = await self._state(request.job_id)
            if state is None or state["Status"] in {"created", "removing", "dead"}:
                failed = await self._start(request, abilities)
                if failed:
                    return failed
                state = None
            await on_started()
            intention = await self._attend(request, state, on_log, on_intention, cancel)
            return await self._read(request, intention)

    async def _start(self, request: RunRequest, abilities: Abilities) -> Failed | None:
        """Create and start the container; return how it failed when its program cannot be started."""
        await self.clean(request.job_id)
        mount = await asyncio.to_thread(
            self._folders.create, request.job_id, Path(request.tree), abilities.mechanism
        )
        config = container_config(
            request, mount, self._limits, self._owner, runtime=self._runtime, init=abilities.init
        )
        labels = self._labels(request)
        config["Labels"] = labels
        for described in config["HostConfig"]["Mounts"]:
            if "VolumeOptions" in described:
                described["VolumeOptions"]["Labels"] = labels
        container = await self._create(request, config)
        try:
            await container.start()
        except DockerError:
            state = await self._state(request.job_id)
            if state and state["ExitCode"] in {COMMAND_NOT_FOUND, COMMAND_NOT_USABLE}:
                return Failed(state["ExitCode"], state["Error"])
            await self.clean(request.job_id)
            raise
        return None

    async def _create(self, request: RunRequest, config: dict[str, Any]) -> aiodocker.containers.DockerContainer:
        try:
            return await self._engine.containers.create(config, name=_name(request.job_id))
        except DockerError as error:
            await self.clean(request.job_id)
            if error.status == 404:
                raise Rejected(
                    "The image is no longer there", "Run the job again to build it.", code="image_missing"
                ) from error
            raise

    def _labels(self, request: RunRequest) -> dict[str, str]:
        return {
            LABEL_JOB: request.job_id,
            LABEL_ATTEMPT: str(request.attempt),
            LABEL_HOME: str(self._folders.root),
        }

    async def _attend(
        self,
        request: RunRequest,
        state: dict[str, Any] | None,
        on_log: OnLog,
        on_intention: OnIntention,
        cancel: asyncio.Event | None,
    ) -> Intention | None:
        """Follow the log and wait for the end; end it when it exceeds a limit, and return why."""
        container = self._engine.containers.container(_name(request.job_id))
        allowed = remaining(state, self._limits, self._now()) if state else self._limits.wall_clock
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow(request.job_id, on_log))
            waiting = tasks.create_task(container.wait())
            reasons = {tasks.create_task(self._disk_full(request)): Intention.DISK_FULL}
            if cancel is not None:
                reasons[tasks.create_task(_set(cancel))] = Intention.CANCEL
            done, _ = await asyncio.wait(
                {waiting, *reasons}, timeout=allowed.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
            intention = request.intention
            if waiting not in done:
                intention = next((reasons[task] for task in done), Intention.TIME_OUT)
                await on_intention(intention)
                with _gone_already():
                    await container.kill()
            for task in reasons:
                task.cancel()
            await waiting
            await asyncio.wait({following}, timeout=_LOG_SECONDS)
            following.cancel()
        return intention
