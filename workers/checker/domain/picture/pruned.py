"""Takes from a panel what its frame, its grid, its strip and an encoding's noise leave there: no marks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from erc.workers.checker.domain.picture.panels import Panel
from erc.workers.checker.domain.picture.parts import Box, Parts, Pixels, covers, grown

_LINE, _CROSSING = 2, 4
_GROUNDS = 6
_THIN, _LONG, _HUGGING = 6, 0.7, 3
_OUTLINE = 6
"""So far around a frame's line its ticks reach."""
_STRONG, _LARGE = 0.8, 16
_TINY = 6
ROUND = 3
"""So far beyond words what they draw may reach, where both pictures lie on one another nearly."""


def without_edges(panel: Panel, pixels: Pixels) -> Panel:
    """Return a panel without what lies along its sides: its frame, which one picture draws thicker or not at all.

    Lines where the ground of the strip that names it ends go as well.
    """
    left, top, right, bottom = panel.box
    long = _LONG * (right - left), _LONG * (bottom - top)

    def along(box: Box) -> bool:
        wide, high = box[2] - box[0], box[3] - box[1]
        if min(box[2] - left, right - box[0], box[3] - top, bottom - box[1]) <= _HUGGING:
            return True
        level = high <= _THIN and wide >= long[0]
        if level and (box[1] - top <= _THIN or bottom - box[3] <= _THIN or _ends_a_ground(pixels, box)):
            return True
        return wide <= _THIN and high >= long[1] and (box[0] - left <= _THIN or right - box[2] <= _THIN)

    return replace(panel, patches=[patch for patch in panel.patches if not along(patch.box)])


def _ends_a_ground(pixels: Pixels, line: Box) -> bool:
    """Return whether the ground above a level line is another than below it."""
    left, top, right, bottom = line
    if top < _HUGGING or bottom + _HUGGING > len(pixels):
        return False
    above, below = (np.median(pixels[at, left:right], axis=0) for at in (top - _HUGGING, bottom + _HUGGING - 1))
    return float(np.abs(above - below).max()) > _GROUNDS


def outlines(its: Parts) -> list[Box]:
    """Return where the lines of frames lie: a theme draws them or not."""
    found = []
    for left, top, right, bottom in its.blocks if its.framed else ():
        found += [(left, top, right, top), (left, bottom, right, bottom)]
        found += [(left, top, left, bottom), (right, top, right, bottom)]
    return [grown(box, _OUTLINE) for box in found]


def with_crossings(lines: list[Box]) -> list[Box]:
    """Return a grid's lines with what lies around where they cross."""
    upright = [box for box in lines if box[3] - box[1] > box[2] - box[0]]
    level = [box for box in lines if box[3] - box[1] <= box[2] - box[0]]
    return [*lines, *(grown((one[0], other[1], one[2], other[3]), _CROSSING) for one in upright for other in level)]


def without(panel: Panel, words: list[Box], grid: list[Box]) -> Panel:
    """Return a panel without the patches of grids, and of words that reach over its edge: those are read."""
    areas = [*(grown(box, ROUND) for box in words), *(grown(box, _LINE) for box in grid)]
    left = panel.outside(areas)
    left = [
        patch for patch in left if not _is_tiny(patch.box) or not any(covers(box, _middle(patch.box)) for box in grid)
    ]
    return replace(panel, patches=left) if len(left) < len(panel.patches) else panel


def _is_tiny(box: Box) -> bool:
    """Return whether a patch is smaller than any mark: where a bar's edge crosses a grid's line, one is left."""
    return max(box[2] - box[0], box[3] - box[1]) <= _TINY


def _middle(box: Box) -> Box:
    x, y = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2
    return x, y, x, y


def without_noise(panel: Panel) -> Panel:
    """Return a panel without the patches that an encoding's noise makes at edges."""
    return replace(panel, patches=[one for one in panel.patches if one.strength >= _STRONG or one.area >= _LARGE])
