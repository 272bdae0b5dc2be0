"""Where in the author's code a failure happened, as the log tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORKSPACE = "/erc/"
"""Where a run finds the workspace."""

_FRAME = re.compile(r'^\s*File "([^"]{1,400})", line (\d{1,7})')
_CELL_FRAME = re.compile(r"(?:Cell In\s?\[(\d{1,6})\],? line (\d{1,6})|<ipython-input-(\d{1,6})-[0-9a-f]+>)")
_CELL_LINE = re.compile(r"^-{2,}> ?(\d{1,6}) ")
_CHUNK = re.compile(r"Quitting from (?:lines? (\d{1,7})(?:-\d{1,7})?.{0,80}?\(([^)]{1,300})\)|([^:]{1,300}):(\d{1,7}))")
_SOURCED = re.compile(r"(?:^|\s|\()([A-Za-z0-9_./-]{1,300}\.[Rr]):(\d{1,7})(?::\d+)?")


@dataclass(frozen=True)
class Place:
    """A place in the author's code; empty and 0 where the log tells none."""

    path: str = ""
    line: int = 0
    cell: int = 0


def find_place(lines: Sequence[str], at: int, main: str, known: Callable[[str], bool]) -> Place:
    """Return the place that belongs to the failure in line `at` (from 0) of a log.

    `main` is the main file, `known` tells whether a path is a file of the workspace.
    """
    return _frame(lines, at, known) or _cell(lines, at, main) or _chunk(lines, main, known) or _sourced(lines, known)


def _frame(lines: Sequence[str], at: int, known: Callable[[str], bool]) -> Place | None:
    """Python tells the innermost frame last: the nearest one above the error that is in the workspace."""
    for line in (*reversed(lines[: at + 1]), *reversed(lines[at + 1 :])):
        found = _FRAME.match(line)
        if found and known(path := found[1].removeprefix(WORKSPACE).removeprefix("./")):
            return Place(path, int(found[2]))
    return None


def _cell(lines: Sequence[str], at: int, main: str) -> Place | None:
    if not main.endswith(".ipynb"):
        return None
    # The first frame of a notebook's traceback is the cell; those after it are in packages.
    first = next((line for line in lines[: at + 1] if _CELL_FRAME.search(line)), "")
    found = _CELL_FRAME.search(first)
    if not found:
        return None
    arrow = next((line for line in lines[: at + 1] if _CELL_LINE.match(line)), "")
    marked = _CELL_LINE.match(arrow)
    line = int(found[2] or (marked[1] if marked else 0))
    return Place(main, line, int(found[1] or found[3]))


def _chunk(lines: Sequence[str], main: str, known: Callable[[str], bool]) -> Place | None:
    for line in reversed(lines):
        if found := _CHUNK.search(line):
            path = (found[2] or found[3] or "").removeprefix(WORKSPACE)
            folder = main.rpartition("/")[0]
            beside = f"{folder}/{path}" if folder else path
            named = next((name for name in (path, beside) if known(name)), main)
            return Place(named, int(found[1] or found[4]))
    return None


def _sourced(lines: Sequence[str], known: Callable[[str], bool]) -> Place:
    for line in reversed(lines):
        for path, number in _SOURCED.findall(line):
            if known(path):
                return Place(path, int(number))
    return Place()
