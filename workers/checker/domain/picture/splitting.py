"""Splits a piece of ink in which letters touch, where its parts look most like letters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from erc.workers.checker.domain.picture.glyphs import Glyph, read, shape

_STEP = 0.07
_NARROWEST, _WIDEST = 0.16, 1.1
"""Letters' widths, in heights."""
_LETTER = 0.015
"""What each further letter costs."""
_COLUMNS = 120
"""Longer pieces are split in coarser steps."""


def letters_in(image: Image.Image, box: list[int], high: float, least: float) -> list[list[int]]:
    """Return the boxes of the letters of a box of a line's ink (0 to 255); `high` is how high its letters are."""
    left, top, right, bottom = box
    inked = np.asarray(image)[top:bottom, left:right] > least
    places = _places(right - left, high)
    tops, bottoms = _reach(inked)
    found: dict[tuple[int, int], list[int]] = {}
    for i, start in enumerate(places):
        lowest, highest = np.maximum.accumulate(bottoms[start:]), np.minimum.accumulate(tops[start:])
        for k in range(i + 1, len(places)):
            wide = places[k] - start
            if wide > _WIDEST * high and k > i + 1:
                break
            low, up = int(lowest[wide - 1]), int(highest[wide - 1])
            if wide >= _NARROWEST * high and low > up:
                found[i, k] = [left + start, top + up, left + places[k], top + low]
    if not found:
        return [box]
    costs = read([Glyph(*shape(image, (b[0], b[1], b[2], b[3])), 0.0, 1.0) for b in found.values()])[1]
    return _cheapest(found, costs.tolist(), len(places)) or [box]


def _places(wide: int, high: float) -> list[int]:
    step = max(2.0, _STEP * high, wide / _COLUMNS)
    return [int(at) for at in np.unique(np.linspace(0, wide, max(2, round(wide / step) + 1)).round().astype(int))]


def _reach(inked: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the ink of each column begins and ends; in one without, the end lies before the begin."""
    rows = np.arange(len(inked))[:, None]
    return np.where(inked, rows, len(inked)).min(0), np.where(inked, rows + 1, 0).max(0)


def _cheapest(found: dict[tuple[int, int], list[int]], costs: list[float], count: int) -> list[list[int]]:
    total = [0.0] + [float("inf")] * (count - 1)
    back: list[tuple[int, int] | None] = [None] * count
    for (i, k), cost in sorted(zip(found, costs, strict=True)):
        if total[i] + cost + _LETTER < total[k]:
            total[k], back[k] = total[i] + cost + _LETTER, (i, k)
    boxes = []
    at = back[-1]
    while at is not None:
        boxes.append(found[at])
        at = back[at[0]]
    return boxes[::-1]
