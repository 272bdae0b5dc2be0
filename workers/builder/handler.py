"""Prepares environments and saves their images."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from erc.events.blobs import BlobStore, put_document
from erc.events.catalog import (
    EnvironmentFailed,
    EnvironmentPlanned,
    EnvironmentReady,
    ImageSaved,
    PrepareEnvironment,
    SaveImage,
)
from erc.events.errors import GIVEN_UP, Rejected
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.job import StepName
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.complete import Invalid, complete
from erc.workers.builder.domain.rules import BuildRules, Built
from erc.workers.logs import Chunks, StepLog
from erc.workers.store import Work, WorkStore

OnLog = Callable[[str], Awaitable[None]]


class Environments(Protocol):
    """Which environments are built."""

    async def find(self, key: Digest) -> Built | None:
        """Return the environment of this key, or None."""
        ...

    async def put(self, key: Digest, image_id: str) -> None:
        """Remember an environment."""
        ...

    async def saved(self, key: Digest, image: Digest) -> None:
        """Remember the blob of an environment's image."""
        ...

    def building(self, key: Digest) -> AbstractAsyncContextManager[None]:
        """Hold the one build of this key in the whole cluster."""
        ...


class Images(Protocol):
    """The engine's images."""

    async def build(
        self, plan: Plan, base: str, tag: str, on_log: OnLog, limits: BuildLimits, ca_bundle: Path | None = None
    ) -> str:
        """Build an environment and return the image's id."""
        ...

    async def find(self, tag: str) -> str | None:
        """Return the id of an image, or None."""
        ...

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        """Keep an image as a blob."""
        ...

    async def base(self) -> tuple[str, str]:
        """Return name and id of the base image."""
        ...


class Builder:
    """Completes workspaces, makes the images of their environments, saves them."""

    def __init__(
        self,
        rules: BuildRules,
        images: Images,
        environments: Environments,
        blobs: BlobStore,
        chunks: Chunks,
        prepared: WorkStore,
        saved: WorkStore,
    ) -> None:
        self._rules, self._images, self._environments = rules, images, environments
        self._blobs, self._chunks, self._prepared, self._saved = blobs, chunks, prepared, saved

    async def prepare(self, command: PrepareEnvironment, work: Work) -> None:
        """Complete the workspace and make its environment. Raises Rejected or Unavailable."""
        base, base_id = await self._images.base()
        completed = await asyncio.to_thread(complete, self._blobs, command, base)
        key = completed.plan.key(base_id, self._rules.platform)
        planned = EnvironmentPlanned(
            job_id=command.job_id,
            manifest=completed.manifest,
            plan=completed.plan_digest,
            environment_key=key,
            configuration_made=completed.configuration_made,
            runtime_manifest_made=completed.runtime_manifest_made,
        )
        events = [] if work.document.get("planned") else [planned]
        built = await self._there(key)
        if built:
            await self._prepared.emit(work, *events, _ready(command, key, built), status="done")
            return
        work = await self._prepared.emit(work, *events, document={"planned": True})
        await self._build(command, work, completed.plan, key, base)

    async def _build(self, command: PrepareEnvironment, work: Work, plan: Plan, key: Digest, base: str) -> None:
        log = StepLog(self._chunks, command.job_id, "image_build", work.attempt, self._rules.limits.log_bytes)
        async with self._environments.building(key):
            built = await self._there(key)
            if built:
                await self._prepared.emit(work, _ready(command, key, built), status="done")
                return
            try:
                image_id = await self._images.build(
                    plan,
                    base,
                    _tag(key),
                    lambda line: log.write(f"{line}\n".encode()),
                    self._rules.limits,
                    self._rules.ca_bundle,
                )
            except Rejected as error:
                await self._refuse(command, work, log, error)
                return
            await self._environments.put(key, image_id)
        blob, chunks = await log.close(self._blobs)
        ready = EnvironmentReady(
            job_id=command.job_id,
            image_id=image_id,
            environment_key=key,
            cached=False,
            log=blob,
            log_chunks=chunks,
        )
        await self._prepared.emit(work, ready, status="done")

    async def _refuse(self, command: PrepareEnvironment, work: Work, log: StepLog, error: Rejected) -> None:
        blob, chunks = await log.close(self._blobs)
        event = EnvironmentFailed(
            job_id=command.job_id,
            step=StepName.IMAGE_BUILD,
            problem=await asyncio.to_thread(put_document, self._blobs, error.problem),
            log=blob,
            log_chunks=chunks,
        )
        await self._prepared.emit(work, event, status="failed")

    async def _there(self, key: Digest) -> Built | None:
        """Return the built environment when the engine still has its image."""
        built = await self._environments.find(key)
        image_id = await self._images.find(built.image_id if built else _tag(key))
        if image_id is None:
            return None
        if built is None or built.image_id != image_id:
            await self._environments.put(key, image_id)
            return Built(image_id, None)
        image = built.image if built.image and self._blobs.size(built.image) is not None else None
        return Built(image_id, image)

    async def save(self, command: SaveImage, work: Work) -> None:
        """Keep an environment's image as a blob, once; a failure harms no verdict and is said."""
        built = await self._environments.find(command.environment_key)
        image, problem = built.image if built else None, None
        if image is None and self._rules.save_image:
            try:
                image = await self._images.save_blob(command.image_id, self._blobs)
                await self._environments.saved(command.environment_key, image)
            except Rejected as error:
                problem = await asyncio.to_thread(put_document, self._blobs, error.problem)
        await self._saved.emit(work, ImageSaved(job_id=command.job_id, image=image, problem=problem), status="done")


def prepare_failed(command: PrepareEnvironment, problem: Digest, error: Rejected | None) -> EnvironmentFailed:
    """Return the terminal event of an environment that cannot be made."""
    step = StepName.VALIDATE_COMPENDIUM if isinstance(error, Invalid) else StepName.GENERATE_MANIFEST
    if error and error.problem.code in GIVEN_UP:
        step = StepName.IMAGE_BUILD
    return EnvironmentFailed(job_id=command.job_id, step=step, problem=problem)


def save_failed(command: SaveImage, problem: Digest, _error: Rejected | None) -> ImageSaved:
    """Return the last event of an image that could not be saved."""
    return ImageSaved(job_id=command.job_id, problem=problem)


def _ready(command: PrepareEnvironment, key: Digest, built: Built) -> EnvironmentReady:
    return EnvironmentReady(
        job_id=command.job_id, image_id=built.image_id, environment_key=key, cached=True, image=built.image
    )


def _tag(key: Digest) -> str:
    return f"erc-environment:{key[:40]}"
