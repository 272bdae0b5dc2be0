"""Finds the few places that stand out: two pictures differ there more than their strokes and sizes do anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Box, Pixels, lightest

Heights = NDArray[np.uint8]

_SOFT = 2.0
_SHIFT = 2
_SHIFTS = [(y, x) for y in range(5) for x in range(5) if abs(y - _SHIFT) + abs(x - _SHIFT) < 2 * _SHIFT]
_NEAR = 4
"""Places no further apart (pixels) are one."""
_RIM = 10
"""So near to a panel's edge frames and ticks lie."""
_SEEN, _COMMON = 10, 6
"""So much of 255 must differ to be seen; so much differs anywhere."""
_FEW = 2
"""So many places a moved mark has: where it was and where it is."""
_KEPT = 8


@dataclass(frozen=True)
class Lone:
    """A place where two pictures differ."""

    box: Box
    height: float
    """By how much of 255, softened: that of a place; or by how many times more than elsewhere: one that stands out."""


def differing(one: Pixels, other: Pixels, ignored: Sequence[Box]) -> list[Lone]:
    """Return where two pictures of one size (height by width by 3) differ most, but in areas to be ignored.

    A shift by two pixels does not count: programs put marks on whole pixels.
    """
    heights = _heights(one, other)
    seen = np.zeros(heights.shape, dtype=bool)
    seen[_RIM:-_RIM, _RIM:-_RIM] = True
    for left, top, right, bottom in ignored:
        seen[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    heights = np.where(seen, heights, 0).astype(np.uint8)
    tops = (heights == ndimage.maximum_filter(heights, size=2 * _NEAR + 1)) & (heights > 0)
    rows, columns = np.nonzero(tops)
    strongest = np.argsort(-heights[rows, columns].astype(int), kind="stable")
    found: list[Lone] = []
    for y, x in zip(rows[strongest].tolist(), columns[strongest].tolist(), strict=True):
        if len(found) == _KEPT:
            break
        if all(max(abs(x - _NEAR - lone.box[0]), abs(y - _NEAR - lone.box[1])) > _NEAR for lone in found):
            found.append(Lone((x - _NEAR, y - _NEAR, x + _NEAR + 1, y + _NEAR + 1), float(heights[y, x])))
    return found


def standing_out(places: Sequence[Lone]) -> list[Lone]:
    """Return the two places that differ most, each with how many times more it differs than the third."""
    strongest = sorted(places, key=lambda place: -place.height)
    usual = max([float(_COMMON), *(place.height for place in strongest[_FEW : _FEW + 1])])
    return [Lone(place.box, place.height / usual) for place in strongest[:_FEW] if place.height >= _SEEN]


def _heights(one: Pixels, other: Pixels) -> Heights:
    """Return by how much the strongest channel of two softened pictures differs at each pixel."""
    soft = [np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(_SOFT))) for pixels in (one, other)]
    high, wide = one.shape[:2]
    around = np.pad(soft[1], ((_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0)), mode="edge")
    least: Heights = np.full((high, wide), 255, dtype=np.uint8)
    for down, across in _SHIFTS:
        moved = around[down : down + high, across : across + wide]
        np.minimum(least, lightest(np.maximum(soft[0], moved) - np.minimum(soft[0], moved)), out=least)
    return least
