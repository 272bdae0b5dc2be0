"""Who builds: this process by its own engine, or a builder elsewhere that has neither the database nor the blobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from erc.events.blobs import BlobStore
from erc.events.delegating import Nobody, Say
from erc.events.errors import Rejected, Unavailable
from erc.workers.builder.domain.errand import BuildErrand, BuildOutcome
from erc.workers.builder.domain.rules import BuildRules, KeptBase, Made, OnLog, Order
from erc.workers.builder.ports import Images, Making
from erc.workers.handover import Handover

log = logging.getLogger("erc.worker")


class Bases(Protocol):
    """Which base images are known."""

    async def base(self, name: str) -> KeptBase | None:
        """Return what is remembered of a base image."""
        ...


class LocalBuilder:
    """Builds by the engine of this process."""

    def __init__(self, images: Images, rules: BuildRules) -> None:
        self._images, self._rules = images, rules

    async def build(self, order: Order, on_log: OnLog) -> Made:
        return Made(await self._images.build(order, on_log, self._rules.limits, self._rules.ca_bundle))


Delegate = Callable[[str, Say], Coroutine[Any, Any, str]]
"""Has a piece of work done elsewhere by its description; raises Nobody when nobody took it, Unavailable."""


class RemoteBuilder:
    """Has a builder elsewhere build, and takes the image over from it."""

    def __init__(
        self,
        delegate: Delegate,
        handover: Handover,
        images: Images,
        bases: Bases,
        blobs: BlobStore,
        rules: BuildRules,
        user: tuple[int, int],
    ) -> None:
        """`user` is the user and group of a run, whose files the author's scripts leave."""
        self._delegate, self._handover, self._images = delegate, handover, images
        self._bases, self._blobs, self._rules, self._user = bases, blobs, rules, user

    async def build(self, order: Order, on_log: OnLog) -> Made:
        """Do so; raises `Nobody` when nobody took the order, and nothing was begun."""
        limits, kept = self._rules.limits, await self._bases.base(order.base.name)
        base = kept.image if kept and kept.image_id == order.base.image_id else None
        scripts = [(path, await asyncio.to_thread(self._blobs.put, content)) for path, content in order.scripts]
        needed = frozenset([*(digest for _, digest in scripts), *([base] if base else [])])
        # As an archive it is larger than as an image by the headers of its files.
        with self._handover.errand(needed, limits.image_bytes + limits.image_bytes // 8) as errand:
            asked = BuildErrand(
                address=errand.address,
                platform=self._rules.platform,
                plan=order.plan,
                base_name=order.base.name,
                base_id=order.base.image_id,
                base_image=base,
                tag=order.tag,
                scripts=scripts,
                cold=order.cold,
                limits=limits,
                user=self._user,
            )
            outcome = BuildOutcome.model_validate_json(await self._delegate(asked.model_dump_json(), on_log))
            brought = errand.brought
        if outcome.problem:
            problem = outcome.problem
            raise Rejected(problem.title, problem.detail, problem.code, problem.build)
        if brought is None:
            raise Unavailable("The builder elsewhere brought no image")
        image_id = await self._images.bring(brought, order.tag, self._blobs)
        if image_id != outcome.image_id:
            await self._images.remove(order.tag)
            raise Unavailable("The image that was brought is not the one that was built")
        return Made(image_id, brought)


class Fallback:
    """Has a builder elsewhere build, and builds here when nobody takes the order."""

    def __init__(self, first: Making, otherwise: Making) -> None:
        self._first, self._otherwise = first, otherwise

    async def build(self, order: Order, on_log: OnLog) -> Made:
        try:
            return await self._first.build(order, on_log)
        except Nobody as error:
            log.info("It is built here: %s", error)
            return await self._otherwise.build(order, on_log)
