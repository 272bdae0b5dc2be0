"""Compares two lines of words as wholes: one is stretched along its direction until it lies best on the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Pixels

Array = NDArray[np.float32]

_HEIGHT = 18
_WIDEST = 300
_STRAY = 0.06
"""What a step costs that stretches or shrinks."""
_WINDOW = 5
_BAND = 0.12


def apart(one: Pixels, other: Pixels) -> float:
    """Return how unlike two lines (ink, read from left to right) are where they are most so: 0 alike, 1 not at all.

    Both are stretched piece by piece, so letters that touch or stand closer do not matter; other fonts do.
    """
    a, b = _columns(one), _columns(other)
    if not len(a) or not len(b) or not 0.6 < len(a) / len(b) < 1.67:
        return 1.0
    cost = _costs(a, b)
    path = _path(cost)
    if not len(path):
        return 1.0
    along = cost[path[:, 0], path[:, 1]]
    smooth = ndimage.uniform_filter1d(along, _WINDOW, mode="nearest")
    return float(smooth.max())


def _columns(ink: Pixels) -> Array:
    """Return a line's columns, its height brought to `_HEIGHT`; each is weak to strong ink, 0 to 1."""
    if not ink.size:
        return np.zeros((0, _HEIGHT), dtype=np.float32)
    strong = max(40.0, float(np.percentile(ink, 99)))
    inked = np.clip(ink.astype(np.float32) / strong, 0, 1)
    rows, columns = np.flatnonzero(inked.max(1) > 0.5), np.flatnonzero(inked.max(0) > 0.5)
    if not len(rows) or not len(columns) or rows[-1] == rows[0]:
        return np.zeros((0, _HEIGHT), dtype=np.float32)
    part = inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    wide = max(2, min(_WIDEST, round(part.shape[1] * _HEIGHT / part.shape[0])))
    image = Image.fromarray(part).resize((wide, _HEIGHT), Image.Resampling.BICUBIC)
    smooth: Array = ndimage.gaussian_filter(np.asarray(image, dtype=np.float32), 0.7).T
    return smooth


def _costs(a: Array, b: Array) -> Array:
    """Return how unlike each two columns are, 0 to about 1: the share of their ink that does not meet."""
    met = np.zeros((len(a), len(b)), dtype=np.float32)
    for row in range(_HEIGHT):
        met += np.abs(a[:, row][:, None] - b[:, row][None, :])
    total = a.sum(1)[:, None] + b.sum(1)[None, :]
    found: Array = met / np.maximum(total, 0.35 * _HEIGHT)
    return found


def _path(cost: Array) -> NDArray[np.int64]:
    """Return the cheapest way through a table of costs; a step advances one or both sides by one, or one by two."""
    rows, columns = cost.shape
    total = np.full((rows, columns), np.inf, dtype=np.float32)
    back = np.zeros((rows, columns), dtype=np.int8)
    total[0, :3] = cost[0, :3]
    if rows > 1:
        total[1, 0] = cost[1, 0]
    places = np.arange(columns)
    room = max(8.0, _BAND * columns)
    for i in range(1, rows):
        straight, wide, high = (np.full(columns, np.inf, dtype=np.float32) for _ in range(3))
        straight[1:] = total[i - 1, :-1]
        wide[2:] = total[i - 1, :-2] + _STRAY + 0.5 * cost[i, 1:-1]
        if i > 1:
            high[1:] = total[i - 2, :-1] + _STRAY + 0.5 * cost[i - 1, 1:]
        ways = np.stack([straight, wide, high])
        best = ways.argmin(0)
        new = ways[best, places] + cost[i]
        new[np.abs(places - i * columns / rows) > room] = np.inf
        total[i] = np.minimum(total[i], new)
        back[i] = best
    return _walked(total, back)


def _walked(total: Array, back: NDArray[np.int8]) -> NDArray[np.int64]:
    rows, columns = total.shape
    ends = [(float(total[rows - 1, k]), rows - 1, k) for k in range(max(0, columns - 3), columns)]
    value, i, k = min(ends)
    if not np.isfinite(value):
        return np.zeros((0, 2), dtype=np.int64)
    path = [(i, k)]
    while i > 0 and k > 0 and not (i == 1 and k == 0):
        way = back[i, k]
        i, k = (i - 1, k - 1) if way == 0 else (i - 1, k - 2) if way == 1 else (i - 2, k - 1)
        path.append((i, k))
    return np.array(path[::-1], dtype=np.int64).clip(0)
