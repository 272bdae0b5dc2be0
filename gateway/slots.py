"""Slots for heavy requests: so many in all, so many of one account; others wait in line for a while."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from erc.gateway.errors import Refused

TOTAL, EACH, THREADS = 16, 2, 4
PATIENCE_SECONDS = 60.0
RETRY_SECONDS = 10


class Slots:
    """Waits are in the order of arrival, of an account first and then of all."""

    def __init__(self, total: int = TOTAL, each: int = EACH, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._each, self._patience = each, patience_seconds
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="upload")
        """For what heavy requests do beside the loop; light ones have threads of their own."""
        self._all = asyncio.Semaphore(total)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._waiting: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def one(self, account: str) -> AsyncIterator[None]:
        """Hold a slot; raises Refused (503) when none is free for too long."""
        self._waiting[account] += 1
        own = self._own.setdefault(account, asyncio.Semaphore(self._each))
        try:
            async with contextlib.AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self._patience):
                        await held.enter_async_context(own)
                        await held.enter_async_context(self._all)
                except TimeoutError as error:
                    advice = "Please try again in a moment."
                    retry = {"Retry-After": str(RETRY_SECONDS)}
                    raise Refused(503, "Too many uploads at once", advice, "busy", headers=retry) from error
                yield
        finally:
            self._waiting[account] -= 1
            if not self._waiting[account]:
                del self._waiting[account], self._own[account]
