"""Reads tables of separated values (CSV, TSV and their kin); the content says how they are written."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erc.workers.checker.domain.tabular.table import Table, with_header

SAMPLE_CHARACTERS = 64_000
FIELD_CHARACTERS = 1 << 20
"""The largest cell that is read."""
_SAMPLE_ROWS = 60
_DECIMAL_COMMA = re.compile(r"[-+]?\d{1,30},\d{1,30}(?:[eE][-+]?\d{1,4})?")
_DECIMAL_POINT = re.compile(r"[-+]?\d{1,30}\.\d{1,30}")


@dataclass(frozen=True)
class Dialect:
    """How a table is written: what parts its cells, and whether numbers have a decimal comma."""

    delimiter: str
    comma: bool = False
    regular: bool = True
    """Whether nearly all rows of the sample have equally many cells, two at least."""


def dialect_of(sample: str) -> Dialect:
    """Return how the start of a text would be written if it were a table."""
    lines = list(io.StringIO(sample[:SAMPLE_CHARACTERS], newline=""))
    if len(sample) >= SAMPLE_CHARACTERS:
        lines = lines[:-1]
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    best = max((_tried(lines, delimiter) for delimiter in ",;\t|"), key=lambda one: one[0], default=None)
    if best is None or best[0] <= (0.0, 0):
        return Dialect(",", regular=False)
    (share, _), delimiter, rows = best
    comma = delimiter != "," and _has_decimal_commas(rows)
    return Dialect(delimiter, comma, share >= 0.9)


def _tried(lines: Sequence[str], delimiter: str) -> tuple[tuple[float, int], str, list[list[str]]]:
    try:
        rows = [row for row, _ in zip(csv.reader(lines, delimiter=delimiter), range(_SAMPLE_ROWS), strict=False) if row]
    except csv.Error:
        rows = []
    widths = Counter(len(row) for row in rows)
    if not widths:
        return (0.0, 0), delimiter, rows
    width, count = widths.most_common(1)[0]
    nameless = len(rows) > 1 and len(rows[0]) == width - 1  # R leaves the name of the row names out
    near = count + (0.9 if nameless else 0)
    return ((near / len(rows), width) if width > 1 else (0.0, 0)), delimiter, rows


def _has_decimal_commas(rows: Iterable[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    return any(map(_DECIMAL_COMMA.fullmatch, cells)) and not any(map(_DECIMAL_POINT.fullmatch, cells))


def rows_of(lines: Iterable[str], dialect: Dialect) -> Iterable[list[str]]:
    """Return the rows that hold anything; raises csv.Error for a cell without end."""
    csv.field_size_limit(FIELD_CHARACTERS)
    rows = (row for row in csv.reader(lines, delimiter=dialect.delimiter) if row)
    return map(_with_points, rows) if dialect.comma else rows


def _with_points(row: list[str]) -> list[str]:
    return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell for cell in row]


def read_separated(text: str, dialect: Dialect) -> tuple[list[str], Table]:
    """Return the comment lines at the top, and the table; raises csv.Error."""
    lines = list(io.StringIO(text, newline=""))
    comments = 0
    while comments < len(lines) and lines[comments].startswith("#") and comments < 1000:
        comments += 1
    rows = list(rows_of(lines[comments:], dialect))
    return [line.strip() for line in lines[:comments]], with_header(rows)


def is_separated(text: str, *, named: bool) -> bool:
    """Return whether a text is a table; one whose name says so may have a single column."""
    sample = text[:SAMPLE_CHARACTERS]
    if named:
        return True
    return dialect_of(sample).regular and sample.count("\n") > 1 and not sample.lstrip().startswith(("<", "{", "["))
