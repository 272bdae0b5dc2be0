"""Compares two tables and says what differs in the words of somebody who reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from erc.workers.checker.domain.result import CHANGES_KEPT, Change, number
from erc.workers.checker.domain.tabular.cells import cell_key, number_in, same_cell, why_same
from erc.workers.checker.domain.tabular.columns import Columns, column_name, match_columns
from erc.workers.checker.domain.tabular.row_pairs import RowPairs, pair_rows
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.table import Table
from erc.workers.checker.domain.texts import became, excerpt
from erc.workers.checker.domain.volatile import tells_the_run


@dataclass
class TableFound:
    """What differs between two tables: the first changes, all counts, and what does not count."""

    cells: int = 0
    changed: int = 0
    rows: tuple[int, int] = (0, 0)
    """How many rows the published and the reproduced table have, their headers not counted."""
    row_changes: list[Change] = field(default_factory=list)
    rows_missing: int = 0
    rows_new: int = 0
    rows_moved: int = 0
    columns: list[Change] = field(default_factory=list)
    columns_moved: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    ignored: list[Change] = field(default_factory=list)
    ignored_count: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing that counts differs."""
        structure = self.columns or self.columns_moved or self.rows_moved or self.rows_missing or self.rows_new
        return not self.changed and not structure

    @property
    def measure(self) -> float:
        """The share of cells that differ or stand on one side only, 0 to 1."""
        if self.same:
            return 0.0
        lines = (self.rows_missing + self.rows_new) / max(1, *self.rows)
        return min(1.0, max(self.changed / max(1, self.cells), lines))

    @property
    def all_changes(self) -> list[Change]:
        """The first changes to be shown: columns, rows, cells."""
        return [*self.columns, *self.changes, *self.row_changes][:CHANGES_KEPT]

    @property
    def change_count(self) -> int:
        """How many changes there are in all."""
        return self.changed + self.rows_missing + self.rows_new + len(self.columns)


def compare_table(a: Table, b: Table, rules: TableRules) -> TableFound:
    """Compare two tables that are held in memory."""
    found = TableFound(rows=(len(a.rows), len(b.rows)))
    columns = match_columns(a, b, rules)
    _tell_columns(a, b, columns, found, rules)
    keys_a = [tuple(cell_key(_cell(row, i)) for i, _ in columns.pairs) for row in a.rows]
    keys_b = [tuple(cell_key(_cell(row, k)) for _, k in columns.pairs) for row in b.rows]
    rows = pair_rows(keys_a, keys_b, _key_places(a, columns, rules))
    found.cells = max(len(a.rows), len(b.rows)) * max(1, len(columns.pairs))
    _compare_cells(a, b, columns, rows, rules, found)
    _tell_rows(a, b, rows, found, rules)
    return found


def finding(found: TableFound) -> str:
    """Return what differs, to follow the table's name in a sentence; no full stop."""
    parts = [*_about_columns(found), *_about_rows(found)]
    if found.changed:
        first = found.changes[0]
        parts.append(
            f"differs in {found.changed:,} of {number(found.cells, 'cell')}, first in {first.place}: {became(first)}"
        )
    return " and ".join(parts)


def _about_columns(found: TableFound) -> list[str]:
    parts = []
    if found.columns:
        first = found.columns[0]
        more = f" ({len(found.columns) - 1:,} more columns changed)" if len(found.columns) > 1 else ""
        if not first.reproduced:
            parts.append(f"lacks {first.place}{more}")
        elif not first.published:
            parts.append(f"has the new {first.place}{more}")
        else:
            parts.append(f"names {first.place} “{excerpt(first.reproduced)}” now{more}")
    if found.columns_moved:
        parts.append("has its columns in another order")
    return parts


def _about_rows(found: TableFound) -> list[str]:
    parts = []
    published, reproduced = found.rows
    if published != reproduced:
        parts.append(f"has {number(reproduced, 'row')}, the published one has {published:,}")
    if found.rows_missing or found.rows_new:
        first = found.row_changes[0]
        verb = f"has a new {first.place}" if first.reproduced else f"lacks {first.place}"
        more = found.rows_missing + found.rows_new - 1
        others = f" and {number(more, 'further row')} on one side only" if more else ""
        parts.append(f"{verb} (“{excerpt(first.published or first.reproduced)}”){others}")
    if found.rows_moved:
        whole = not (found.changed or found.rows_missing or found.rows_new)
        parts.append("holds the same rows in another order" if whole else f"has {found.rows_moved:,} rows elsewhere")
    return parts


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _key_places(a: Table, columns: Columns, rules: TableRules) -> list[int]:
    names = [a.columns[i].strip() if i < len(a.columns) else "" for i, _ in columns.pairs]
    return [names.index(name) for name in rules.key if name in names]


