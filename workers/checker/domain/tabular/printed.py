"""Finds the tables among the lines that a program printed in columns of fixed width, as R prints data frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from erc.workers.checker.domain.tabular.cells import is_missing, number_in
from erc.workers.checker.domain.tabular.table import Table

MOST_COLUMNS = 200
_WIDEST = 4_000
_MOST_ROWS = 20_000
_HEADERS_TRIED = 3
"""How many lines at the start of a block are tried as the header: a title may stand above it."""
_MARK = re.compile(r"^##? ?")
_TYPES = re.compile(r"\s*(?:\d{0,6} )?(?:<\w{1,12}>\s*){1,200}")
_END = re.compile(r"\s*|-{2,200}|Signif\. codes:.*|# .{0,20} more (?:rows?|variables?).*|[=-]{5,300}")
_TITLE = re.compile(r"(?:# ?)?A (?:tibble|data\.table|data frame|matrix).*|\[.*|.*[:;]$|[$<{].*")


@dataclass(frozen=True)
class Printed:
    """A table among lines: `lines[start:end]` print it."""

    start: int
    end: int
    table: Table


def printed_tables(lines: Sequence[str]) -> list[Printed]:
    """Return the tables among printed lines, in order; each has a header, two rows and two columns at least."""
    plain = [_MARK.sub("", line.rstrip().expandtabs(8)) for line in lines]
    found = []
    at = 0
    while at < len(plain):
        end = at
        while end < len(plain) and not _ends(plain[end]) and end - at < _MOST_ROWS:
            end += 1
        tried = (_table(plain, start, end) for start in range(at, min(at + _HEADERS_TRIED, end - 2)))
        one = next((table for table in tried if table is not None), None)
        found += [one] if one is not None else []
        at = max(end, at + 1)
    return found


def _ends(line: str) -> bool:
    return len(line) > _WIDEST or _END.fullmatch(line) is not None


def _table(lines: Sequence[str], start: int, end: int) -> Printed | None:
    header, first = lines[start], start + 1
    if _TITLE.fullmatch(header.strip()):
        return None
    if _TYPES.fullmatch(lines[first]):
        first += 1
    body = lines[first:end]
    columns = _columns(header, body)
    if len(body) < 2 or not 2 <= len(columns) <= MOST_COLUMNS:
        return None
    names = tuple(header[slice(*one)].strip() for one in columns)
    rows = [tuple(line[slice(*one)].strip() for one in columns) for line in body]
    if not _is_header(names) or not _numeric(rows):
        return None
    return Printed(start, end, Table(names, rows))


def _columns(header: str, body: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the columns begin and end: what blanks in all lines part, unless a part has no name or no cells."""
    width = max(map(len, (header, *body)))
    inked = 0
    for line in (header, *body):
        inked |= _ink(line, width)
    parts = [match.span() for match in re.finditer("1+", f"{inked:0{width}b}")] if inked else []
    columns: list[tuple[int, int]] = []
    waiting: int | None = None
    for start, end in parts:
        begin = start if waiting is None else waiting
        named = bool(header[start:end].strip())
        if not any(line[start:end].strip() for line in body):
            waiting = begin  # a word of the next column's name
        elif not named and columns:
            columns[-1] = (columns[-1][0], end)  # more of a row's name, or stars behind a number
            waiting = None
        else:
            columns.append((begin, end))
            waiting = None
    return columns


def _ink(line: str, width: int) -> int:
    return int("".join("0" if one == " " else "1" for one in line.ljust(width)) or "0", 2)


def _is_header(names: Sequence[str]) -> bool:
    rest = names[1:]
    return all(rest) and len(set(rest)) == len(rest) and all(number_in(name) is None for name in rest)


def _numeric(rows: Sequence[tuple[str, ...]]) -> bool:
    """Return whether half of the cells behind the first column are numbers, perhaps with marks around them."""
    cells = [cell for row in rows for cell in row[1:]]
    return 2 * sum(_measures(cell) for cell in cells) >= len(cells)


def _measures(cell: str) -> bool:
    return is_missing(cell) or number_in(cell.lstrip("<> ").rstrip("*. ")) is not None
