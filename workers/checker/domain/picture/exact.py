"""Finds what differs where two pictures are drawn by one program and alike to the pixel elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import Box, Pixels, difference, lightest
from erc.workers.checker.domain.picture.place import Map

_FAINT, _STRONG = 3, 40
_WHOLE = 0.02
"""So far from a whole number of pixels a shift may lie."""
_NEAR = 9
"""Pixels so near to one another are one place."""
_PLACES = 4
"""So few places may differ; more are another way to draw."""
_BY_PIXELS = 3
"""So many pixels weigh as much as one of a patch."""


def _beyond(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    """Return which pixels lie strongly outside what the other picture has around them: a shift by a pixel does not."""
    low, high = (turn(other, size=(3, 3, 1)) for turn in (ndimage.minimum_filter, ndimage.maximum_filter))
    off = lightest(np.maximum(np.maximum(one, high) - high, low - np.minimum(one, low)))
    found: NDArray[np.bool_] = off > _STRONG
    return found


def moved_by(second: Pixels, where: Map, shape: tuple[int, ...]) -> Pixels | None:
    """Return the second picture (height by width by 3) moved by whole pixels onto the first, of that shape.

    What it does not cover has the colour of its corner. None where the map is no such shift.
    """
    shifts = round(where.y.shift), round(where.x.shift)
    apart = abs(where.y.shift - shifts[0]), abs(where.x.shift - shifts[1])
    if where.x.scale != 1 or where.y.scale != 1 or max(apart) > _WHOLE:
        return None
    if not any(shifts) and second.shape == shape:
        return second
    found = np.empty(shape, dtype=np.uint8)
    found[:] = second[0, 0]
    spans = []
    for shift, own, other in zip(shifts, shape, second.shape, strict=False):
        begin, end = max(0, -shift), min(own, other - shift)
        spans.append((slice(begin, max(begin, end)), slice(begin + shift, max(begin, end) + shift)))
    found[spans[0][0], spans[1][0]] = second[spans[0][1], spans[1][1]]
    return found


def places(a: Pixels, b: Pixels, box: Box) -> list[Patch]:
    """Return the few places where two pictures of one size differ within a box; none where they differ all over."""
    left, top, right, bottom = box
    one, other = a[top:bottom, left:right], b[top:bottom, left:right]
    apart = difference(one, other)
    labels, count = ndimage.label(ndimage.maximum_filter(apart > _FAINT, size=_NEAR))
    if not 0 < count <= _PLACES:
        return []
    strong = ndimage.sum_labels(_beyond(one, other) | _beyond(other, one), labels, np.arange(1, count + 1))
    found = ndimage.find_objects(labels)
    return [
        Patch((left + x.start, top + y.start, left + x.stop, top + y.stop), int(pixels) // _BY_PIXELS, 2, 1.0)
        for (y, x), pixels in zip(found, strong, strict=True)
        if pixels >= _BY_PIXELS
    ]
