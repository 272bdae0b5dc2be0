"""Says which column of one table answers to which of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.globs import matches
from erc.workers.checker.domain.tabular.cells import cell_key
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.table import Table, index_start

_COMPARED = 1000
"""How many rows are looked at to find a column with another name again."""


@dataclass
class Columns:
    """The columns of two tables: pairs of places, and the places of those that only one table has."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    renamed: list[tuple[int, int]] = field(default_factory=list)
    """Pairs whose names differ; they are among `pairs` too."""
    moved: list[str] = field(default_factory=list)
    """Names of columns that stand at another place among the others."""
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Names of columns that are not compared, with the rule."""


def match_columns(a: Table, b: Table, rules: TableRules) -> Columns:
    """Pair columns by name where both tables have a header, else by place."""
    found = Columns()
    if a.columns and b.columns:
        _by_name(a, b, found)
    else:
        shared = min(a.width, b.width)
        found.pairs = [(at, at) for at in range(shared)]
        found.missing, found.new = list(range(shared, a.width)), list(range(shared, b.width))
    _leave_out(a, b, rules, found)
    return found


def column_name(table: Table, at: int) -> str:
    """Return how a reader would call a column."""
    name = table.columns[at].strip() if at < len(table.columns) else ""
    return f"column “{name[:60]}”" if name else f"column {at + 1}"


def _by_name(a: Table, b: Table, found: Columns) -> None:
    before, after = _named(a), _named(b)
    places = {name: at for at, name in enumerate(after)}
    found.pairs = [(at, places[name]) for at, name in enumerate(before) if name in places]
    taken = {k for _, k in found.pairs}
    found.missing = [at for at, name in enumerate(before) if name not in places]
    found.new = [at for at in range(len(after)) if at not in taken]
    _find_renamed(a, b, found)
    order = [k for _, k in found.pairs]
    straight = [str(k) for k in sorted(order)]
    spans = differing([str(k) for k in order], straight)
    found.moved = [after[order[at]] for i, j, _, _ in spans for at in range(i, j)]


def _named(table: Table) -> list[str]:
    """Return the names of all columns; one that comes again is told apart by its number."""
    seen: Counter[str] = Counter()
    names = []
    for at in range(table.width):
        name = table.columns[at].strip() if at < len(table.columns) else f"\0{at}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _find_renamed(a: Table, b: Table, found: Columns) -> None:
    free = {_values(b, k): k for k in reversed(found.new)}
    for i in list(found.missing):
        k = free.pop(_values(a, i), None)
        if k is None and len(found.missing) == len(found.new) == 1 and a.width == b.width and i == found.new[0]:
            k = i
        if k is not None:
            found.missing.remove(i)
            found.new.remove(k)
            found.renamed.append((i, k))
    found.pairs = sorted([*found.pairs, *found.renamed])


def _values(table: Table, at: int) -> tuple[str, ...]:
    return tuple(cell_key(cell) for cell in cells_of(table, at, _COMPARED))


def cells_of(table: Table, at: int, most: int | None = None) -> list[str]:
    """Return the cells of a column, at most so many."""
    rows: Sequence[tuple[str, ...]] = table.rows if most is None else table.rows[:most]
    return [row[at] if at < len(row) else "" for row in rows]


def _leave_out(a: Table, b: Table, rules: TableRules, found: Columns) -> None:
    counts_a, counts_b = _counts(a), _counts(b)
    alone = counts_a is None or counts_b is None
    for table, listed in ((a, found.missing), (b, found.new)):
        for at in list(listed):
            rule = _ignored(table, at, rules)
            if rule or (alone and at == 0 and _counts(table) is not None):
                listed.remove(at)
                found.left_out.append((column_name(table, at), rule or "column that counts the rows"))
    for i, k in list(found.pairs):
        rule = _ignored(a, i, rules) or _ignored(b, k, rules)
        if rule or (i == k == 0 and counts_a is not None and counts_a == counts_b):
            found.pairs.remove((i, k))
            found.left_out.append((column_name(a, i), rule or "column that counts the rows"))


def _counts(table: Table) -> int | None:
    """Return from where the first column counts the rows, None when it does not."""
    return index_start(table.columns[0], cells_of(table, 0)) if table.columns and table.width > 1 else None


def _ignored(table: Table, at: int, rules: TableRules) -> str:
    name = table.columns[at].strip() if at < len(table.columns) else str(at + 1)
    named = next((pattern for pattern in rules.ignore_columns if matches(pattern, name)), None)
    return f"erc.yml ignores “{named}”" if named is not None else ""
