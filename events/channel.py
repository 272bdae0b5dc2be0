"""Readers of the newest part of a stream, and what several of them share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from erc.events.pull import Message

_MERGED_BYTES = 1 << 20

Take = Callable[[Message], bytes | None]
"""What a message gives the readers of a channel: bytes, or None when they do not want it."""


class Reader:
    """Somebody who waits for news. `over` is set, and the reader woken, when it must end."""

    __slots__ = ("_waiter", "over")

    def __init__(self) -> None:
        self.over = False
        self._waiter: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def end(self) -> None:
        """Ask the reader to end."""
        self.over = True
        self.wake()

    async def wait(self) -> None:
        """Wait until somebody wakes this reader."""
        if not self.over:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None


class _Made(NamedTuple):
    """Bytes for the readers between two places; of the late ones, from one place to another."""

    low: int
    high: int
    data: bytes


class Channel:
    """Readers who want the same: what each new message gives them is made once.

    Until `checked` every message was looked at; after `last` none of these was wanted. So all readers between the two
    are at the same place, and are handed the same bytes.
    """

    __slots__ = ("_fresh", "_late", "_served", "checked", "last", "readers", "take")

    def __init__(self, take: Take, position: int) -> None:
        self.take = take
        self.readers: set[Reader] = set()
        self.begin(position)

    def begin(self, position: int) -> None:
        """Start from a place, as in a stream that was made anew."""
        self.last = self.checked = position
        self._fresh = self._late = _Made(0, -1, b"")
        self._served = True

    def push(self, messages: Sequence[Message], position: int) -> None:
        """Look at new messages and wake the readers if one is wanted."""
        data = _joined(self.take, messages)
        if data:
            unread = None if self._served or len(self._fresh.data) > _MERGED_BYTES else self._fresh
            self._fresh = _Made(unread.low, unread.high, unread.data + data) if unread else self._made(data)
            self.last, self._served = position, False
            for reader in self.readers:
                reader.wake()
        self.checked = position

    def _made(self, data: bytes) -> _Made:
        return _Made(self.last, self.checked, data)

    def news(self, place: int, newer: Callable[[int], Sequence[Message] | None]) -> tuple[bytes, int] | None:
        """Return what is wanted after `place` and the place behind it; None when it is not kept any more.

        `newer` gives the messages after a place.
        """
        if place >= self.last:
            return b"", max(place, self.checked)
        if self._fresh.low <= place <= self._fresh.high:
            self._served = True
            return self._fresh.data, self.checked
        if self._late.low != place or self._late.high != self.checked:
            messages = newer(place)
            if messages is None:
                return None
            self._late = _Made(place, self.checked, _joined(self.take, messages))
        return self._late.data, self.checked


def _joined(take: Take, messages: Sequence[Message]) -> bytes:
    return b"".join(filter(None, map(take, messages)))
