"""Compares tables of any size in bounded memory, row by row, with a short look ahead."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import BinaryIO

from erc.workers.checker.domain.result import CHANGES_KEPT, Change
from erc.workers.checker.domain.tabular.cells import cell_key, same_cell
from erc.workers.checker.domain.tabular.compare import TableFound
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.separated import SAMPLE_CHARACTERS, Dialect, dialect_of, rows_of
from erc.workers.checker.domain.tabular.table import is_header

BLOCK_BYTES = 1 << 20
ROW_BYTES = 8 << 20
"""The longest row that is read."""
AHEAD = 200
"""How many rows are looked ahead for one that is missing or new."""
_RUN = 3
"""After so many changed rows it is looked whether one was missing or new."""
_MASK = (1 << 64) - 1


class TooLong(ValueError):  # noqa: N818
    """A row has no end."""


@dataclass
class _Side:
    """One table as it is read: blocks that end with a row, and the rows of those blocks that differ."""

    stream: BinaryIO
    rest: bytes = b""
    ended: bool = False
    rows: deque[list[str]] = field(default_factory=deque)
    number: int = 0
    """How many rows were left behind."""
    digest: int = 0
    """A sum over the rows that have no equal one opposite; equal for the same rows in any order."""
    dialect: Dialect | None = None

    def block(self) -> bytes:
        """Return the next whole rows, empty at the end; raises TooLong."""
        held = self.rest
        while not self.ended:
            piece = self.stream.read(BLOCK_BYTES)
            self.ended = not piece
            held += piece
            cut = held.rfind(b"\n") + 1
            if cut and held.count(b'"', 0, cut) % 2 == 0:
                self.rest = held[cut:]
                return held[:cut]
            if len(held) > ROW_BYTES:
                raise TooLong
        self.rest = b""
        return held

    @property
    def done(self) -> bool:
        """Whether all was read and left behind."""
        return self.ended and not self.rest and not self.rows

    @property
    def ready(self) -> bool:
        """Whether there is a row, and behind it enough to look ahead, or the end."""
        return len(self.rows) > AHEAD or (bool(self.rows) and self.ended and not self.rest)

    def refill(self) -> None:
        """Read on when there is too little to look ahead."""
        if len(self.rows) <= AHEAD and not (self.ended and not self.rest):
            self.parse(self.block())

    def parse(self, block: bytes) -> None:
        """Take whole rows in; how they are written is seen at the first."""
        if self.dialect is None:
            self.dialect = dialect_of(block[: 2 * SAMPLE_CHARACTERS].decode("utf-8-sig", "replace"))
        self.rows.extend(rows_of(_lines(block), self.dialect))

    def take(self) -> list[str]:
        self.number += 1
        return self.rows.popleft()

    def count_odd(self, row: Sequence[str]) -> None:
        self.digest = (self.digest + hash(tuple(cell_key(cell) for cell in row))) & _MASK


def compare_streams(published: BinaryIO, reproduced: BinaryIO, rules: TableRules) -> TableFound | None:
    """Compare two tables of separated values in order of their rows; None when one cannot be read as a table."""
    a, b = _Side(published), _Side(reproduced)
    walk = _Walk(a, b, rules)
    try:
        walk.run()
    except (csv.Error, TooLong):
        return None
    return walk.found


class _Walk:
    def __init__(self, a: _Side, b: _Side, rules: TableRules) -> None:
        self._a, self._b, self._rules = a, b, rules
        self.found = TableFound()
        self._header: list[str] = []
        self._width = 1
        self._run = 0
        """How many rows in a row were taken for changed ones."""

    def run(self) -> None:
        a, b = self._a, self._b
        while not (a.done and b.done):
            if a.rows or b.rows or not a.number:
                a.refill()
                b.refill()
            elif (before := a.block()) == (after := b.block()):
                self._skip(before)
            else:
                a.parse(before)
                b.parse(after)
            self._compare()
        self._conclude()

    def _skip(self, block: bytes) -> None:
        rows = (
            block.count(b"\n")
            if b'"' not in block
            else sum(1 for _ in rows_of(_lines(block), self._a.dialect or Dialect(",")))
        )
        self._a.number += rows
        self._b.number += rows
        self.found.cells += rows * max(1, self._width)

    def _compare(self) -> None:
        a, b = self._a, self._b
        while a.ready and b.ready:
            self._step()
        if a.rows == b.rows:
            while a.rows:
                self._step()
        while a.rows and b.done:
            self._missing()
        while b.rows and a.done:
            self._new()

    def _step(self) -> None:
        a, b = self._a, self._b
        before, after = a.rows[0], b.rows[0]
        if not a.number:
            self._header, self._width = before if is_header(before) else [], len(before)
        if before == after:
            self._run = 0
            self.found.cells += len(before)
            a.take()
            b.take()
            return
        count = self._changed(before, after)
        few = count * 2 < max(len(before), len(after)) and self._run < _RUN and not self._shifted()
        if not count or few or not self._resync():
            self._run += bool(count)
            self._pair(a.take(), b.take(), count)

    def _shifted(self) -> bool:
        """Return whether one side's next row is the other's row."""
        a, b = self._a.rows, self._b.rows
        return (len(a) > 1 and a[1] == b[0]) or (len(b) > 1 and b[1] == a[0])

    def _changed(self, before: Sequence[str], after: Sequence[str]) -> int:
        pairs = zip_longest(before, after, fillvalue="")
        tolerance = self._rules.tolerance
        return sum(x != y and not same_cell(x, y, tolerance, printed=self._rules.printed) for x, y in pairs)

    def _resync(self) -> bool:
        """Leave rows behind that only one side has, when the other side's row comes soon."""
        a, b = self._a, self._b
        ahead = zip_longest(range(1, min(AHEAD, len(a.rows))), range(1, min(AHEAD, len(b.rows))))
        for i, k in ahead:
            if k is not None and b.rows[k] == a.rows[0]:
                for _ in range(k):
                    self._new()
                return True
            if i is not None and a.rows[i] == b.rows[0]:
                for _ in range(i):
                    self._missing()
                return True
        return False

    def _pair(self, before: list[str], after: list[str], count: int) -> None:
        self.found.cells += max(len(before), len(after))
        if not count:
            self.found.ignored_count += 1
            return
        self._a.count_odd(before)
        self._b.count_odd(after)
        self.found.changed += count
        for column, (x, y) in enumerate(zip_longest(before, after, fillvalue="")):
            if len(self.found.changes) >= CHANGES_KEPT:
                return
            if not same_cell(x, y, self._rules.tolerance, printed=self._rules.printed):
                place = f"row {self._b.number:,}, {self._column(column)}"
                self.found.changes.append(Change(place, x.strip()[:1000], y.strip()[:1000]))

    def _column(self, at: int) -> str:
        name = self._header[at].strip()[:60] if at < len(self._header) else ""
        return f"column “{name}”" if name else f"column {at + 1}"

    def _missing(self) -> None:
        self._alone(self._a)
        self.found.rows_missing += 1

    def _new(self) -> None:
        self._alone(self._b)
        self.found.rows_new += 1

    def _alone(self, side: _Side) -> None:
        row = side.take()
        side.count_odd(row)
        self.found.cells += len(row)
        if len(self.found.row_changes) < CHANGES_KEPT:
            shown = ", ".join(cell[:40] for cell in row[:12]) or "(empty)"
            sides = (shown, "") if side is self._a else ("", shown)
            self.found.row_changes.append(Change(f"row {side.number:,}", *sides))

    def _conclude(self) -> None:
        found, a, b = self.found, self._a, self._b
        head = 1 if self._header else 0
        found.rows = (a.number - head, b.number - head)
        if not found.same and a.number == b.number and a.digest == b.digest:
            moved = max(found.rows_moved, found.changed, found.rows_missing)
            found.changed, found.rows_missing, found.rows_new = 0, 0, 0
            found.changes, found.row_changes = [], []
            if self._rules.any_order:
                found.ignored_count += moved
            else:
                found.rows_moved = moved


def _lines(block: bytes) -> Iterable[str]:
    # bytes that are no UTF-8 stay apart: é and è of an older encoding are not the same
    return io.StringIO(block.decode("utf-8-sig", "backslashreplace").replace("\0", ""), newline="")
