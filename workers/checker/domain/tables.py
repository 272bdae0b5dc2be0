"""Compares tables of separated values cell by cell."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.texts import became, decoded, excerpt

RELATIVE = 1e-9
"""Two numbers are the same when they differ by no more than this share of the larger."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?")


def compare_tables(published: bytes, reproduced: bytes, extension: str) -> Compared | None:
    """Compare two CSV or TSV files in order of their rows; None when one cannot be read as a table."""
    theirs, ours = decoded(published), decoded(reproduced)
    if theirs is None or ours is None:
        return None
    seen = _Seen()
    try:
        for a, b in zip_longest(_rows(theirs, extension), _rows(ours, extension)):
            seen.look(a, b)
    except csv.Error:
        return None
    return _compared(seen, published, reproduced)


@dataclass
class _Seen:
    """What was seen while both tables were read row by row."""

    header: Sequence[str] = ()
    rows: int = 0
    published_rows: int = 0
    reproduced_rows: int = 0
    cells: int = 0
    changed: int = 0
    changes: list[Change] = field(default_factory=list)

    def look(self, published: Sequence[str] | None, reproduced: Sequence[str] | None) -> None:
        self.rows += 1
        self.header = self.header if self.rows > 1 else tuple(published or ())
        self.published_rows += published is not None
        self.reproduced_rows += reproduced is not None
        self.cells += max(len(published or ()), len(reproduced or ()))
        if published == reproduced:
            return
        for column, (a, b) in enumerate(zip_longest(published or (), reproduced or (), fillvalue="")):
            if not same(a, b):
                self._note(column, a, b)

    def _note(self, column: int, published: str, reproduced: str) -> None:
        self.changed += 1
        if len(self.changes) < CHANGES_KEPT:
            place = f"row {self.rows:,}, {self._column(column)}"
            self.changes.append(Change(place, published.strip(), reproduced.strip()))

    def _column(self, column: int) -> str:
        name = excerpt(self.header[column]) if column < len(self.header) else ""
        return f"column {column + 1}" if not name or _NUMBER.fullmatch(name) else f"column “{name}”"


def same(published: str, reproduced: str) -> bool:
    """Return whether two cells say the same: equal text, or numbers equal but for rounding."""
    a, b = published.strip(), reproduced.strip()
    if a == b:
        return True
    if not (_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)):
        return False
    return math.isclose(float(a), float(b), rel_tol=RELATIVE)


def _rows(text: str, extension: str) -> Iterator[list[str]]:
    first = text[:10_000].partition("\n")[0]
    delimiter = "\t" if extension in {"tsv", "tab"} else ";" if first.count(";") > first.count(",") else ","
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)


def _compared(seen: _Seen, published: bytes, reproduced: bytes) -> Compared:
    counts = seen.published_rows != seen.reproduced_rows
    if not seen.changed and not counts:
        return Compared("table", Outcome.EQUIVALENT, "holds the same values, written in another way")
    parts = []
    if counts:
        parts.append(f"has {number(seen.reproduced_rows, 'row')}, the published one has {seen.published_rows:,}")
    if seen.changed:
        first = seen.changes[0]
        parts.append(
            f"differs in {seen.changed:,} of {number(seen.cells, 'cell')}, first in {first.place}: {became(first)}"
        )
    return Compared(
        "table",
        Outcome.DIFFERENT,
        " and ".join(parts),
        min(1.0, seen.changed / seen.cells) if seen.changed else 0.0,
        published,
        reproduced,
        changes=tuple(seen.changes),
        changed=seen.changed,
    )
