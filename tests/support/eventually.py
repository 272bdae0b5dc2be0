"""Waiting for what another task or process brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], holds: Callable[[T], bool] = bool, seconds: float = 20.0) -> T:
    """Return what `look` finds as soon as it holds; fails when that takes too long."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if holds(found):
            return found
        assert asyncio.get_running_loop().time() < deadline, found
        await asyncio.sleep(0.01)
