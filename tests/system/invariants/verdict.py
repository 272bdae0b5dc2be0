"""Checks until everything holds or the grace is over: what is under way may end first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .checks import Result, check
from .readers import Sources, read
from .world import World

_SHOWN = 5


async def settled(sources: Sources, grace_seconds: float = 60.0) -> tuple[list[Result], World]:
    """Return the results of the first round in which everything holds, else of the last one within the grace."""
    end = asyncio.get_running_loop().time() + grace_seconds
    pause = 0.2
    while True:
        world = await read(sources)
        results = check(world)
        if not any(result.violations for result in results) or asyncio.get_running_loop().time() > end:
            return results, world
        await asyncio.sleep(pause)
        pause = min(5.0, pause * 1.5)


def report(results: Sequence[Result]) -> str:
    """Return a line for each invariant and the first sentences about what is broken."""
    lines = []
    for result in results:
        lines.append(result.line())
        lines.extend(f"      {sentence}" for sentence in result.violations[:_SHOWN])
        if len(result.violations) > _SHOWN:
            lines.append(f"      … and {len(result.violations) - _SHOWN} more")
    return "\n".join(lines)
