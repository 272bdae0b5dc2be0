"""The notifier as a process: what it was killed over is sent again under the same key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from support.eventually import eventually
from support.receiver import Receiver


@contextlib.asynccontextmanager
async def notifier(gateway: Any, orders: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the shipped process until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "erc.gateway.notifier",
        env={
            **os.environ,
            "DATABASE_URL": gateway.url_of("notifier"),
            "NATS_URL": gateway.nats_url,
            "NOTIFIER_ALLOW_LOOPBACK": "1",
            "ERC_FAULTS": str(orders),
        },
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_an_attempt_that_was_not_recorded_is_made_again_with_the_same_key(
    notifying, listening: Receiver, tmp_path: Path
) -> None:
    gateway = notifying.gateway
    hook = await notifying.hook(listening.url)
    order = tmp_path / "notifier.before_commit"
    order.touch()
    await gateway.compendium()
    async with notifier(gateway, tmp_path) as killed:
        assert await killed.wait() == -signal.SIGKILL
    assert len(listening.received) == 1

    async def arrived() -> int:
        return len(listening.received)

    async def logged() -> list[str]:
        return await notifying.outcomes(hook)

    async with notifier(gateway, tmp_path) as again:
        await eventually(arrived, lambda count: count == 2)
        await gateway.compendium()
        await eventually(arrived, lambda count: count == 3)
        await eventually(logged, lambda lines: len(lines) == 2)
        again.terminate()
        assert await again.wait() == 0
    first, repeated, other = listening.ids
    assert first == repeated != other
    assert len({request.headers["webhook-id"] for request in listening.received}) == 2
