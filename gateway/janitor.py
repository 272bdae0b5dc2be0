"""The janitor: ends what nobody does any more, and removes what nobody needs. One process at a time cares."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from erc.events.catalog import Command
from erc.events.errors import Unavailable
from erc.gateway.abandoned import LOST, Care, Going, LastCommand, care_for, quiet
from erc.schemas.problem import Problem

log = logging.getLogger("erc.janitor")


class Rows(Protocol):
    """The rows that are cared for. Raises Unavailable."""

    def leading(self) -> AbstractAsyncContextManager[bool]:
        """Yield whether this process is the one that cares now."""
        ...

    async def going(self, before: datetime) -> Sequence[Going]:
        """Return what was begun before and has not ended."""
        ...

    async def ask_again(self, going: Going, last: LastCommand, now: datetime) -> bool:
        """Send the last command once more; False when the work has come further meanwhile."""
        ...

    async def trim(self, now: datetime) -> None:
        """Remove what is over."""
        ...


class Stream(Protocol):
    """Where commands lie. Raises Unavailable."""

    async def holds(self, work_id: str) -> bool:
        """Return whether a command for this work will still be delivered, or is being handled."""
        ...


class Ends(Protocol):
    """Gives terminal states."""

    async def end(self, command: Command, problem: Problem) -> None:
        """End what waits for this command."""
        ...

    async def end_work(self, kind: str, identifier: str, problem: Problem) -> None:
        """End a compendium, job or shipment that waits for nothing."""
        ...


class Janitor:
    """Cares in rounds. `patience` is how long work may be silent before its command is looked for."""

    def __init__(
        self, rows: Rows, stream: Stream, ends: Ends, now: Callable[[], datetime], patience: timedelta
    ) -> None:
        self._rows, self._stream, self._ends, self._now, self._patience = rows, stream, ends, now, patience

    async def run(self, pause: Callable[[float], Awaitable[None]], seconds: float) -> None:
        """Care for ever, with a pause of so many seconds."""
        while True:
            try:
                await self.once()
            except Unavailable as error:
                log.warning("The janitor waits: %s", error)
            except Exception:
                log.exception("The janitor failed in a round")
            await pause(seconds)

    async def once(self) -> bool:
        """Do one round; return whether it was this process's turn. Raises Unavailable."""
        async with self._rows.leading() as leads:
            if leads:
                now = self._now()
                await self._rows.trim(now)
                for going in await self._rows.going(now - self._patience):
                    await self._care(going, now)
        return leads

    async def _care(self, going: Going, now: datetime) -> None:
        if not quiet(going, now, self._patience):
            return
        care = care_for(going, now, self._patience, comes=await self._stream.holds(going.id))
        if care is Care.LEAVE:
            return
        log.warning("%s %s: nobody does it: %s", going.kind, going.id, care.value)
        if going.last is None:
            await self._ends.end_work(going.kind, going.id, LOST)
        elif care is Care.ASK_AGAIN:
            await self._rows.ask_again(going, going.last, now)
        else:
            await self._ends.end(going.last.command, LOST)
