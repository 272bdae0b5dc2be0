"""The tolerant test of ink: what one picture shows that the other does not, whatever the stroke and its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from erc.workers.checker.domain.picture.parts import Box, Pixels, away, border_colour
from erc.workers.checker.domain.picture.place import Map

Mask = NDArray[np.bool_]

_CONTRAST = 0.6
_LEAST = 36
_ROOM = 2
_FAINTEST, _NOISE = 6, 0.0008
PATCHES_KEPT = 2000
"""Two pictures with more patches than this have nothing in common; then there is one patch, all of it."""


@dataclass(frozen=True)
class Patch:
    """A connected place that only one of two pictures explains; `box` in pixels of the first."""

    box: Box
    area: int
    """How many pixels it has."""
    depth: int
    """Up to how many pixels around one may look (1 to 4) without finding its like."""
    strength: float
    """By how much of the local contrast it is off at most, about 0.6 to 2."""


def laid_on(second: Pixels, box: Box, where: Map, ground: tuple[int, int, int]) -> Pixels:
    """Return the part of the second picture that a map lays on a box of the first, in the first's pixels."""
    left, top, right, bottom = where.box(box)
    height, width = second.shape[:2]
    margin = [max(0, round(x) + 4) for x in (-left, -top, right - width, bottom - height)]
    padded = np.empty((height + margin[1] + margin[3], width + margin[0] + margin[2], 3), dtype=np.uint8)
    padded[:] = ground
    padded[margin[1] : margin[1] + height, margin[0] : margin[0] + width] = second
    area = (left + margin[0], top + margin[1], right + margin[0], bottom + margin[1])
    size = max(1, box[2] - box[0]), max(1, box[3] - box[1])
    shrunk = where.x.scale > 1.05 or where.y.scale > 1.05
    how = Image.Resampling.HAMMING if shrunk else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(padded).resize(size, how, box=area))


def is_coloured(pixels: Pixels) -> bool:
    """Return whether more than a few pixels have a hue."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return (
        float((np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue) > 60).mean())
        > 0.0005
    )


def opponents(pixels: Pixels) -> Pixels:
    """Return red against green, green against blue and blue against red, half as strong, 128 where both are equal."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    found = np.empty_like(pixels)
    for channel, (one, other) in enumerate(((red, green), (green, blue), (blue, red))):
        found[..., channel] = 128 + (one - other) // 2
    return found


def is_noisy(pixels: Pixels) -> bool:
    """Return whether a picture's ground is full of faint noise of all strengths, as a JPEG's is around its edges."""
    off = away(pixels, border_colour(pixels))
    counts = np.bincount(off.ravel(), minlength=_FAINTEST + 1)[1 : _FAINTEST + 1]
    return bool(np.median(counts) > _NOISE * off.size)


class Prepared:
    """A picture, or a part of one, softened by a pixel, with its local ranges; each is made once."""

    def __init__(self, pixels: Pixels) -> None:
        self.soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(0.7)))
        self._ranges: dict[int, tuple[Pixels, Pixels]] = {}

    def range(self, radius: int) -> tuple[Pixels, Pixels]:
        """Return the least and the most of each pixel's surroundings."""
        if radius not in self._ranges:
            self._ranges[radius] = _range(self.soft, radius, np.minimum), _range(self.soft, radius, np.maximum)
        return self._ranges[radius]

    def part(self, rows: slice, columns: slice) -> Prepared:
        """Return a part of it."""
        other = Prepared.__new__(Prepared)
        other.soft, other._ranges = self.soft[rows, columns], {}  # noqa: SLF001 - its own kind
        return other


def unexplained(a: Prepared, b: Prepared, radius: int) -> tuple[Mask, NDArray[np.float32]]:
    """Return where a or b lies outside the other's range within a radius, and by how much of the local contrast."""
    (low_a, high_a), (low_b, high_b) = a.range(radius), b.range(radius)
    off = np.maximum(_outside(a.soft, low_b, high_b), _outside(b.soft, low_a, high_a))
    share: NDArray[np.float32] = np.zeros(off.shape, dtype=np.float32)
    if int(off.max()) <= _CONTRAST * _LEAST:
        return share > _CONTRAST, share
    low, high = np.minimum(low_a, low_b), np.maximum(high_a, high_b)
    contrast = _strongest(_range(high, _ROOM, np.maximum) - _range(low, _ROOM, np.minimum))
    share = np.divide(off, np.maximum(contrast, _LEAST), dtype=np.float32)
    return share > _CONTRAST, share


def patches(a: Prepared, b: Prepared, box: Box, deepest: int = 4) -> list[Patch]:
    """Return the unexplained patches of two pictures of one size, of which the first is this box of its picture."""
    mask, share = unexplained(a, b, 1)
    if not mask.any():
        return []
    wide = ndimage.binary_dilation(mask, structure=np.ones((3, 3), dtype=np.uint8))
    labels, count = ndimage.label(wide, structure=np.ones((3, 3), dtype=np.uint8))
    if count > PATCHES_KEPT:
        return [Patch(box, int(mask.sum()), deepest, 1.0)]
    depth = np.ones(count + 1, dtype=int)
    part = _around(mask)
    inner_a, inner_b = a.part(*part), b.part(*part)
    for radius in range(2, deepest + 1):
        deeper, _ = unexplained(inner_a, inner_b, radius)
        still = np.unique(labels[part][deeper & (labels[part] > 0)])
        if not len(still):
            break
        depth[still] = radius
    areas = ndimage.sum_labels(mask, labels, np.arange(count + 1))
    strengths = ndimage.maximum(share, labels, np.arange(count + 1))
    found = []
    for at, (y, x) in enumerate(ndimage.find_objects(labels), 1):
        place = (box[0] + x.start, box[1] + y.start, box[0] + x.stop, box[1] + y.stop)
        found.append(Patch(place, int(areas[at]), int(depth[at]), float(strengths[at])))
    return found


def _around(mask: Mask, room: int = 8) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(max(0, rows[0] - room), rows[-1] + room), slice(max(0, columns[0] - room), columns[-1] + room)


def _range(pixels: Pixels, radius: int, choose: np.ufunc) -> Pixels:
    for axis in (0, 1):
        out = pixels.copy()
        for step in range(1, radius + 1):
            fore = [slice(None)] * pixels.ndim
            back = [slice(None)] * pixels.ndim
            fore[axis], back[axis] = slice(step, None), slice(None, -step)
            choose(out[tuple(fore)], pixels[tuple(back)], out=out[tuple(fore)])
            choose(out[tuple(back)], pixels[tuple(fore)], out=out[tuple(back)])
        pixels = out
    return pixels


def _outside(pixels: Pixels, low: Pixels, high: Pixels) -> Pixels:
    """Return by how much the strongest channel lies outside a range; nothing wraps around."""
    return _strongest(np.maximum(np.maximum(pixels, high) - high, low - np.minimum(pixels, low)))


def _strongest(pixels: Pixels) -> Pixels:
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
