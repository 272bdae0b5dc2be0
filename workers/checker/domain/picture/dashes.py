"""Takes dashes that fall elsewhere on one dashed line for the same: another size or version begins them elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import INK, Box, Pixels, away

Mask = NDArray[np.bool_]

_FEWEST, _MOST = 12, 600
"""So many places at least differ where dashes do; one mark that moved makes two."""
_GAP = 9
"""The most room between two dashes, in pixels, and to either of them."""
_DIRECTIONS = [(math.cos(at * math.pi / 8), math.sin(at * math.pi / 8)) for at in range(8)]
_COVERED = 0.75
_GAPPY = 0.07
"""Such a share of a dashed line is room, in both pictures."""
_STROKE, _STROKE_SHARE, _THICK = 6, 0.015, 0.2
"""A dashed line is thinner: in pixels, or in the panel's shorter side; so much of what is around it may be thicker."""
_AROUND = 24
_ALONE = 0.5
"""Such a share of a patch is ink of one picture only: what both draw in two colours is no dash."""
_COLOUR = 60
"""Ink of both whose channels lie further apart is of two colours: with as much of it as of one only it is no dash."""
_HUE = 0.85
"""The least cosine between two inks' distances from the ground: a smoothed edge has the hue of its line."""


def without_dashes(
    patches: Sequence[Patch], a: Pixels, b: Pixels, box: Box, ground: tuple[int, int, int]
) -> list[Patch]:
    """Return the patches of a panel but those of dashes; `a` and `b` are its pixels in both pictures."""
    if not _FEWEST <= len(patches) <= _MOST:
        return list(patches)
    sides = (_Side(a, ground), _Side(b, ground))
    left = [patch for patch in patches if not _is_dash(patch, sides, box)]
    return left if len(patches) - len(left) >= _FEWEST else list(patches)


class _Side:
    """A picture of a panel: how far its pixels lie from the ground in each channel, and which are ink."""

    def __init__(self, pixels: Pixels, ground: tuple[int, int, int]) -> None:
        self.off = pixels.astype(np.float32) - np.array(ground, dtype=np.float32)
        self.inked: Mask = away(pixels, ground) > INK


def _is_dash(patch: Patch, sides: tuple[_Side, _Side], box: Box) -> bool:
    """Return whether what one picture has in a place lies on the line that the other's dashes of that colour make."""
    left, top, right, bottom = (side - box[at % 2] for at, side in enumerate(patch.box))
    part = slice(max(0, top - _AROUND), bottom + _AROUND), slice(max(0, left - _AROUND), right + _AROUND)
    own = np.zeros_like(sides[0].inked)
    own[top:bottom, left:right] = True
    alone = 0
    for one, other in (sides, sides[::-1]):
        here = (own & one.inked & ~other.inked)[part]
        if here.any() and not _on_line(one, other, part, here):
            return False
        alone += int(here.sum())
    both = (own & sides[0].inked & sides[1].inked)[part]
    other_colour = np.abs(sides[0].off[part] - sides[1].off[part]).max(2) > _COLOUR
    return alone >= max(_ALONE * patch.area, int((both & other_colour).sum()))


def _on_line(one: _Side, other: _Side, part: tuple[slice, slice], here: Mask) -> bool:
    colour = one.off[part][here].mean(0)
    lines = []
    for side in (one, other):
        off = side.off[part]
        alike = off @ colour >= _HUE * np.linalg.norm(off, axis=2) * np.linalg.norm(colour)
        ink = side.inked[part] & alike
        closed = _closed(ink)
        if not closed.any() or float((closed & ~ink).sum()) < _GAPPY * closed.sum() or _is_thick(closed, side):
            return False
        lines.append(closed)
    wide = ndimage.binary_dilation(lines[1], np.ones((3, 3), dtype=bool), iterations=3)
    return bool((here & wide).sum() >= _COVERED * here.sum())


def _is_thick(closed: Mask, side: _Side) -> bool:
    """Return whether what dashes would make is no thin line: many points beside one another."""
    stroke = max(_STROKE, round(_STROKE_SHARE * min(side.inked.shape)))
    left = ndimage.binary_opening(closed, np.ones((stroke, stroke), dtype=bool))
    return bool(left.sum() > _THICK * closed.sum())


def _closed(ink: Mask) -> Mask:
    """Return ink with what lies between two of its pixels in some direction, no further apart than `_GAP`."""
    found = ink.copy()
    room = np.pad(ink, _GAP)
    for x, y in _DIRECTIONS:
        before, after = (_reached(room, sign * x, sign * y, ink.shape) for sign in (1, -1))
        found |= before & after
    return found


def _reached(room: Mask, x: float, y: float, shape: tuple[int, ...]) -> Mask:
    """Return which pixels have ink within reach in a direction."""
    found = np.zeros(shape, dtype=bool)
    for step in range(1, _GAP + 1):
        top, left = _GAP + round(step * y), _GAP + round(step * x)
        found |= room[top : top + shape[0], left : left + shape[1]]
    return found
