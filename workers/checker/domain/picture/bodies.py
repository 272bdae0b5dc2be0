"""Tells a body (a surface, a pie) from the labels around it, which are no part of it and are read as words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import INK, Box, Pixels, away

Mask = NDArray[np.bool_]

_LARGE, _FILLED = 0.5, 0.25
"""A body covers so much of its block with its box, and so much of its box with its ink."""


def on_body(patches: Sequence[Patch], a: Pixels, b: Pixels, box: Box, ground: tuple[int, int, int]) -> list[Patch]:
    """Return the patches of a block without a frame that lie on its body in either picture; all where it has none.

    `a` and `b` are its pixels in both pictures.
    """
    bodies = [_body(pixels, ground) for pixels in (a, b)]
    if bodies[0] is None or bodies[1] is None:
        return list(patches)
    body = ndimage.binary_dilation(bodies[0] | bodies[1], np.ones((3, 3), dtype=bool))
    return [patch for patch in patches if body[_part(patch, box)].any()]


def _body(pixels: Pixels, ground: tuple[int, int, int]) -> Mask | None:
    inked = away(pixels, ground) > INK
    labels, count = ndimage.label(inked, np.ones((3, 3), dtype=np.uint8))
    if not count:
        return None
    largest = 1 + int(np.argmax(ndimage.sum_labels(inked, labels, np.arange(1, count + 1))))
    down, across = ndimage.find_objects(labels, largest)[-1]
    area = (down.stop - down.start) * (across.stop - across.start)
    found: Mask = labels == largest
    if area < _LARGE * inked.size or int(found.sum()) < _FILLED * area:
        return None
    return found


def _part(patch: Patch, box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = (max(0, side - box[at % 2]) for at, side in enumerate(patch.box))
    return slice(top, bottom), slice(left, right)
