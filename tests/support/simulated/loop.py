"""An event loop on virtual time: nothing waits, and any task that can go on may go on first, as the seed says."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from collections.abc import Callable
from typing import Any


class StuckError(RuntimeError):
    """Nothing is ready and no timer is set: the run would wait for ever."""


class SimLoop(asyncio.BaseEventLoop):
    """The loop of one run. `rng` is the only source of chance; threads are calls; there are no files to wait for."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.now = 0.0
        self.rng = random.Random(seed)
        self._timers: list[tuple[float, int, asyncio.TimerHandle | asyncio.Future[None]]] = []
        self._number = 0

    def time(self) -> float:
        return self.now

    def tick(self, seconds: float) -> asyncio.Future[None]:
        """Return what is done after so many seconds: a sleep that costs less."""
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        self._number += 1
        heapq.heappush(self._timers, (self.now + seconds, self._number, future))
        return future

    def get_debug(self) -> bool:
        return False

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, timer))
        return timer

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """It is left out when its time comes."""

    def _run_once(self) -> None:
        """Run what is ready, in the order that the seed draws; when nothing is, time passes."""
        ready, timers = self._ready, self._timers
        while timers and (not ready or timers[0][0] <= self.now):
            when, _number, timer = heapq.heappop(timers)
            if isinstance(timer, asyncio.Future):
                if not timer.done():
                    self.now = max(self.now, when)
                    timer.set_result(None)
            elif not timer._cancelled:
                self.now = max(self.now, when)
                ready.append(timer)
        if not ready:
            if self._stopping:
                return
            raise StuckError("Nothing is ready and no timer is set.")
        batch = list(ready)
        ready.clear()
        if len(batch) > 1:
            self.rng.shuffle(batch)
        for handle in batch:
            if not handle._cancelled:
                handle._run()

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """There is one thread; a generator that is given up is closed soon."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Call at once: a thread is a port like any other, and its blob store decides what fails."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future
