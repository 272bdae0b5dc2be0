"""Executes workspaces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from erc.events.blobs import BlobStore, put_document, read_document, read_manifest
from erc.events.catalog import ExecuteWorkspace, ExecutionFailed, ExecutionFinished, ExecutionStarted
from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.schemas.repeat import Conditions, Variation
from erc.schemas.variables import Setting
from erc.schemas.workspace import Manifest
from erc.workers.diagnosing import LOG_LINES, explained
from erc.workers.executor.domain import Circumstances, Failed, Failure, Intention, Outcome, RunRequest, Succeeded
from erc.workers.executor.domain.run import with_variables
from erc.workers.executor.ports import Trees
from erc.workers.logs import Chunks, StepLog
from erc.workers.store import Work, WorkStore

TAIL_LINES = 15


class Sandbox(Protocol):
    """Where runs happen."""

    async def run(
        self,
        request: RunRequest,
        on_log: Callable[[bytes], Awaitable[None]],
        on_started: Callable[[], Awaitable[None]],
        on_intention: Callable[[Intention], Awaitable[None]],
    ) -> Outcome:
        """Run a command to its end; what it made stays until `clean`."""
        ...

    async def collect(self, job_id: str, tree: Path, original: Manifest) -> Manifest:
        """Keep what the run made or changed; return its manifest."""
        ...

    async def clean(self, job_id: str) -> None:
        """Remove everything of a job; may be repeated."""
        ...


Vary = Callable[[str, Sequence[Variation], Manifest], Awaitable[tuple[Circumstances, Conditions]]]
"""Finds the circumstances of a run in an image (its id) that has something otherwise, on this workspace."""


@dataclass
class _Attempt:
    """The attempt as it goes on: each transition gives the next state of its work."""

    store: WorkStore
    work: Work

    async def started(self) -> None:
        if not self.work.document.get("started"):
            event = ExecutionStarted(job_id=self.work.id)
            self.work = await self.store.emit(self.work, event, document={**self.work.document, "started": True})

    async def intends(self, intention: Intention) -> None:
        document = {**self.work.document, "intention": intention.value}
        self.work = await self.store.emit(self.work, document=document)


class Executor:
    """Runs a plan's command on a workspace in the sandbox on request."""

    def __init__(
        self,
        trees: Trees,
        sandbox: Sandbox,
        blobs: BlobStore,
        chunks: Chunks,
        store: WorkStore,
        log_bytes: int,
        vary: Vary,
    ) -> None:
        self._trees, self._sandbox, self._blobs, self._vary = trees, sandbox, blobs, vary
        self._chunks, self._store, self._log_bytes = chunks, store, log_bytes

    async def execute(self, command: ExecuteWorkspace, work: Work) -> None:
        """Run to the end, keep log and outputs, say how it went, clean up. Raises Rejected or Unavailable."""
        plan, hidden, original = await asyncio.to_thread(self._read, command)
        tree = await asyncio.to_thread(self._trees.materialise, hidden.digest, lambda: hidden)
        circumstances, conditions = await self._varied(command, hidden)
        if command.variables:
            setting = await asyncio.to_thread(read_document, self._blobs, command.variables, Setting)
            circumstances = with_variables(circumstances, setting.values)
        attempt = _Attempt(self._store, work)
        log = StepLog(self._chunks, command.job_id, "image_execute", work.attempt, self._log_bytes)
        intention = work.document.get("intention")
        request = RunRequest(
            job_id=command.job_id,
            attempt=work.attempt,
            image_id=command.image_id,
            command=tuple(plan.command),
            tree=tree,
            intention=Intention(intention) if intention else None,
            circumstances=circumstances,
        )
        outcome = await self._sandbox.run(request, log.write, attempt.started, attempt.intends)
        if isinstance(outcome, Succeeded):
            made = await self._sandbox.collect(command.job_id, tree, original)
            await self._finished(command, attempt, log, made, conditions)
        else:
            await self._failed(command, attempt, log, outcome, conditions)
        await self._sandbox.clean(command.job_id)

    async def _varied(self, command: ExecuteWorkspace, hidden: Manifest) -> tuple[Circumstances, Digest | None]:
        """Return the circumstances of the run, and the blob of the conditions of one that varies something."""
        if not command.variations:
            return Circumstances(), None
        circumstances, conditions = await self._vary(command.image_id, command.variations, hidden)
        return circumstances, await asyncio.to_thread(put_document, self._blobs, conditions)

    async def _finished(
        self,
        command: ExecuteWorkspace,
        attempt: _Attempt,
        log: StepLog,
        made: Manifest,
        conditions: Digest | None,
    ) -> None:
        blob, chunks = await log.close(self._blobs)
        finished = ExecutionFinished(
            job_id=command.job_id,
            outputs=await asyncio.to_thread(self._blobs.put, made.document()),
            conditions=conditions,
            log=blob,
            log_chunks=chunks,
        )
        await self._store.emit(attempt.work, finished, status="done")

    async def _failed(
        self,
        command: ExecuteWorkspace,
        attempt: _Attempt,
        log: StepLog,
        outcome: Failure,
        conditions: Digest | None,
    ) -> None:
        blob, chunks = await log.close(self._blobs)
        problem = outcome.problem(log.tail(TAIL_LINES))
        if isinstance(outcome, Failed):
            about = log.tail(LOG_LINES), self._blobs, command.manifest, command.description
            problem = await asyncio.to_thread(explained, problem, *about)
        event = ExecutionFailed(
            job_id=command.job_id,
            problem=await asyncio.to_thread(put_document, self._blobs, problem),
            exit_code=outcome.exit_code,
            conditions=conditions,
            log=blob,
            log_chunks=chunks,
        )
        await self._store.emit(attempt.work, event, status="failed")

    def _read(self, command: ExecuteWorkspace) -> tuple[Plan, Manifest, Manifest]:
        """Return the plan, the workspace without what the run must make, and the workspace as it is."""
        try:
            plan = Plan.model_validate_json(self._blobs.read(command.plan))
            description = Description.model_validate_json(self._blobs.read(command.description))
        except ValidationError as error:
            raise Rejected("The plan cannot be read", str(error), code="plan_unreadable") from error
        original = read_manifest(self._blobs, command.manifest)
        return plan, original.without([description.display, *description.outputs]), original
