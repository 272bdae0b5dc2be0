"""Compares tables of separated values and workbooks."""

from __future__ import annotations

import csv
import io

from erc.schemas.check import Outcome
from erc.workers.checker.domain.passages import find_differences
from erc.workers.checker.domain.result import Change, Compared
from erc.workers.checker.domain.tabular.compare import TableFound, compare_table
from erc.workers.checker.domain.tabular.result import as_compared
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.separated import dialect_of, is_separated, read_separated
from erc.workers.checker.domain.tabular.streamed import compare_streams
from erc.workers.checker.domain.tabular.workbook import WorkbookError, read_workbook, unread_parts
from erc.workers.checker.domain.texts import decoded, excerpt
from erc.workers.checker.domain.tolerance import NONE

HELD_BYTES = 16 << 20
"""The largest table that is held in memory, where rows may be found again anywhere; larger ones are streamed."""
_NAMED = (".csv", ".tsv", ".tab")


def reads_separated(content: bytes, path: str) -> bool:
    """Return whether bytes are a table of separated values, or their name says so."""
    text = decoded(content[:100_000])
    return text is not None and is_separated(text, named=path.lower().endswith(_NAMED))


def compare_tables(published: bytes, reproduced: bytes, rules: TableRules = TableRules()) -> Compared | None:  # noqa: B008
    """Compare two tables of separated values; None when one cannot be read as a table."""
    if max(len(published), len(reproduced)) > HELD_BYTES:
        streamed = compare_streams(io.BytesIO(published), io.BytesIO(reproduced), rules)
        return None if streamed is None else as_compared(streamed, None, None)
    theirs, ours = decoded(published), decoded(reproduced)
    if theirs is None or ours is None:
        return None
    try:
        before, a = read_separated(theirs, dialect_of(theirs))
        after, b = read_separated(ours, dialect_of(ours))
    except csv.Error:
        return None
    found = compare_table(a, b, rules)
    comments = find_differences(before, after, NONE, ())
    found.columns += [Change("comment", one.published, one.reproduced) for one in comments.differences]
    found.ignored += [Change("comment", one.published, one.reproduced, one.rule) for one in comments.ignored]
    return as_compared(found, published, reproduced)


def compare_workbooks(published: bytes, reproduced: bytes, rules: TableRules = TableRules()) -> Compared:  # noqa: B008
    """Compare two workbooks sheet by sheet."""
    try:
        theirs, ours = read_workbook(published), read_workbook(reproduced)
        unread = unread_parts(published, reproduced)
    except WorkbookError as error:
        return Compared("table", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0, published, reproduced)
    total = TableFound()
    for name in dict.fromkeys([*theirs, *ours]):
        a, b = theirs.get(name), ours.get(name)
        if a is None or b is None:
            total.columns.append(Change(f"sheet “{name}”", name if a else "", name if b else ""))
        else:
            _add(total, compare_table(a, b, rules), name if len(theirs) > 1 else "")
    if list(theirs) != list(ours) and set(theirs) == set(ours) and not rules.any_order:
        total.columns.append(Change("order of the sheets", ", ".join(theirs), ", ".join(ours)))
    if unread and total.same:
        finding = f"agrees in its cells, but “{excerpt(unread[0])}” is not the same, and is not read"
        return Compared("table", Outcome.UNCOMPARED, finding, 1.0, published, reproduced)
    return as_compared(total, published, reproduced)


def _add(total: TableFound, found: TableFound, sheet: str) -> None:
    where = f"sheet “{sheet}”, " if sheet else ""
    total.cells += found.cells
    total.changed += found.changed
    total.rows = total.rows[0] + found.rows[0], total.rows[1] + found.rows[1]
    total.rows_missing += found.rows_missing
    total.rows_new += found.rows_new
    total.rows_moved += found.rows_moved
    total.columns_moved += found.columns_moved
    total.ignored_count += found.ignored_count
    for kept, added in (
        (total.columns, found.columns),
        (total.changes, found.changes),
        (total.row_changes, found.row_changes),
        (total.ignored, found.ignored),
    ):
        kept += [Change(where + one.place, one.published, one.reproduced, one.rule) for one in added]
