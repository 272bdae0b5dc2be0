"""Finds what most of a block is: one body (a surface, a pie), beside which small signs are labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

_LARGE, _MASSIVE = 0.5, 0.08
"""A body covers so much of its block with its box, and so much of its box where it is thicker than a stroke."""
_STROKE = 6
"""What is thinner is no body: the axes and labels that touch it."""
_ROUND = 0.03
_FLAT = 0.5
"""Bars stand on a line: so much of their width. What is drawn over them thinly counts."""


def body_in(inked: Mask) -> Mask | None:
    """Return where the body of a block lies, without what is thin; a mesh may part it. None where there is none."""
    found = _largest(inked)
    if found is not None:
        return found
    joined = _largest(closed(inked))
    return None if joined is None else joined & inked


def closed(mask: Mask) -> Mask:
    """Bridge the white lines of a grid, which are thinner than the room between panels."""
    size = max(3, round(min(mask.shape) / 110)) | 1
    wide = ndimage.maximum_filter(mask, size)
    found: Mask = ndimage.minimum_filter(wide, size)
    return found


def _largest(inked: Mask) -> Mask | None:
    labels, count = ndimage.label(inked, np.ones((3, 3), dtype=np.uint8))
    if not count:
        return None
    largest = 1 + int(np.bincount(labels.ravel())[1:].argmax())
    down, across = ndimage.find_objects(labels, largest)[-1]
    area = (down.stop - down.start) * (across.stop - across.start)
    if area < _LARGE * inked.size:
        return None
    found: Mask = labels == largest
    disc = _disc(found[down, across])
    if disc is not None:
        found[down, across] = disc
        return found
    massive: Mask = ndimage.binary_opening(found, np.ones((_STROKE, _STROKE), dtype=bool))
    if int(massive.sum()) < _MASSIVE * area:
        return None
    return found if _stands(massive) else massive


def _disc(piece: Mask) -> Mask | None:
    """Return all of a disc (a pie, whose slices may be as pale as the ground); None where a piece is none."""
    filled: Mask = ndimage.binary_fill_holes(piece)
    round_ = abs(float(filled.mean()) - np.pi / 4) < _ROUND and abs(piece.shape[0] / piece.shape[1] - 1) < 2 * _ROUND
    return filled if round_ else None


def _stands(massive: Mask) -> bool:
    rows, columns = np.flatnonzero(massive.any(1)), np.flatnonzero(massive.any(0))
    return float(massive[rows[-1], columns[0] : columns[-1] + 1].mean()) >= _FLAT
