"""Finds where two sequences differ, in bounded time."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Span = tuple[int, int, int, int]
"""Where two sequences differ: items `a[i:j]` stand where the other has `b[k:l]`, as (i, j, k, l)."""

_GAP_PAIRS = 10_000
_ALL_PAIRS = 1_000_000


def differing(a: Sequence[str], b: Sequence[str]) -> list[Span]:
    """Return the spans that differ, in order; nothing when the sequences are equal.

    Items that occur once in both sequences are anchors; difflib, whose time can grow with the cube, only sees what
    lies between two anchors and only when that is small. Larger gaps are compared item by item.
    """
    spans: list[Span] = []
    left = _ALL_PAIRS
    for gap in _gaps(a, b):
        i, j, k, m = _trimmed(a, b, gap)
        pairs = (j - i) * (m - k)
        if pairs > min(_GAP_PAIRS, left):
            spans.extend(_item_by_item(a, b, (i, j, k, m)))
        elif pairs:
            left -= pairs
            spans.extend(_closely(a, b, (i, j, k, m)))
        elif j > i or m > k:
            spans.append((i, j, k, m))
    return spans


def _gaps(a: Sequence[str], b: Sequence[str]) -> Iterator[Span]:
    i, j, k, m = _trimmed(a, b, (0, len(a), 0, len(b)))
    for x, y in _anchors(a, b, (i, j, k, m)):
        yield i, x, k, y
        i, k = x + 1, y + 1
    yield i, j, k, m


def _trimmed(a: Sequence[str], b: Sequence[str], span: Span) -> Span:
    i, j, k, m = span
    while i < j and k < m and a[i] == b[k]:
        i, k = i + 1, k + 1
    while i < j and k < m and a[j - 1] == b[m - 1]:
        j, m = j - 1, m - 1
    return i, j, k, m


def _anchors(a: Sequence[str], b: Sequence[str], span: Span) -> list[tuple[int, int]]:
    """Return the longest run of pairs, rising in both, of items that occur once in each (patience sorting)."""
    i, j, k, m = span
    counts, others = Counter(a[i:j]), Counter(b[k:m])
    places = {b[y]: y for y in range(k, m) if others[b[y]] == 1}
    pairs = [(x, places[a[x]]) for x in range(i, j) if counts[a[x]] == 1 and a[x] in places]
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, y) in enumerate(pairs):
        pile = bisect_left(tops, y)
        before.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1], ends[pile : pile + 1] = [y], [index]
    chain = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _closely(a: Sequence[str], b: Sequence[str], span: Span) -> Iterator[Span]:
    i, j, k, m = span
    matcher = SequenceMatcher(None, a[i:j], b[k:m], autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag != "equal":
            yield i + a_from, i + a_to, k + b_from, k + b_to


def _item_by_item(a: Sequence[str], b: Sequence[str], span: Span) -> Iterator[Span]:
    i, j, k, m = span
    shorter = min(j - i, m - k)
    for step in range(shorter):
        if a[i + step] != b[k + step]:
            yield i + step, i + step + 1, k + step, k + step + 1
    if j - i != m - k:
        yield i + shorter, j, k + shorter, m
