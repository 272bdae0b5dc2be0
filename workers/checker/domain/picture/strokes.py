"""Finds the letters inside a block, whatever they stand on: a panel's ground, a legend's, a bar."""

from __future__ import annotations

from scipy import ndimage

from erc.workers.checker.domain.picture.parts import INK, SIGN, SIGNS_KEPT, Box, Pixels, lightest, moved, pieces

_STROKE, _SHARE = 9, 0.022
"""No stroke of a letter is thicker: in pixels, or as a share of the picture's shorter side."""
_FLAT, _LONG = 4, 12


def signs_in(pixels: Pixels, block: Box, whole: tuple[int, int]) -> tuple[list[Box], Pixels]:
    """Return the small pieces inside a block (boxes in the picture), and its ink: how much darker than around it is.

    `pixels` is height by width by 3, `whole` its width and height.
    """
    left, top, right, bottom = block
    ink = _strokes(pixels[top:bottom, left:right], min(whole))
    small = SIGN * min(whole)
    found = [box for box in pieces(ink > INK) if max(_sides(box)) <= small and not _is_key(box)]
    return [moved(box, left, top) for box in found[:SIGNS_KEPT]], ink


def _strokes(inner: Pixels, whole: int) -> Pixels:
    """Return by how much each pixel is darker than the ground it stands on: what a closing by a stroke fills."""
    size = max(_STROKE, round(_SHARE * whole)) | 1
    closed = ndimage.minimum_filter(ndimage.maximum_filter(inner, (size, size, 1)), (size, size, 1))
    return lightest(closed - inner)


def _is_key(box: Box) -> bool:
    """Return whether a piece is a short flat line: a legend's key, a dash."""
    wide, high = _sides(box)
    return high <= _FLAT and wide >= _LONG


def _sides(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
