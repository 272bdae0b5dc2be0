"""Finds places where the fine structure differs though both pictures are drawn alike elsewhere: a mesh, a hatching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Box, Pixels

Grey = NDArray[np.float32]

_WINDOW = 11
_SOFT = 1.0
_LEAST = 12.0
"""A window whose grey values deviate less than this (standard deviation, of 255) has no structure."""
_USUAL = 0.12
"""Windows of two pictures drawn alike are no more unlike than this, but for one in ten."""
_UNLIKE = 0.5
_FEWEST = 400


def structure(one: Pixels, other: Pixels) -> list[tuple[Box, int]]:
    """Return where two pictures of one size (height by width by 3) are unlike in structure: boxes with their areas.

    Unlikeness is the variance of the difference by both variances: 0 alike, 1 unrelated. A shift by a pixel does not
    count. Nothing is returned where pictures are not drawn alike, since structure then tells nothing.
    """
    a, b = (ndimage.gaussian_filter(pixels.astype(np.float32).mean(2), _SOFT) for pixels in (one, other))
    total = _variance(a) + _variance(b)
    busy = total > _LEAST**2
    if int(busy.sum()) < _FEWEST:
        return []
    unlike = _variance(a - b) / (total + _LEAST**2)
    if not (busy & (unlike > _UNLIKE)).any() or float(np.percentile(unlike[busy], 90)) > _USUAL:
        return []
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            if down or across:
                unlike = np.minimum(unlike, _variance(a - np.roll(b, (down, across), (0, 1))) / (total + _LEAST**2))
    labels, _ = ndimage.label(busy & (unlike > _UNLIKE), np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    return [
        ((int(x.start), int(y.start), int(x.stop), int(y.stop)), int(areas[at]))
        for at, (y, x) in enumerate(ndimage.find_objects(labels), 1)
    ]


def _variance(grey: Grey) -> Grey:
    mean = ndimage.uniform_filter(grey, _WINDOW)
    found: Grey = np.maximum(ndimage.uniform_filter(grey * grey, _WINDOW) - mean * mean, 0)
    return found
