"""The lines of a build's log: cut from the engine's pieces of text, shown without control characters, up to a limit."""

from __future__ import annotations

import re
from collections import deque

from erc.workers.builder.domain.rules import OnLog

_NOT_SHOWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours and control characters: a log is text for people, never commands to a terminal."""
_LINE_CHARACTERS = 8192


def text_line(line: str) -> str:
    """Return a line of a log without colours and control characters, cut to a bounded length."""
    # What a line was overwritten with is what a terminal would show: progress leaves its end.
    return _NOT_SHOWN.sub("", line[-_LINE_CHARACTERS:].rstrip("\r").rpartition("\r")[2]).rstrip()


class Lines:
    """Cuts the engine's pieces of text into lines; one that does not end is cut."""

    def __init__(self, on_line: OnLog) -> None:
        self._on_line, self._pending = on_line, ""

    async def add(self, text: str) -> None:
        *lines, pending = (self._pending + text).split("\n")
        self._pending = pending[:_LINE_CHARACTERS]
        for line in lines:
            await self._give(line)

    async def end(self) -> None:
        await self._give(self._pending)
        self._pending = ""

    async def _give(self, line: str) -> None:
        shown = text_line(line)
        if shown.strip():
            await self._on_line(shown)


def capped(on_log: OnLog, tail: deque[str], limit_bytes: int) -> OnLog:
    """Return what hands over a log up to a limit, and keeps its last lines in `tail`."""
    left = limit_bytes

    async def take(line: str) -> None:
        nonlocal left
        tail.append(line)
        if left <= 0:
            return
        left -= len(line.encode()) + 1
        await on_log(line if left > 0 else f"[the log is cut here: it is longer than {limit_bytes} bytes]")

    return take
