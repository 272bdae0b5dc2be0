"""Compares the tables of two documents, each with the one that answers to it."""

from __future__ import annotations

from collections.abc import Sequence

from erc.schemas.check import Outcome
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.matching import in_order
from erc.workers.checker.domain.origins import NOWHERE, Trace
from erc.workers.checker.domain.result import Compared, Named
from erc.workers.checker.domain.shown_tables import ShownTable
from erc.workers.checker.domain.tabular.cells import cell_key
from erc.workers.checker.domain.tabular.compare import compare_table
from erc.workers.checker.domain.tabular.result import as_compared
from erc.workers.checker.domain.tabular.rules import TableRules

_CELLS_SEEN = 2000
Pair = tuple[ShownTable | None, ShownTable | None]


def compare_shown(published: Sequence[ShownTable], reproduced: Sequence[ShownTable], rules: TableRules) -> list[Named]:
    """Return a row for each table of the published document, and for each that only the reproduced one shows."""
    names_a, names_b = _names(published), _names(reproduced)
    rows = []
    for a, b in _pairs(published, reproduced):
        name = names_a[id(a)] if a is not None else names_b[id(b)]
        one = a or b
        trace = Trace(one.caption, cell=one.cell) if one is not None else NOWHERE
        rows.append(Named(name, name, _compare(a, b, rules), trace))
    return rows


def _names(tables: Sequence[ShownTable]) -> dict[int, str]:
    counts = {True: 0, False: 0}
    names = {}
    for one in tables:
        counts[one.printed] += 1
        names[id(one)] = one.name(counts[one.printed])
    return names


def _pairs(published: Sequence[ShownTable], reproduced: Sequence[ShownTable]) -> list[Pair]:
    """Pair tables in the order of the document: equal ones first, then those in between by likeness."""
    paired: list[Pair] = []
    i = k = 0
    for a_from, a_to, b_from, b_to in differing([_key(one) for one in published], [_key(one) for one in reproduced]):
        paired += zip(published[i:a_from], reproduced[k:b_from], strict=True)
        before, after = published[a_from:a_to], reproduced[b_from:b_to]
        for x, y in in_order([_cells(one) for one in before], [_cells(one) for one in after]):
            paired.append((None if x is None else before[x], None if y is None else after[y]))
        i, k = a_to, b_to
    paired += zip(published[i:], reproduced[k:], strict=True)
    return paired


def _key(one: ShownTable) -> str:
    return repr((one.table.columns, one.table.rows))


def _cells(one: ShownTable) -> set[str]:
    cells = [cell_key(cell) for row in one.table.rows for cell in row][:_CELLS_SEEN]
    return {*cells, *one.table.columns, f"\0caption {one.caption}", f"\0heading {one.heading}"}


def _compare(a: ShownTable | None, b: ShownTable | None, rules: TableRules) -> Compared:
    if b is None:
        finding = "is missing: the display that this run made does not show it"
        return Compared("table", Outcome.MISSING, finding, 1.0, _plain(a))
    if a is None:
        return Compared("table", Outcome.EXTRA, "is new: the published display does not show it", 1.0, None, _plain(b))
    if a is b or _key(a) == _key(b):
        return Compared("table", Outcome.IDENTICAL)
    return as_compared(compare_table(a.table, b.table, rules), _plain(a), _plain(b))


def _plain(one: ShownTable | None) -> bytes:
    """Return a table as tab-separated text, to be shown."""
    if one is None:
        return b""
    lines = [one.table.columns, *one.table.rows] if one.table.columns else one.table.rows
    return "\n".join("\t".join(line) for line in lines).encode("utf-8", "replace")
