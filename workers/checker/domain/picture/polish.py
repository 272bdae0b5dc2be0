"""Brings a placement to a fraction of a pixel: what most edges of two pictures ask for, whatever the others ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import laid_on
from erc.workers.checker.domain.picture.parts import Box, Pixels
from erc.workers.checker.domain.picture.place import Line, Map

Grey = NDArray[np.float32]

_SOFT = (3.0, 3.0, 1.5, 1.0, 1.0)
"""How much both are softened at each step: wide at first, so that edges some pixels apart still meet."""
_LEAST = 6.0
"""Steeper places count (of 255 a pixel)."""
_FEWEST = 60
_SIDE = 700
"""Larger parts are looked at in this size, the longer side."""
_STEADY = 1e-3


def polished(first: Pixels, second: Pixels, box: Box, start: Map, ground: tuple[int, int, int]) -> Map:
    """Return the map of a box of the first picture, near a first guess, that makes most edges meet.

    Differences larger than the usual ones count little (Geman and McClure's weights), so what changed does not pull.
    Guesses up to about four pixels off are mended; one that cannot be mended is returned as it is.
    """
    wide, high = box[2] - box[0], box[3] - box[1]
    if min(wide, high) < 16:
        return start
    factor = min(1.0, _SIDE / max(wide, high))
    size = max(8, round(wide * factor)), max(8, round(high * factor))
    one = _grey(np.asarray(Image.fromarray(first[box[1] : box[3], box[0] : box[2]]).resize(size)))
    where = start
    for soft in _SOFT:
        other = _grey(np.asarray(Image.fromarray(laid_on(second, box, where, ground)).resize(size)))
        step = _step(ndimage.gaussian_filter(one, soft), ndimage.gaussian_filter(other, soft))
        if step is None:
            return start
        where = _moved(where, box, step, factor)
        if not (0.2 < where.x.scale < 5 and 0.2 < where.y.scale < 5):
            return start
    return where


def _grey(pixels: Pixels) -> Grey:
    grey: Grey = pixels.astype(np.float32).mean(2)
    return grey


def _step(one: Grey, other: Grey) -> tuple[float, float, float, float] | None:
    """Return by how much the left, right, top and bottom sides must move so that the second lies better, in pixels."""
    down, across = (np.asarray(np.gradient(other, axis=axis)) for axis in (0, 1))
    steep = np.hypot(down, across) > _LEAST / 2
    if int(steep.sum()) < _FEWEST:
        return None
    y, x = np.nonzero(steep)
    off = (one - other)[steep]
    right, low = x / other.shape[1], y / other.shape[0]
    slopes = np.stack([across[steep] * (1 - right), across[steep] * right, down[steep] * (1 - low), down[steep] * low])
    usual = 1.5 * float(np.median(np.abs(off))) + 4.0
    weight = 1 / (1 + (off / usual) ** 2) ** 2
    normal = (slopes * weight) @ slopes.T
    normal += _STEADY * np.trace(normal) * np.eye(4) / 4
    found = np.linalg.solve(normal, (slopes * weight) @ off)
    left, end, top, bottom = (float(side) for side in np.clip(found, -3, 3))
    return left, end, top, bottom


def _moved(where: Map, box: Box, step: tuple[float, float, float, float], factor: float) -> Map:
    """Move where a map puts a box's sides, by pixels of the box as it was looked at."""
    return Map(
        _line(where.x, box[0], box[2], step[0] / factor, step[1] / factor),
        _line(where.y, box[1], box[3], step[2] / factor, step[3] / factor),
    )


def _line(line: Line, start: int, end: int, low: float, high: float) -> Line:
    begin, stop = line.at(start + low), line.at(end + high)
    scale = (stop - begin) / max(1, end - start)
    return Line(scale, begin - scale * start)
