"""Finds words that reach over the edge of a block: their letters inside belong to those outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]

_GAP = 0.5
"""Letters stand no further apart than this, in heights."""
_OVER = 0.5
"""So much of the lower one's height two neighbours share."""
_REACH = 12.0
"""So far into a block words may reach, in heights."""
_LINE = 100
"""Ink this strong between two letters is a frame's line, which no words cross."""
_KEPT = 400


def crossing(outer: list[Box], inner: list[Box], ink: NDArray[np.uint8], blocks: tuple[Box, ...]) -> tuple[Box, ...]:
    """Return the signs inside the blocks that stand in a row, or in a column, with signs outside."""
    sides = [max(box[2] - box[0], box[3] - box[1]) for box in outer]
    if not sides:
        return ()
    height = float(np.percentile([side for side in sides if side >= 3] or sides, 75))
    room = _REACH * height
    left = [box for box in inner if any(_near_edge(box, block, room) for block in blocks)][:_KEPT]
    row = [box for box in outer if any(_near_edge(box, block, 3 * height) for block in blocks)][:_KEPT]
    found: list[Box] = []
    while row and left:
        near = _near(np.array(left), np.array(row), height)
        joined = [
            box
            for box, others in zip(left, near, strict=True)
            if any(_neighbours(box, row[at], height, ink) for at in np.flatnonzero(others))
        ]
        left = [box for box in left if box not in joined]
        found += joined
        row = joined
    return tuple(found)


def brackets(outer: list[Box], strokes: list[Box], ink: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Return the strokes on a block's edge that have a sign right beside them: brackets and ones, no ticks."""
    return tuple(
        box
        for box in strokes[:_KEPT]
        if any(
            _beside(box, other, max(box[2] - box[0], box[3] - box[1]), ink, int(box[2] - box[0] > box[3] - box[1]))
            for other in outer[:_KEPT]
        )
    )


def _near_edge(box: Box, block: Box, room: float) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if not (block[0] - room <= x <= block[2] + room and block[1] - room <= y <= block[3] + room):
        return False
    return min(abs(x - block[0]), abs(x - block[2]), abs(y - block[1]), abs(y - block[3])) <= room


def _near(ones: NDArray[np.int64], others: NDArray[np.int64], height: float) -> NDArray[np.bool_]:
    """Return which boxes lie close enough to be neighbours: most do not, which need not be looked at one by one."""
    gaps = [
        np.maximum(ones[:, None, at] - others[None, :, at + 2], others[None, :, at] - ones[:, None, at + 2])
        for at in (0, 1)
    ]
    found: NDArray[np.bool_] = (np.maximum(*gaps) <= _GAP * height) & (np.minimum(*gaps) < 0)
    return found


def _neighbours(one: Box, other: Box, height: float, ink: NDArray[np.uint8]) -> bool:
    return _beside(one, other, height, ink, 0) or _beside(one, other, height, ink, 1)


def _beside(one: Box, other: Box, height: float, ink: NDArray[np.uint8], along: int) -> bool:
    """Return whether two signs are neighbours in a row (along 0) or a column (along 1), with nothing in between."""
    across = 1 - along
    gap = max(one[along] - other[along + 2], other[along] - one[along + 2])
    shared = min(one[across + 2], other[across + 2]) - max(one[across], other[across])
    low = min(one[across + 2] - one[across], other[across + 2] - other[across])
    if gap > _GAP * height or shared < _OVER * low:
        return False
    if gap <= 0:
        return True
    span = slice(min(one[along + 2], other[along + 2]), max(one[along], other[along]))
    rest = slice(max(one[across], other[across]), min(one[across + 2], other[across + 2]))
    between = ink[rest, span] if along == 0 else ink[span, rest].T
    return not bool(between.size and (between > _LINE).all(0).any())
