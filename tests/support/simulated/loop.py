"""An event loop on virtual time: nothing waits, and any task that can go on may go on first, as the seed says."""

from __future__ import annotations

import asyncio
import collections
import random
import selectors
from collections.abc import Callable
from typing import Any


class Stuck(RuntimeError):
    """Nothing is ready and no timer is set: the run would wait for ever."""


class _NoSelector(selectors.BaseSelector):
    """Turns waiting into the passing of virtual time; there are no files to wait for."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("Nothing is ready and no timer is set.")
        if timeout > 0:
            self.now += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, 0, None)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)


class SimLoop(asyncio.SelectorEventLoop):
    """The loop of one run. `rng` is the only source of chance; threads are calls."""

    def __init__(self, seed: int) -> None:
        self._clock = _NoSelector()
        self.rng = random.Random(seed)
        super().__init__(self._clock)

    def _make_self_pipe(self) -> None:
        """Nobody wakes this loop from outside."""

    def _close_self_pipe(self) -> None:
        pass

    def time(self) -> float:
        return self._clock.now

    def _run_once(self) -> None:
        ready: collections.deque[Any] = self._ready
        if len(ready) > 1:
            shuffled = list(ready)
            self.rng.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        super()._run_once()

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Call at once: a thread is a port like any other, and its blob store decides what fails."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future
