"""Tells a body (a surface, a pie) from the labels around it, which are no part of it and are read as words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.body import body_in
from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import INK, Box, Pixels, away, difference

Mask = NDArray[np.bool_]

_ON_IT, _FAINT = 0.3, 20
"""Such a share of the pixels around a patch that changed by more than the second must lie on a body."""
_SAME, _ALIKE, _FEWEST, _BY_PIXELS = 3, 0.05, 12, 3
"""Pixels no further apart are the same; so few of a body may not be; so many must be seen; so many weigh as one."""


def body_of(a: Pixels, b: Pixels, ground: tuple[int, int, int]) -> Mask | None:
    """Return where a block without a frame has its body in either picture, a pixel more; None where one has none.

    `a` and `b` are its pixels in both pictures.
    """
    bodies = [body_in(away(pixels, ground) > INK) for pixels in (a, b)]
    if bodies[0] is None or bodies[1] is None:
        return None
    found: Mask = ndimage.binary_dilation(bodies[0] | bodies[1], np.ones((3, 3), dtype=bool))
    return found


def on_body(patches: Sequence[Patch], body: Mask, a: Pixels, b: Pixels, box: Box) -> list[Patch]:
    """Return the patches of a block that lie on its body."""
    changed = difference(a, b) > _FAINT
    return [patch for patch in patches if _lies_on(body[_part(patch, box)], changed[_part(patch, box)])]


def alike_but_for(body: Mask, a: Pixels, b: Pixels, box: Box) -> list[Patch]:
    """Return what differs on a body that two pictures draw alike to the pixel else: labels around it may not be."""
    apart = difference(a, b)
    changed, seen = body & (apart > _SAME), body & (apart > _FAINT)
    if int(seen.sum()) < _FEWEST or int(changed.sum()) > _ALIKE * int(body.sum()):
        return []
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    left, top = box[0] + int(columns[0]), box[1] + int(rows[0])
    right, bottom = box[0] + int(columns[-1]) + 1, box[1] + int(rows[-1]) + 1
    return [Patch((left, top, right, bottom), int(seen.sum()) // _BY_PIXELS, 2, 1.0)]


def _lies_on(body: Mask, changed: Mask) -> bool:
    return int((body & changed).sum()) >= max(1.0, _ON_IT * int(changed.sum()))


def _part(patch: Patch, box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = (max(0, side - box[at % 2]) for at, side in enumerate(patch.box))
    return slice(top, bottom), slice(left, right)
