"""`python -m erc.workers.executor`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from erc.events.blobs import BlobStore
from erc.events.catalog import ExecuteWorkspace
from erc.events.errors import Unavailable
from erc.events.outbox import utc_now
from erc.schemas import tables
from erc.schemas.workspace import Manifest
from erc.workers.docker import connect, tell_engine
from erc.workers.executor.domain import LENT_LOCALE, Intention, Outcome, RunRequest
from erc.workers.executor.domain.answers import failed
from erc.workers.executor.handler import Executor
from erc.workers.executor.outputs import CollectLimits, JobFolders
from erc.workers.executor.sandbox import Sandbox
from erc.workers.executor.settings import ExecutorSettings
from erc.workers.executor.varied import Varied
from erc.workers.lent import lend
from erc.workers.limits import TimeLimit
from erc.workers.process import Context
from erc.workers.process import main as run
from erc.workers.run import Duty
from erc.workers.store import WorkStore
from erc.workers.trees import Trees

log = logging.getLogger("erc.worker")

SLOTS = 2
MARGIN = timedelta(minutes=30)
SWEEP_SECONDS = 15.0
YOUNG = timedelta(seconds=30)
"""Younger leftovers are spared: they may belong to what has just begun."""
TREE_SECONDS = 7 * 86_400.0


def main() -> None:
    """Execute until SIGTERM or SIGINT."""
    run("executor", SLOTS, _build)


class EngineSandbox:
    """The sandbox over a connection to the engine that is made when it is first needed."""

    def __init__(self, settings: ExecutorSettings, folders: JobFolders, blobs: BlobStore) -> None:
        self._settings, self._folders, self._blobs = settings, folders, blobs
        self._sandbox: Sandbox | None = None
        self._lock = asyncio.Lock()

    async def connected(self) -> Sandbox:
        """Return the sandbox; raises Unavailable when no engine answers."""
        async with self._lock:
            if self._sandbox is None:
                engine = await connect(self._settings.engine)
                limits, owner = self._settings.limits, self._settings.owner
                self._sandbox = Sandbox(engine, self._folders, limits, owner, utc_now, self._settings.runtime)
            return self._sandbox

    async def run(
        self,
        request: RunRequest,
        on_log: Callable[[bytes], Awaitable[None]],
        on_started: Callable[[], Awaitable[None]],
        on_intention: Callable[[Intention], Awaitable[None]],
    ) -> Outcome:
        return await (await self.connected()).run(request, on_log, on_started, on_intention)

    async def collect(self, job_id: str, tree: Path, original: Manifest) -> Manifest:
        limits = CollectLimits(size_bytes=self._settings.limits.disk_bytes)
        found = await asyncio.to_thread(self._folders.collect, job_id, tree, original, self._blobs, limits)
        for note in found.notes:
            log.info("%s: %s", job_id, note)
        return found.made

    async def clean(self, job_id: str) -> None:
        await (await self.connected()).clean(job_id)


async def _build(context: Context) -> list[Duty]:
    settings = ExecutorSettings.read()
    store = WorkStore(context.database, tables.execution, "executor")
    jobs, trees = context.settings.home / "jobs", context.settings.home / "trees"
    sandbox = EngineSandbox(settings, JobFolders(jobs, settings.owner), context.blobs)
    workspaces = Trees(context.blobs, trees, settings.owner)
    lending = partial(lend, context.settings.home / "lent", LENT_LOCALE, settings.faketime)
    executor = Executor(
        workspaces,
        sandbox,
        context.blobs,
        context.logs,
        store,
        settings.limits.log_bytes,
        Varied(workspaces, sandbox.connected, settings.owner, lending),
    )
    context.beside(_sweep(sandbox, store, workspaces))
    limits = settings.limits
    told = {"wall_clock_seconds": round(limits.wall_clock.total_seconds())}
    context.about["execution"] = limits.model_dump(mode="json", exclude={"wall_clock", "log_bytes"}) | told
    context.beside(tell_engine(settings.engine, context.about))
    advice = "Shorten the analysis, or let it read and write fewer files."
    limit = TimeLimit(settings.limits.wall_clock + MARGIN, "The run, with laying out and collecting its files,", advice)
    return [Duty(ExecuteWorkspace, store, executor.execute, failed, lambda it: sandbox.clean(it.job_id), limit)]


async def _sweep(sandbox: EngineSandbox, store: WorkStore, trees: Trees) -> None:
    """Remove what killed attempts left, and workspaces unused for a week."""
    while True:
        now = utc_now().timestamp()
        try:
            await asyncio.to_thread(trees.sweep, set(), now - TREE_SECONDS, now - YOUNG.total_seconds())
            await (await sandbox.connected()).sweep(await store.running(), YOUNG)
        except (Unavailable, OSError) as error:
            log.warning("Sweeping waits: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


if __name__ == "__main__":
    main()
