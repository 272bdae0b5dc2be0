"""The life of a run's container: found or created, started, followed, ended in time, read, removed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiodocker

from erc.events.errors import Rejected, Unavailable
from erc.schemas.limits import RunLimits
from erc.workers.containers import Containers, Gone, NotThere
from erc.workers.docker import LABEL_JOB
from erc.workers.executor.domain import (
    COMMAND_NOT_FOUND,
    COMMAND_NOT_USABLE,
    Failed,
    Frames,
    Outcome,
    Seen,
    container_config,
    is_settled,
    left_over,
    moment,
    read_outcome,
    remaining,
)
from erc.workers.executor.domain.container import name_of as _name
from erc.workers.executor.domain.run import Abilities, Circumstances, Intention, Mechanism, Mount, Owner, RunRequest
from erc.workers.executor.ports import Folders, OnIntention, OnLog, OnStarted

LABEL_ATTEMPT = "org.erc.attempt"
LABEL_HOME = "org.erc.home"
"""Where the jobs' folders lie: engines may be shared by several services."""

Cancel = asyncio.Event | None
_WATCH_SECONDS, _LOG_SECONDS, _ASKING_SECONDS = 1.0, 30.0, 60.0
_LATE = [timedelta(seconds=seconds) for seconds in (0.2, 1, 3)]
_NOT_STARTED = {"created", "removing", "dead"}


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
        self._containers, self._folders, self._limits, self._owner = Containers(engine), folders, limits, owner
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
        state = await self._containers.state(_name(request.job_id))
        allowed = self._limits.wall_clock
        if state is None or state["Status"] in _NOT_STARTED:
            if failed := await self._start(request, abilities, state):
                return failed
        elif state["Running"]:
            allowed = remaining(state, self._limits, self._now())
        await on_started()
        intention = await self._attend(request, allowed, on_log, on_intention, cancel)
        return await self._read(request.job_id, intention)

    async def _start(self, request: RunRequest, abilities: Abilities, state: dict[str, Any] | None) -> Failed | None:
        """Create and start the container; return how it failed when its program cannot be started."""
        if state and state["Status"] != "created":
            await self.clean(request.job_id)
        if state is None or state["Status"] != "created":
            await self._create(request, abilities)
        try:
            await self._containers.start(_name(request.job_id))
        except Unavailable:
            state = await self._containers.state(_name(request.job_id))
            if state and state["ExitCode"] in {COMMAND_NOT_FOUND, COMMAND_NOT_USABLE}:
                return Failed(state["ExitCode"], state["Error"])
            await self.clean(request.job_id)
            raise
        return None

    async def _create(self, request: RunRequest, abilities: Abilities) -> None:
        mount = await asyncio.to_thread(self._prepare, request, abilities.mechanism)
        labels = {LABEL_JOB: request.job_id, LABEL_ATTEMPT: str(request.attempt), LABEL_HOME: str(self._folders.root)}
        config = container_config(
            request, mount, self._limits, self._owner, labels, runtime=self._runtime, init=abilities.init
        )
        try:
            await self._containers.create(_name(request.job_id), config)
        except NotThere as error:
            await self.clean(request.job_id)
            remedy = "Run the job again to build it."
            raise Rejected("The image is no longer there", remedy, code="image_missing") from error

    def _prepare(self, request: RunRequest, mechanism: Mechanism) -> Mount:
        self._folders.remove(request.job_id)
        about = request.circumstances
        return self._folders.create(request.job_id, about.layers or (request.tree,), mechanism, about.owner)

    async def _attend(
        self,
        request: RunRequest,
        allowed: timedelta,
        on_log: OnLog,
        on_intention: OnIntention,
        cancel: asyncio.Event | None,
    ) -> Intention | None:
        """Follow the log and wait for the end; bring it about when a limit is reached, and return why."""
        seconds = 0.0 if request.intention else allowed.total_seconds()
        following = asyncio.ensure_future(self._follow(request.job_id, on_log))
        waiting: asyncio.Future[Any] = asyncio.ensure_future(self._containers.wait(_name(request.job_id)))
        reasons: dict[asyncio.Future[Any], Intention] = {
            asyncio.ensure_future(self._disk_full(request)): Intention.DISK_FULL,
            asyncio.ensure_future((cancel or asyncio.Event()).wait()): Intention.CANCEL,
        }
        tasks, intention = (following, waiting, *reasons), request.intention
        try:
            done, _ = await asyncio.wait({waiting, *reasons}, timeout=seconds, return_when="FIRST_COMPLETED")
            if waiting not in done:
                if not intention:
                    intention = next((reasons[task] for task in done if task.result()), Intention.TIME_OUT)
                    await on_intention(intention)
                await self._containers.kill(_name(request.job_id))
            await waiting
            if not (await asyncio.wait({following}, timeout=_LOG_SECONDS))[0]:
                raise Unavailable("The container engine does not hand over the end of the log.")
            following.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return intention

    async def _follow(self, job_id: str, on_log: OnLog) -> None:
        """Hand over the log from its beginning to its end or to the limit; what is beyond stays with the engine."""
        handed_bytes = 0
        # An engine may stop following before the end of what it keeps: the second reading hands over the rest.
        for follow in (True, False):
            frames, place = Frames(self._limits.log_bytes), 0
            async with contextlib.aclosing(self._containers.log(_name(job_id), follow=follow)) as chunks:
                async for chunk in chunks:
                    text = frames.feed(chunk)
                    fresh = text[max(0, handed_bytes - place) :]
                    place += len(text)
                    if fresh:
                        handed_bytes += len(fresh)
                        await on_log(fresh)
                    if frames.cut:
                        return

    async def _disk_full(self, request: RunRequest) -> bool:
        """Return once the run has written more than it may."""
        clock, pause = asyncio.get_running_loop().time, _WATCH_SECONDS
        while True:
            await asyncio.sleep(pause)
            begun = clock()
            used = await asyncio.to_thread(self._folders.used_bytes, request.job_id, Path(request.tree))
            if used > self._limits.disk_bytes:
                return True
            pause = max(_WATCH_SECONDS, 4 * (clock() - begun))

    async def _read(self, job_id: str, intention: Intention | None) -> Outcome:
        state = await self._ended(job_id)
        for late in _LATE:
            seen = await self._seen(job_id, state, late)
            state = await self._ended(job_id)
            if intention or is_settled(state, seen):
                break
        try:
            return read_outcome(state, intention, self._limits, seen)
        except Unavailable:
            await self.clean(job_id)
            raise

    async def _ended(self, job_id: str) -> dict[str, Any]:
        state = await self._containers.state(_name(job_id))
        if state is None or state["Running"]:
            raise Unavailable("The container of the run vanished, or its end was not waited for.")
        return state

    async def _seen(self, job_id: str, state: dict[str, Any], late: timedelta) -> Seen:
        """Ask the engine for what it saw of the end; its word may come a moment after the exit code."""
        until = moment(state, "FinishedAt") + (late if state["ExitCode"] else timedelta(0))
        actions = await self._containers.actions(_name(job_id), moment(state, "StartedAt"), until)
        return Seen(died="die" in actions, killed="kill" in actions)

    async def clean(self, job_id: str) -> None:
        """Kill the run of a job if it goes on, and remove container, volume and folder; may be repeated."""
        await self._containers.remove(_name(job_id))
        await asyncio.to_thread(self._folders.remove, job_id)

    async def sweep(self, live: set[str], older_than: timedelta = timedelta(minutes=10)) -> int:
        """Remove what is left of jobs that are not live (in the whole cluster); return of how many.

        Spares what is younger, which may have begun after somebody looked who is live.
        """
        labels = await self._containers.labels(LABEL_HOME, str(self._folders.root))
        folders = await asyncio.to_thread(self._folders.jobs)
        dead = left_over({found[LABEL_JOB] for found in labels}, folders, live, self._now() - older_than)
        for job_id in dead:
            await self.clean(job_id)
        return len(dead)

    async def probe(self, image_id: str) -> Abilities:
        """Find out once, by running `sh` of this image, how workspaces can be given to runs here.

        Raises `Unavailable` when no way works, `Rejected` when the image is gone.
        """
        async with self._probing:
            if self._abilities is None:
                self._abilities = await self._find_abilities(image_id)
            return self._abilities

    async def _find_abilities(self, image_id: str) -> Abilities:
        reasons = []
        for abilities in (Abilities(mechanism, init) for mechanism in Mechanism for init in (True, False)):
            reasons.append(await self._hindrance(image_id, abilities))
            if not reasons[-1]:
                return abilities
        raise Unavailable(
            "The container engine cannot give a folder of this machine to a run. Let the engine run on this machine, "
            f"and the service's folder lie on an ordinary disk. {'; '.join(reasons)}"
        )

    async def ask(self, image_id: str, script: str, circumstances: Circumstances, said_bytes: int) -> str:
        """Return what `sh` of an image says to a script, shut in as a run is; raises `Unavailable` when it goes on."""
        abilities, said = await self.probe(image_id), bytearray()
        job_id, practice = (f"ask-{secrets.token_hex(8)}" for _ in range(2))
        try:
            tree = await asyncio.to_thread(self._folders.practice, practice)
            request = RunRequest(job_id, 0, image_id, ("sh", "-c", script), tree, circumstances=circumstances)
            if await self._start(request, abilities, None):
                return ""
            async with asyncio.timeout(_ASKING_SECONDS):
                await self._containers.wait(_name(job_id))
                frames = Frames(said_bytes)
                async with contextlib.aclosing(self._containers.log(_name(job_id), follow=False)) as chunks:
                    async for chunk in chunks:
                        said += frames.feed(chunk)
        except TimeoutError as error:
            raise Unavailable("The image does not tell what it can do.") from error
        else:
            return said.decode(errors="replace")
        finally:
            await self.clean(job_id)
            await self.clean(practice)

    async def _hindrance(self, image_id: str, abilities: Abilities) -> str:
        """Return what keeps a real run from changing a file through this mechanism, nothing when it works."""
        job_id, practice = (f"probe-{secrets.token_hex(8)}" for _ in range(2))
        try:
            tree = await asyncio.to_thread(self._folders.practice, practice)
            request = RunRequest(job_id, 0, image_id, ("sh", "-c", "echo changed > practice"), tree)
            if failed := await self._start(request, abilities, None):
                return failed.problem().sentence()
            await self._containers.wait(_name(job_id))
            seen = await asyncio.to_thread(self._folders.practised, job_id, tree)
        except Gone:
            raise
        except Unavailable as error:
            return str(error)
        else:
            return "" if seen else "What a container writes is not seen here"
        finally:
            await self.clean(job_id)
            await self.clean(practice)
