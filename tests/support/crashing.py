"""A place apart in which some comparisons end their process, as readers of native code do on damaged files."""

from __future__ import annotations

import ctypes
import faulthandler
from collections.abc import Callable, Collection
from typing import TypeVar

from erc.events.forked import forked

R = TypeVar("R")


class Crashing:
    """Runs each comparison in a fork; those with these numbers, from 1, read where nothing is."""

    def __init__(self, numbers: Collection[int], seconds: float = 20) -> None:
        self._numbers, self._seconds = frozenset(numbers), seconds
        self.asked = 0

    def __call__(self, compare: Callable[[], R], /) -> R:
        self.asked += 1
        return forked(compare if self.asked not in self._numbers else _crashed(compare), self._seconds)


def _crashed(compare: Callable[[], R]) -> Callable[[], R]:
    def crashing() -> R:
        faulthandler.disable()  # pytest would print the stack of every thread
        ctypes.string_at(0)
        return compare()

    return crashing
