"""The present versions of compendia, asked for together: who comes while questions run shares the next one."""

from __future__ import annotations

import asyncio
import re

from erc.events.errors import Unavailable
from erc.events.outbox import Database

_ID = re.compile(r"[0-9a-z]{26}", re.ASCII)
_QUERY = "SELECT id, version FROM compendium WHERE id = ANY($1::text[])"
_MOST, _AT_ONCE = 500, 1


class Versions:
    """Every answer is read from the database after it was asked for: what was written before is seen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, asyncio.Future[int | None]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def of(self, identifier: str) -> int | None:
        """Return the version of a compendium, None when it is not there. Raises Unavailable."""
        if not _ID.fullmatch(identifier):
            return None
        answer = self._waiting.get(identifier)
        if answer is None:
            answer = self._waiting[identifier] = asyncio.get_running_loop().create_future()
        if len(self._asking) < _AT_ONCE:
            self._asking.add(asyncio.create_task(self._ask()))
        return await asyncio.shield(answer)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                some = list(self._waiting)[:_MOST]
                await self._answer({identifier: self._waiting.pop(identifier) for identifier in some})
        finally:
            # At once: whoever comes between the end of the loop and that of the task would wait for ever.
            self._asking.difference_update({task for task in (asyncio.current_task(),) if task})

    async def _answer(self, asked: dict[str, asyncio.Future[int | None]]) -> None:
        try:
            rows = await self._database.plain(_QUERY, list(asked))
        except BaseException as error:
            for answer in asked.values():
                answer.set_exception(error if isinstance(error, Exception) else Unavailable("The service ends"))
                answer.exception()
            if isinstance(error, Unavailable):
                return
            raise
        found = {row["id"]: row["version"] for row in rows}
        for identifier, answer in asked.items():
            answer.set_result(found.get(identifier))
