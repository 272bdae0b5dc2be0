"""Finds areas that differ faintly: smooth signals and pale shapes, which lie below what a look takes for ink."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import is_noisy
from erc.workers.checker.domain.picture.parts import Box, Pixels, difference, lightest

FAINT = 24
"""Single channels that differ by no more than this (of 255) may be drawn alike: encodings do that at edges."""
_BLOCK = 16
"""The block of colours in a JPEG, whose mean an encoding keeps."""
_MEAN = 3.0
"""So far the means of a block may lie apart."""
_NOISY_MEAN = 4.5
"""The same where an encoding's noise lies around edges; single pixels tell nothing there."""
_BEYOND = 10
"""So far a pixel may lie outside what the other picture has around it."""
_AREA = 6
"""So many such pixels in one piece are no noise."""
_EDGE = 48
"""From this contrast on there is an edge, around which encodings ring."""
_RINGING = 17
_ONE_DRAWING = 0.006
_NEAR, _FEW, _SEEN = 9, 4, 8
"""Pixels so near to one another are one place; more places are another way to draw; less is not seen."""
_BAND_PIXELS = 1_000_000
_SAMPLED = 500
_MOST = 20


def pale_places(one: Pixels, other: Pixels) -> list[Box]:
    """Return the boxes of areas that differ faintly in two pictures, at most 20; none where they are drawn otherwise.

    Both are height by width by 3 of uint8. A colour that is shifted alike everywhere is no content.
    """
    if one.shape != other.shape or not _drawn_alike(one, other):
        return []
    offset = _offset(one, other)
    noisy = is_noisy(one) or is_noisy(other)
    places: list[Box] = []
    for top, a, b in _bands(one, other):
        if int(difference(a, b).max()) > _MEAN:
            places += [
                (left, top + up, right, top + down) for left, up, right, down in _boxes(a, b, offset, noisy=noisy)
            ]
        if len(places) >= _MOST:
            break
    return places[:_MOST]


def lone_places(one: Pixels, other: Pixels) -> list[Box]:
    """Return the few places that differ, too faintly for a look, where two pictures are equal in all other pixels."""
    if one.shape != other.shape:
        return []
    apart = difference(one, other)
    if not 0 < int((apart > 0).sum()) <= _ONE_DRAWING * apart.size or int(apart.max()) > _EDGE:
        return []
    labels, count = ndimage.label(ndimage.maximum_filter(apart > 0, size=_NEAR))
    if count > _FEW:
        return []
    seen = ndimage.sum_labels(apart > _SEEN, labels, np.arange(1, count + 1))
    boxes = ndimage.find_objects(labels)
    return [(x.start, y.start, x.stop, y.stop) for (y, x), pixels in zip(boxes, seen, strict=True) if pixels >= _AREA]


def _bands(one: Pixels, other: Pixels) -> Iterator[tuple[int, Pixels, Pixels]]:
    rows = max(1, _BAND_PIXELS // max(1, one.shape[1] * _BLOCK)) * _BLOCK
    for top in range(0, one.shape[0], rows):
        yield top, one[top : top + rows], other[top : top + rows]


def _drawn_alike(one: Pixels, other: Pixels) -> bool:
    strong = sum(int((difference(a, b) > FAINT).sum()) for _, a, b in _bands(one, other))
    return bool(strong < _ONE_DRAWING * one.shape[0] * one.shape[1])


def _offset(one: Pixels, other: Pixels) -> Any:
    """Return by how much each channel is shifted in most of the picture."""
    down, across = (max(1, side // _SAMPLED) for side in one.shape[:2])
    a, b = one[::down, ::across].astype(np.int16), other[::down, ::across].astype(np.int16)
    return np.round(np.median(a - b, axis=(0, 1))).astype(np.int16)


def _boxes(a: Pixels, b: Pixels, offset: Any, *, noisy: bool) -> list[Box]:
    strong = difference(a, b) > FAINT
    first, second = a.astype(np.int16), b.astype(np.int16) + offset
    apart = first - second
    areas = _blocks(apart, strong, _NOISY_MEAN if noisy else _MEAN)
    if not noisy:
        areas |= _large(_outside(first, second) | _outside(second, first), strong | _edges(a) | _edges(b))
    labels, _ = ndimage.label(areas, np.ones((3, 3)))
    found = ndimage.find_objects(labels)[:_MOST]
    return [(across.start, down.start, across.stop, down.stop) for down, across in found]


def _outside(a: Any, b: Any) -> Any:
    """Return which pixels of a picture lie outside what the other has around them; a shift by one pixel does not."""
    low, high = (turn(b, size=(3, 3, 1)) for turn in (ndimage.minimum_filter, ndimage.maximum_filter))
    return ((a < low - _BEYOND) | (a > high + _BEYOND)).any(2)


def _edges(a: Pixels) -> Any:
    contrast = ndimage.maximum_filter(a, size=(3, 3, 1)) - ndimage.minimum_filter(a, size=(3, 3, 1))
    return lightest(contrast) > _EDGE


def _large(mask: Any, strong: Any) -> Any:
    """Return the pieces of a mask away from edges that are too large for noise."""
    pieces, count = ndimage.label(mask & ~ndimage.maximum_filter(strong, size=_RINGING))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    return sizes[pieces] > _AREA


def _blocks(apart: Any, strong: Any, most: float) -> Any:
    """Return the pixels of blocks that differ faintly and whose means lie apart."""
    height, width = strong.shape
    down, across = np.arange(0, height, _BLOCK), np.arange(0, width, _BLOCK)
    total = np.add.reduceat(np.add.reduceat(apart, down, 0, dtype=np.int32), across, 1)
    high, wide = np.diff([*down, height]), np.diff([*across, width])
    means = np.abs(total / (high[:, None] * wide[None, :])[..., None]).max(2)
    still = ~np.logical_or.reduceat(np.logical_or.reduceat(strong, down, 0), across, 1)
    return np.repeat(np.repeat((means > most) & still, high, 0), wide, 1)
