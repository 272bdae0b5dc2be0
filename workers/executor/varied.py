"""Finds the circumstances of a repeat, and lays its workspace out for them."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from erc.schemas.repeat import Conditions, Variation
from erc.schemas.workspace import Manifest
from erc.workers.executor.domain import (
    PROBE,
    SAID_BYTES,
    Abilities,
    Able,
    Circumstances,
    Image,
    Mechanism,
    Owner,
    halves,
    lent,
    read_probe,
    vary,
)
from erc.workers.executor.ports import Trees
from erc.workers.lent import Lent

REMEMBERED = 64
"""Of how many images it is remembered what they can do."""


class Asked(Protocol):
    """The part of the sandbox that tells what this machine and an image can do."""

    async def probe(self, image_id: str) -> Abilities: ...
    async def ask(self, image_id: str, script: str, circumstances: Circumstances, said_bytes: int) -> str: ...


class Varied:
    """Varies runs on this machine."""

    def __init__(
        self, trees: Trees, sandbox: Callable[[], Awaitable[Asked]], owner: Owner, lending: Callable[[], Lent]
    ) -> None:
        self._trees, self._sandbox, self._owner, self._lending = trees, sandbox, owner, lending
        self._lent: Lent | None = None
        self._images: OrderedDict[str, Image] = OrderedDict()
        self._lock = asyncio.Lock()

    async def __call__(
        self, image_id: str, asked: Sequence[Variation], manifest: Manifest
    ) -> tuple[Circumstances, Conditions]:
        """Return the circumstances of a run with these things otherwise, as far as they can be had, and what can be.

        Raises `Unavailable` when the engine does not answer, `Rejected` when the image is gone.
        """
        able, image = await self._look(image_id)
        circumstances, conditions = vary(asked, able, image, self._owner, manifest)
        split = any(one.variation is Variation.ORDER for one in conditions.tried)
        layers = await asyncio.to_thread(self._lay_out, manifest, circumstances.owner, split=split)
        return replace(circumstances, layers=layers), conditions

    def _lay_out(self, manifest: Manifest, owner: Owner | None, *, split: bool) -> tuple[Path, ...]:
        parts = halves(manifest) if split else (manifest,)
        return tuple(self._trees.materialise(part.digest, partial(Manifest, part.entries()), owner) for part in parts)

    async def _look(self, image_id: str) -> tuple[Able, Image]:
        async with self._lock:
            sandbox = await self._sandbox()
            abilities = await sandbox.probe(image_id)
            if self._lent is None:
                self._lent = await asyncio.to_thread(self._lending)
            able = Able(
                processors=tuple(sorted(os.sched_getaffinity(0))),
                faketime=self._lent.faketime,
                locales=self._lent.locales,
                root=os.geteuid() == 0,
                overlay=abilities.mechanism is Mechanism.OVERLAY,
            )
            if image_id not in self._images:
                circumstances = Circumstances(lent=lent(able))
                self._images[image_id] = read_probe(await sandbox.ask(image_id, PROBE, circumstances, SAID_BYTES))
                while len(self._images) > REMEMBERED:
                    self._images.popitem(last=False)
            return able, self._images[image_id]
