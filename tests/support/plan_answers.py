"""Answers what environment a workspace needs, as the two workers do, without their processes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from erc.events.asking import DESCRIBE, PLAN, Asking
from erc.schemas.ids import Digest
from erc.workers.builder.read_workspace import plan_workspace
from erc.workers.metadata.read_workspace import describe_workspace


async def answer_plans(asking: Asking, home: Path) -> None:
    """Describe and plan workspaces of the blob store under `home` until the connection ends."""
    store = home / "blobs"

    async def describe(about: Mapping[str, Digest]) -> Digest:
        return await asyncio.to_thread(describe_workspace, store, about["manifest"], "")

    async def plan(about: Mapping[str, Digest]) -> Digest:
        return await asyncio.to_thread(plan_workspace, store, about["manifest"], about["description"])

    await asking.answer(DESCRIBE, describe, 2)
    await asking.answer(PLAN, plan, 2)
