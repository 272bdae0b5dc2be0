"""Says which row of one table answers to which of the other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.matching import in_order

Row = tuple[str, ...]
"""The keys of a row's cells, in the order of the compared columns."""
Name = Callable[[int], Hashable]
"""Returns that by which the row at a place is known."""


@dataclass
class RowPairs:
    """Pairs of places: of equal rows, of rows that differ; the places of rows that only one table has; what moved."""

    equal: list[tuple[int, int]] = field(default_factory=list)
    changed: list[tuple[int, int]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    """Pairs that stand at another place among the others; they are in `equal` or `changed` too."""


def pair_rows(a: Sequence[Row], b: Sequence[Row], key: Sequence[int]) -> RowPairs:
    """Pair rows: equal ones in order, equal ones elsewhere, those with the same key, and the rest by likeness.

    `key` holds the places of the cells by which a row is known; without it, the first column serves when its values
    are told apart by it on both sides.
    """
    found = RowPairs()
    gaps = _equal_in_order(a, b, found)
    rest_a = [i for gap in gaps for i in range(gap[0], gap[1])]
    rest_b = [k for gap in gaps for k in range(gap[2], gap[3])]
    elsewhere = _by(lambda i: a[i], lambda k: b[k], rest_a, rest_b)
    found.equal += elsewhere
    rest_a, rest_b = _without(elsewhere, rest_a, rest_b)
    columns = tuple(key) or _found_key(a, b)
    if columns:
        named = _by(lambda i: _cells(a[i], columns), lambda k: _cells(b[k], columns), rest_a, rest_b)
        found.changed += named
        rest_a, rest_b = _without(named, rest_a, rest_b)
    if key:
        found.missing, found.new = rest_a, rest_b
    else:
        _by_likeness(a, b, gaps, (set(rest_a), set(rest_b)), found)
    found.changed.sort()
    found.moved = _out_of_order([*found.equal, *found.changed])
    return found


def _equal_in_order(a: Sequence[Row], b: Sequence[Row], found: RowPairs) -> list[tuple[int, int, int, int]]:
    numbers: dict[Row, str] = {}
    for row in (*a, *b):
        numbers.setdefault(row, str(len(numbers)))
    gaps = differing([numbers[row] for row in a], [numbers[row] for row in b])
    i = k = 0
    for gap in [*gaps, (len(a), len(a), len(b), len(b))]:
        found.equal += [(i + step, k + step) for step in range(gap[0] - i)]
        i, k = gap[1], gap[3]
    return gaps


def _by(name_a: Name, name_b: Name, rest_a: Iterable[int], rest_b: Iterable[int]) -> list[tuple[int, int]]:
    """Pair what has the same name, each once, in order."""
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    for k in rest_b:
        waiting[name_b(k)].append(k)
    pairs = []
    for i in rest_a:
        others = waiting.get(name_a(i))
        if others:
            pairs.append((i, others.popleft()))
    return pairs


def _without(pairs: list[tuple[int, int]], rest_a: list[int], rest_b: list[int]) -> tuple[list[int], list[int]]:
    left, right = {i for i, _ in pairs}, {k for _, k in pairs}
    return [i for i in rest_a if i not in left], [k for k in rest_b if k not in right]


def _cells(row: Row, places: Sequence[int]) -> tuple[str, ...]:
    return tuple(row[at] if at < len(row) else "" for at in places)


def _found_key(a: Sequence[Row], b: Sequence[Row]) -> tuple[int, ...]:
    """Return the first column when it names each row of both tables and is no measured number."""
    if not a or not b:
        return ()
    first_a, first_b = [row[:1] for row in a], [row[:1] for row in b]
    if len(set(first_a)) < len(a) or len(set(first_b)) < len(b):
        return ()
    measured = any("." in cell for row in first_a[:100] for cell in row if cell.startswith("\0"))
    shared = len(set(first_a) & set(first_b))
    return (0,) if not measured and 2 * shared >= min(len(a), len(b)) else ()


def _by_likeness(
    a: Sequence[Row],
    b: Sequence[Row],
    gaps: Sequence[tuple[int, int, int, int]],
    rest: tuple[set[int], set[int]],
    found: RowPairs,
) -> None:
    for i, j, k, m in gaps:
        before = [at for at in range(i, j) if at in rest[0]]
        after = [at for at in range(k, m) if at in rest[1]]
        for x, y in in_order([_named_cells(a[at]) for at in before], [_named_cells(b[at]) for at in after]):
            if x is None and y is not None:
                found.new.append(after[y])
            elif y is None and x is not None:
                found.missing.append(before[x])
            elif x is not None and y is not None:
                found.changed.append((before[x], after[y]))


def _named_cells(row: Row) -> list[str]:
    return [f"{at}\0{cell}" for at, cell in enumerate(row)]


def _out_of_order(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs that are not on the longest run that rises on both sides."""
    pairs = sorted(pairs)
    reproduced = [k for _, k in pairs]
    if all(x < y for x, y in pairwise(reproduced)):
        return []
    spans = differing([str(k) for k in reproduced], [str(k) for k in sorted(reproduced)])
    return [pairs[at] for i, j, _, _ in spans for at in range(i, j)]
