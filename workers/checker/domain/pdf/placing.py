"""Says whether the words of a page that are equal as words stand elsewhere, are unseen, or changed their colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from erc.workers.checker.domain.picture.bitmap import Pixels

Box = tuple[int, int, int, int]
_FAR = 0.1
"""How far words may move beside a drawing that stands still, as a share of a side."""
_INK = 40
"""How much darker than white a pixel is that belongs to a letter."""
_FEWEST = 4
_LEVELS = 64


def odd_words(one: Pixels, other: Pixels, before: Sequence[Box], after: Sequence[Box]) -> str:
    """Return what a reader would take for content, to follow the page's name in a sentence; nothing when there is none.

    Both pictures have one size, and their words are the same; where these are parted in another way nothing is said.
    """
    if len(before) != len(after):
        return ""
    high, wide = one.shape[:2]
    far = sum(_moved(x, y, wide, high) > _FAR for x, y in zip(before, after, strict=True))
    if far:
        return f"has words at another place beside the same drawing, {far:,} of {len(before):,} pieces"
    cells = [list(_cells(box)) for box in before], [list(_cells(box)) for box in after]
    if list(map(len, cells[0])) != list(map(len, cells[1])):
        return ""
    colours = [
        [_colour(pixels, cell) for box in side for cell in box]
        for pixels, side in zip((one, other), cells, strict=True)
    ]
    unseen = sum((x is None) != (y is None) for x, y in zip(*colours, strict=True))
    if unseen:
        return f"shows {unseen:,} of {len(colours[0]):,} pieces of its words in one of both only"
    if Counter(colours[0]) == Counter(colours[1]) and colours[0] != colours[1]:
        return "has words whose colours changed places"
    return ""


def _moved(x: Box, y: Box, wide: int, high: int) -> float:
    """Return how far a box moved: by its nearer end, for another font is longer or shorter."""
    across = min(abs(x[0] - y[0]), abs(x[2] - y[2]), abs(x[0] + x[2] - y[0] - y[2]) // 2)
    down = min(abs(x[1] - y[1]), abs(x[3] - y[3]))
    return max(across / wide, down / high)


def _cells(box: Box) -> Iterator[Box]:
    """Cut a box into pieces about as wide as high: what stands in one line may have several colours."""
    left, top, right, bottom = box
    count = min(200, max(1, round((right - left) / max(4, bottom - top))))
    sides = [left + (right - left) * at // count for at in range(count + 1)]
    return ((start, top, end, bottom) for start, end in pairwise(sides))


def _colour(pixels: Pixels, box: Box) -> tuple[int, ...] | None:
    """Return the colour of a box's letters, coarsely; None when it shows none."""
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right].reshape(-1, 3).astype(np.int16)
    inked = part[(255 - part).max(axis=1) > _INK]
    if len(inked) < _FEWEST:
        return None
    darkest = inked[np.argsort(inked.sum(axis=1))[: max(_FEWEST, len(inked) // 5)]]
    return tuple(int(one) // _LEVELS for one in np.median(darkest, axis=0))
