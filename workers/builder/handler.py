"""Prepares environments and saves their images."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from erc.events.blobs import BlobStore, put_document, read_document, size_of
from erc.events.catalog import (
    EnvironmentFailed,
    EnvironmentPlanned,
    ImageSaved,
    PrepareEnvironment,
    SaveImage,
)
from erc.events.errors import Rejected, Unavailable
from erc.events.outbox import utc_now
from erc.schemas.environment import Plan
from erc.schemas.evidence import Origin
from erc.schemas.ids import Digest
from erc.schemas.job import StepName
from erc.workers.builder.domain.complete import Completed
from erc.workers.builder.domain.failure import PASSING
from erc.workers.builder.domain.outcomes import ready
from erc.workers.builder.domain.phases import Phase, mark
from erc.workers.builder.domain.provenance import Build
from erc.workers.builder.domain.rules import Base, BuildRules, Built, OnLog, Order, tag_of
from erc.workers.builder.ports import Environments, Evidences, Images, Making, Planner
from erc.workers.diagnosing import explained_build
from erc.workers.logs import Chunks, StepLog
from erc.workers.store import Work, WorkStore

log = logging.getLogger("erc.worker")

_SCRIPT_BYTES = 1 << 20


@dataclass(frozen=True)
class _Wanted:
    """An environment that one attempt at a command is to make."""

    command: PrepareEnvironment
    work: Work
    completed: Completed
    base: Base
    key: Digest
    image: Digest | None = None
    """The image that the compendium brings with it."""


class Builder:
    """Completes workspaces, makes the images of their environments, saves them."""

    def __init__(
        self,
        rules: BuildRules,
        images: Images,
        making: Making,
        environments: Environments,
        planner: Planner,
        blobs: BlobStore,
        chunks: Chunks,
        prepared: WorkStore,
        saved: WorkStore,
        evidences: Evidences | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._rules, self._images, self._environments, self._planner = rules, images, environments, planner
        self._blobs, self._chunks, self._prepared, self._saved = blobs, chunks, prepared, saved
        self._evidences, self._now, self._making = evidences, now, making

    async def prepare(self, command: PrepareEnvironment, work: Work) -> None:
        """Complete the workspace and make its environment. Raises Rejected or Unavailable."""
        about, platform = (command.manifest, command.description), self._rules.platform
        outline = await self._planner.outline(*about, platform if self._rules.carried_images else "")
        plan = await asyncio.to_thread(read_document, self._blobs, outline.plan, Plan)
        base = self._brought_base(plan, outline.image) if outline.image else await self._images.base(plan)
        completed = await self._planner.complete(*about, outline.plan, command.compendium_id, base.name)
        key = completed.plan.key(base.image_id, self._rules.platform)
        planned = EnvironmentPlanned(
            job_id=command.job_id,
            manifest=completed.manifest,
            plan=completed.plan_digest,
            environment_key=key,
            configuration_made=completed.configuration_made,
            runtime_manifest_made=completed.runtime_manifest_made,
        )
        events = [] if work.document.get("planned") else [planned]
        wanted = _Wanted(command, work, completed, base, key, outline.image)
        if await self._there(key):
            # Looked at again with the lock: nobody lets go of it between the look and the answer.
            async with self._environments.building(key):
                if built := await self._there(key):
                    built = await self._told(wanted, built)
                    await self._prepared.emit(work, *events, ready(command, key, built), status="done")
                    return
        work = await self._prepared.emit(work, *events, document={"planned": True})
        await self._build(replace(wanted, work=work))

    def _brought_base(self, plan: Plan, image: Digest) -> Base:
        # By the bytes of the image: what somebody brings is never taken for what others ask to be built.
        return Base(self._images.named_base(plan), f"sha256:{image}")

    async def _build(self, wanted: _Wanted) -> None:
        command, work = wanted.command, wanted.work
        said = StepLog(self._chunks, command.job_id, "image_build", work.attempt, self._rules.limits.log_bytes)

        async def on_log(line: str) -> None:
            await said.write(f"{line}\n".encode())

        async with self._environments.building(wanted.key):
            built = await self._there(wanted.key, loading=True)
            if built:
                built = await self._told(wanted, built)
                await self._prepared.emit(work, ready(command, wanted.key, built), status="done")
                return
            if problem := await self._environments.broken(wanted.key):
                await self._refuse(wanted, said, problem)
                return
            try:
                built = await (self._brought if wanted.image else self._made)(wanted, on_log)
            except Rejected as error:
                problem = await asyncio.to_thread(put_document, self._blobs, error.problem)
                if error.problem.code not in PASSING:
                    await self._environments.failed(wanted.key, problem)
                await self._refuse(wanted, said, problem)
                return
            await self._environments.put(wanted.key, built.image_id, built.evidence)
            if built.image:
                await self._environments.saved(wanted.key, built.image)
        blob, chunks = await said.close(self._blobs)
        event = ready(command, wanted.key, built).model_copy(
            update={"cached": False, "brought": wanted.image is not None, "log": blob, "log_chunks": chunks}
        )
        await self._prepared.emit(work, event, status="done")

    async def _brought(self, wanted: _Wanted, on_log: OnLog) -> Built:
        """Take the image that the compendium brings; nothing is built, and no archive is asked."""
        assert wanted.image
        await on_log(mark(Phase.BASE))
        await on_log("The compendium brings its environment (image.tar): it is used, and nothing is built.")
        image_id = await self._images.bring(wanted.image, tag_of(wanted.key), self._blobs)
        if self._evidences is None:
            return Built(image_id, wanted.image)
        await on_log(mark(Phase.EVIDENCE))
        return Built(image_id, wanted.image, await self._evidences.gather(self._of_image(wanted, image_id)))

    async def _told(self, wanted: _Wanted, built: Built) -> Built:
        """Look into an image whose evidence is not there: another installation built it, or it did not answer."""
        if built.evidence:
            return built
        about = self._of_image(wanted, built.image_id)
        evidence = await self._evidences.gather(about) if self._evidences else None
        await self._environments.put(wanted.key, built.image_id, evidence)
        return replace(built, evidence=evidence)

    def _of_image(self, wanted: _Wanted, image_id: str, started: datetime | None = None) -> Build:
        """Return what is known of an image; without `started` it was made elsewhere."""
        made = Origin.BUILT if started else Origin.FOUND
        return Build(
            key=wanted.key,
            plan=wanted.completed.plan,
            plan_digest=wanted.completed.plan_digest,
            base=wanted.base,
            image_id=image_id,
            platform=self._rules.platform,
            invocation=wanted.command.job_id,
            started=started,
            finished=self._now(),
            origin=Origin.BROUGHT if wanted.image else made,
        )

    async def _made(self, wanted: _Wanted, on_log: OnLog) -> Built:
        """Build an environment, look into it, and return it with its evidence."""
        plan, started = wanted.completed.plan, self._now()
        scripts = await asyncio.to_thread(self._scripts, plan)
        order = Order(plan, wanted.base, tag_of(wanted.key), scripts)
        made = await self._making.build(order, on_log)
        if self._evidences is None:
            return Built(made.image_id, made.image)
        build = self._of_image(wanted, made.image_id, started)
        await on_log(mark(Phase.EVIDENCE))
        return Built(made.image_id, made.image, await self._evidence(build, scripts, on_log))

    async def _evidence(self, build: Build, scripts: tuple[tuple[str, bytes], ...], on_log: OnLog) -> Digest | None:
        """Gather the evidence of a build; where it is asked for, of a second build from nothing too."""
        assert self._evidences is not None
        if not self._rules.check_reproducible:
            return await self._evidences.gather(build)
        again = None
        # The first build stands, whatever becomes of the second.
        with contextlib.suppress(Rejected, Unavailable):
            order = Order(build.plan, build.base, f"{tag_of(build.key)}-again", scripts, cold=True)
            again = (await self._making.build(order, on_log)).image_id
        try:
            return await self._evidences.gather(build, again)
        finally:
            if again:
                await self._images.remove(f"{tag_of(build.key)}-again")

    def _scripts(self, plan: Plan) -> tuple[tuple[str, bytes], ...]:
        return tuple((script.path, self._blobs.read(script.digest, _SCRIPT_BYTES)) for script in plan.scripts)

    async def _refuse(self, wanted: _Wanted, said: StepLog, problem: Digest) -> None:
        blob, chunks = await said.close(self._blobs)
        about = self._blobs, wanted.completed.plan, wanted.completed.manifest
        problem = await asyncio.to_thread(explained_build, problem, *about)
        event = EnvironmentFailed(
            job_id=wanted.command.job_id,
            step=StepName.IMAGE_BUILD,
            problem=problem,
            log=blob,
            log_chunks=chunks,
        )
        await self._prepared.emit(wanted.work, event, status="failed")

    async def _there(self, key: Digest, *, loading: bool = False) -> Built | None:
        """Return the built environment when the engine has its image; `loading` gets it from where it is saved."""
        built = await self._environments.find(key)
        image = built.image if built and built.image and await size_of(self._blobs, built.image) is not None else None
        image_id = await self._images.find(built.image_id if built else tag_of(key))
        if image_id is None:
            return await self._loaded(key, built, image) if loading and built and image else None
        if built is None or built.image_id != image_id:
            return Built(image_id, None)
        await self._environments.used(key)
        return Built(image_id, image, built.evidence)

    async def _loaded(self, key: Digest, built: Built, image: Digest) -> Built | None:
        """Give the engine the image that was saved: no archive is needed; None when it takes it not."""
        try:
            image_id = await self._images.load(image, tag_of(key), self._blobs)
        except (Unavailable, Rejected) as error:
            log.warning("The saved image of %s is of no use, it is built again: %s", key, error)
            return None
        await self._environments.reloaded(key, image_id)
        await self._environments.used(key)
        return Built(image_id, image, built.evidence)

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
