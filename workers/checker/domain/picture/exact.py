"""Finds what differs where two pictures are drawn by one program and alike to the pixel elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import Box, Pixels, lightest

_FAINT, _STRONG = 3, 40
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


def places(a: Pixels, b: Pixels, box: Box) -> list[Patch]:
    """Return the few places where two pictures of one size differ within a box; none where they differ all over."""
    left, top, right, bottom = box
    one, other = a[top:bottom, left:right], b[top:bottom, left:right]
    apart = lightest(np.maximum(one, other) - np.minimum(one, other))
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
