"""Tells a ground from a frame: behind a picture of three dimensions a theme paints one, and its axes lie on it."""

from __future__ import annotations

from erc.workers.checker.domain.picture.level import WHITE, is_light, light_ground
from erc.workers.checker.domain.picture.parts import Box, Parts, Pixels, darkest, parts

_EDGE, _PALE, _LETTER = 4, 200, 5


def without_ground(pixels: Pixels, levelled: Pixels, its: Parts) -> tuple[Pixels, Parts]:
    """Return a picture and its parts without a painted ground that is no frame: it has no axes to its left and below.

    `levelled` is the picture with that ground made white. Both are height by width by 3.
    """
    if not its.framed or len(its.blocks) != 1 or _has_axes(its):
        return levelled, its
    left, top, right, bottom = its.blocks[0]
    shade = light_ground(pixels[top:bottom, left:right])
    if shade is None or shade == WHITE or not is_light(its.ground):
        return levelled, its
    clean = _without_edge(levelled, its.blocks[0])
    found = parts(clean)
    return (clean, found) if found.blocks and not found.framed else (levelled, its)


def _without_edge(levelled: Pixels, block: Box) -> Pixels:
    """Return a picture without the pale line that is left of the edge of a ground between two pixels."""
    left, top, right, bottom = block
    found = levelled.copy()
    for rows, columns in (
        (slice(max(0, top - _EDGE), top + _EDGE), slice(max(0, left - _EDGE), right + _EDGE)),
        (slice(bottom - _EDGE, bottom + _EDGE), slice(max(0, left - _EDGE), right + _EDGE)),
        (slice(top, bottom), slice(max(0, left - _EDGE), left + _EDGE)),
        (slice(top, bottom), slice(right - _EDGE, right + _EDGE)),
    ):
        part = found[rows, columns]
        part[darkest(part) >= _PALE] = 255
    return found


def _has_axes(its: Parts) -> bool:
    """Return whether signs stand to the left of the block or below it; those that reach over its edge do not."""
    left, _, right, bottom = its.blocks[0]
    letters = [box for box in its.signs if box[3] - box[1] >= _LETTER]
    return any(box[2] <= left or (box[1] >= bottom and left <= box[0] <= right) for box in letters)