def _tell_columns(a: Table, b: Table, columns: Columns, found: TableFound, rules: TableRules) -> None:
    found.columns = [
        *(Change(column_name(a, i), _shown(a.columns[i : i + 1]) or "a column", "") for i in columns.missing),
        *(Change(column_name(b, k), "", _shown(b.columns[k : k + 1]) or "a column") for k in columns.new),
        *(
            Change(column_name(a, i), a.columns[i] or "(no name)", b.columns[k] or "(no name)")
            for i, k in columns.renamed
        ),
    ]
    if bool(a.columns) != bool(b.columns):
        found.columns.insert(0, Change("header row", _header(a), _header(b)))
    if rules.any_order:
        found.ignored += [Change(name, "", "", "any order is allowed") for name in columns.moved]
    else:
        found.columns_moved = columns.moved
    found.ignored += [Change(name, "", "", rule) for name, rule in columns.left_out]
    found.ignored_count = len(found.ignored)


def _header(table: Table) -> str:
    return _shown(table.columns) if table.columns else ""


def _compare_cells(a: Table, b: Table, columns: Columns, rows: RowPairs, rules: TableRules, found: TableFound) -> None:
    for i, k in rows.changed:
        for x, y in columns.pairs:
            published, reproduced = _cell(a.rows[i], x), _cell(b.rows[k], y)
            if published == reproduced:
                continue
            if same_cell(published, reproduced, rules.tolerance, printed=rules.printed):
                rule = why_same(published, reproduced, printed=rules.printed)
                _ignore(found, Change(_place(a, i, x), published, reproduced, rule))
                continue
            if rules.printed and x and y and _tells_the_run(a.rows[i], x) and _tells_the_run(b.rows[k], y):
                _ignore(found, Change(_place(a, i, x), published, reproduced, "date of the run"))
                continue
            found.changed += 1
            if len(found.changes) < CHANGES_KEPT:
                found.changes.append(Change(_place(a, i, x), published.strip(), reproduced.strip()))


def _tells_the_run(row: Sequence[str], at: int) -> bool:
    return tells_the_run(_cell(row, at - 1), _cell(row, at))


def _ignore(found: TableFound, change: Change) -> None:
    found.ignored_count += 1
    if len(found.ignored) < CHANGES_KEPT:
        found.ignored.append(change)


def _tell_rows(a: Table, b: Table, rows: RowPairs, found: TableFound, rules: TableRules) -> None:
    found.rows_missing, found.rows_new = len(rows.missing), len(rows.new)
    gone = [Change(row_name(a, i), _shown(a.rows[i]), "") for i in rows.missing[:CHANGES_KEPT]]
    came = [Change(row_name(b, k), "", _shown(b.rows[k])) for k in rows.new[:CHANGES_KEPT]]
    found.row_changes = gone + came
    if rules.any_order and rows.moved:
        found.ignored_count += len(rows.moved)
        i, k = rows.moved[0]
        found.ignored.append(Change(row_name(a, i), str(i + 1), str(k + 1), "any order is allowed"))
    elif not rules.any_order:
        found.rows_moved = len(rows.moved)


def row_name(table: Table, at: int) -> str:
    """Return how a reader would call a row: by its number, and by its first cell when that is a word."""
    first = next((cell.strip() for cell in table.rows[at][:2] if cell.strip()), "")
    label = f" “{excerpt(first, 40)}”" if first and number_in(first) is None else ""
    return f"row {at + table.first_row:,}{label}"


def _place(table: Table, row: int, column: int) -> str:
    return f"{row_name(table, row)}, {column_name(table, column)}"


def _shown(cells: Sequence[str]) -> str:
    return ", ".join(excerpt(cell, 40) for cell in cells[:12]) or "(empty)"
