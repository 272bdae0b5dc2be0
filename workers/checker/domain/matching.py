"""Pairs the items of two short runs that are alike, in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest

_PAIRS = 2_500
_LEAST = 0.35
"""How alike two items must be to be taken for one that changed: the share of their parts that both have."""

Pairing = tuple[int | None, int | None]


def in_order(a: Sequence[Collection[str]], b: Sequence[Collection[str]]) -> list[Pairing]:
    """Return pairs of indices, rising on both sides; None stands for nothing on that side.

    Runs of equal length are paired one by one; of others the most alike are chosen when the runs are short.
    """
    if len(a) == len(b) or len(a) * len(b) > _PAIRS:
        return list(zip_longest(range(len(a)), range(len(b))))
    best = _scores(a, b)
    i, k, paired = 0, 0, list[Pairing]()
    while i < len(a) and k < len(b):
        if best[i][k] == best[i + 1][k]:
            paired.append((i, None))
            i += 1
        elif best[i][k] == best[i][k + 1]:
            paired.append((None, k))
            k += 1
        else:
            paired.append((i, k))
            i, k = i + 1, k + 1
    paired += [(at, None) for at in range(i, len(a))]
    return paired + [(None, at) for at in range(k, len(b))]


def _scores(a: Sequence[Collection[str]], b: Sequence[Collection[str]]) -> list[list[float]]:
    """Return for each place what the best pairing of all that follows is worth."""
    sets = [frozenset(one) for one in a], [frozenset(one) for one in b]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for k in range(len(b) - 1, -1, -1):
            alike = _alike(sets[0][i], sets[1][k])
            taken = alike + best[i + 1][k + 1] if alike >= _LEAST else 0.0
            best[i][k] = max(best[i + 1][k], best[i][k + 1], taken)
    return best


def _alike(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))
