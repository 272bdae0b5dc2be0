"""Finds the few places that stand out: two pictures differ there more than their strokes and sizes do anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Box, Pixels, difference

Heights = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SOFT = 2.0
_SHIFT = 2
_SHIFTS = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if abs(y) + abs(x) < 2 * _SHIFT]
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
class Peak:
    """A place where two pictures differ."""

    box: Box
    height: int
    """By how much of 255, softened."""


@dataclass(frozen=True)
class Lone:
    """A place that stands out."""

    box: Box
    times: float
    """How many times more the pictures differ there than elsewhere."""


def differing(one: Pixels, other: Pixels, ignored: Sequence[Box]) -> list[Peak]:
    """Return where two pictures of one size (height by width by 3) differ most, but in areas to be ignored.

    A shift by two pixels does not count: programs put marks on whole pixels.
    """
    if min(one.shape[:2]) <= 2 * _RIM:
        return []
    seen = np.zeros(one.shape[:2], dtype=bool)
    seen[_RIM:-_RIM, _RIM:-_RIM] = True
    for left, top, right, bottom in ignored:
        seen[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    heights = _heights(one, other, seen)
    tops = (heights == ndimage.maximum_filter(heights, size=2 * _NEAR + 1)) & (heights > 0)
    rows, columns = np.nonzero(tops)
    strongest = np.argsort(-heights[rows, columns].astype(int), kind="stable")
    found: list[Peak] = []
    for y, x in zip(rows[strongest].tolist(), columns[strongest].tolist(), strict=True):
        if len(found) == _KEPT:
            break
        if all(max(abs(x - _NEAR - peak.box[0]), abs(y - _NEAR - peak.box[1])) > _NEAR for peak in found):
            found.append(Peak((x - _NEAR, y - _NEAR, x + _NEAR + 1, y + _NEAR + 1), int(heights[y, x])))
    return found


def standing_out(peaks: Sequence[Peak]) -> list[Lone]:
    """Return the two places that differ most, measured by the third."""
    strongest = sorted(peaks, key=lambda peak: -peak.height)
    usual = max([_COMMON, *(peak.height for peak in strongest[_FEW : _FEW + 1])])
    return [Lone(peak.box, peak.height / usual) for peak in strongest[:_FEW] if peak.height >= _SEEN]


def _heights(one: Pixels, other: Pixels, seen: Mask) -> Heights:
    """Return by how much the strongest channel of two softened pictures differs, where it is seen and uncommon."""
    a, b = (np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(_SOFT))) for pixels in (one, other))
    found: Heights = np.where(seen, difference(a, b), 0).astype(np.uint8)
    much = found > _COMMON
    if not much.any():
        return np.zeros_like(found)
    rows, columns = np.flatnonzero(much.any(1)), np.flatnonzero(much.any(0))
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    inner, least = a[top:bottom, left:right], found[top:bottom, left:right]
    for down, across in _SHIFTS:  # all within the picture: nothing is seen so near to its edge
        np.minimum(least, difference(inner, b[top + down : bottom + down, left + across : right + across]), out=least)
    return np.where(found > _COMMON, found, 0).astype(np.uint8)
