"""Takes marks that kept their form and took a new colour for the same: a version's or a theme's other colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.parts import INK, Box, Pixels, away, difference

Colour = tuple[int, int, int]
Change = tuple[Colour, Colour]

_FEWEST = 3
"""So many marks at least must have taken one colour for another: one cell of a heat map does not."""
_SAME, _ITS_OWN, _NEARLY_ALIKE = 40, 64, 90
"""Colours whose channels lie no further apart are one; hues up to the second may be a panel's own."""
_FORM = 0.85
"""So much of either's ink must lie on the other's, give or take a pixel."""
_MARK = 3
"""What is so wide and so high is a mark."""
_SEEN = 0.0004
"""A colour with a smaller share of the panel is not one of its own."""
_SHADES = 24
_KEPT = 200
_INNER, _RIM = 0.2, 5
_THICK, _SPARSE, _PALE, _GREY, _NEARLY = 4, 0.35, 140, 40, 0.95
"""A grid's lines: so thick (pixels a pixel of length) or such a share of their box, so light, so grey, nearly all."""


def without_recoloured(patches: Sequence[Patch], a: Pixels, b: Pixels, box: Box, ground: Colour) -> list[Patch]:
    """Return the patches of a panel but those of recoloured marks; `a` and `b` are its pixels in both pictures.

    Three marks and more must have changed from one colour to another, and either the new one must be new in the panel
    or the old one be gone from it: else groups may have changed places.
    """
    if len(patches) < _FEWEST or len(patches) > _KEPT:
        return list(patches)
    changes = [_change(patch, a, b, box, ground) or _fill(patch, a, b, box, ground) for patch in patches]
    known, left = _colours(a, ground), _colours(b, ground)
    fine = set()
    for at, change in enumerate(changes):
        if change is None or (_is_one_of(change[1], known) and _is_one_of(change[0], left)):
            continue
        alike = [k for k, other in enumerate(changes) if other and all(map(_alike, change, other))]
        if len({patches[k].box for k in alike}) >= _FEWEST:
            fine.add(at)
    known_changes = [changes[at] for at in fine]
    return [patch for at, patch in enumerate(patches) if at not in fine and not _is_like(changes[at], known_changes)]


def _is_like(change: Change | None, known: list[Change | None]) -> bool:
    """Return whether a change is nearly one that three marks made: a thin line is smoothed to paler colours."""
    return change is not None and any(
        one is not None and all(_alike(*both, _NEARLY_ALIKE) for both in zip(change, one, strict=True)) for one in known
    )


def without_pale_lines(
    patches: Sequence[Patch], a: Pixels, b: Pixels, box: Box, longest: int | None = None
) -> list[Patch]:
    """Return the patches of a block but those of thin pale grey lines: grids, which have no frame in three dimensions.

    Lines longer than `longest` pixels stay.
    """

    def short(its: Box) -> bool:
        return longest is None or max(its[2] - its[0], its[3] - its[1]) <= longest

    return [patch for patch in patches if not (short(patch.box) and _is_pale_line(patch, a, b, box))]


def _is_pale_line(patch: Patch, a: Pixels, b: Pixels, box: Box) -> bool:
    wide, high = patch.box[2] - patch.box[0], patch.box[3] - patch.box[1]
    if patch.area > max(_THICK * max(wide, high), _SPARSE * wide * high):
        return False
    rows = slice(max(0, patch.box[1] - box[1]), patch.box[3] - box[1])
    columns = slice(max(0, patch.box[0] - box[0]), patch.box[2] - box[0])
    one, other = a[rows, columns], b[rows, columns]
    changed = difference(one, other) > _SHADES
    return bool(changed.any()) and all(bool(_pale(side[changed]).mean() > _NEARLY) for side in (one, other))


def _pale(colours: Pixels) -> NDArray[np.bool_]:
    """Return which colours are light greys."""
    least, most = colours.min(1), colours.max(1)
    found: NDArray[np.bool_] = (least >= _PALE) & (most - least <= _GREY)
    return found


def _fill(patch: Patch, a: Pixels, b: Pixels, box: Box, ground: Colour) -> tuple[Colour, Colour] | None:
    """Return the colours of an outlined area in both pictures, of which only one fills it; None where none is."""
    rows = slice(max(0, patch.box[1] - box[1] - _RIM), patch.box[3] - box[1] + _RIM)
    columns = slice(max(0, patch.box[0] - box[0] - _RIM), patch.box[2] - box[0] + _RIM)
    for empty, filled, back in ((a, b, False), (b, a, True)):
        inked = away(empty[rows, columns], ground) > INK
        middle = _inner(inked)
        colour = _flat(_inner(filled[rows, columns])) if middle.size and not middle.any() and _outlined(inked) else None
        if colour is not None and _same_lines(inked, filled[rows, columns], ground, colour):
            return (colour, ground) if back else (ground, colour)
    return None


def _change(patch: Patch, a: Pixels, b: Pixels, box: Box, ground: Colour) -> tuple[Colour, Colour] | None:
    """Return the colours of a mark in both pictures; None where its form is not the same."""
    rows = slice(max(0, patch.box[1] - box[1] - 2), patch.box[3] - box[1] + 2)
    columns = slice(max(0, patch.box[0] - box[0] - 2), patch.box[2] - box[0] + 2)
    one, other = a[rows, columns], b[rows, columns]
    inked, its = away(one, ground) > INK, away(other, ground) > INK
    if not inked.any() or not its.any() or not (_covered(inked, its) and _covered(its, inked)):
        return None
    if _has_more(inked, its) or _has_more(its, inked):
        return None
    return _middle(one[inked]), _middle(other[its])


def _same_lines(inked: NDArray[np.bool_], filled: Pixels, ground: Colour, colour: Colour) -> bool:
    """Return whether the lines around and beside a filled area are those of the area without a fill."""
    lines = (away(filled, ground) > INK) & (away(filled, colour) > INK)
    return _covered(inked, lines) and _covered(lines, inked)


def _inner(part: NDArray[Any]) -> NDArray[Any]:
    """Return the middle of an area with a rim."""
    down, across = (_RIM + max(1, round(_INNER * (side - 2 * _RIM))) for side in part.shape[:2])
    return part[down:-down, across:-across]


def _outlined(inked: NDArray[np.bool_]) -> bool:
    """Return whether a line runs around an area without ink, near its edges."""
    rim, inside = 2 * _RIM, slice(_RIM, -_RIM)
    edges = (inked[:rim, inside].any(0), inked[-rim:, inside].any(0))
    sides = (inked[inside, :rim].any(1), inked[inside, -rim:].any(1))
    return all(edge.size and float(edge.mean()) >= _FORM for edge in (*edges, *sides))


def _flat(colours: Pixels) -> Colour | None:
    """Return the colour of an area that has one."""
    flat = colours.reshape(-1, 3)
    middle = _middle(flat)
    return middle if float((away(flat[None], middle) <= _SHADES).mean()) >= _NEARLY else None


def _covered(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    wide = ndimage.binary_dilation(other, np.ones((3, 3), dtype=bool))
    return bool((one & wide).sum() >= _FORM * one.sum())


def _has_more(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Return whether one form has a mark that the other has not: a point on a line, say, that moved along it."""
    alone = one & ~ndimage.binary_dilation(other, np.ones((3, 3), dtype=bool))
    return bool(ndimage.binary_erosion(alone, np.ones((_MARK, _MARK), dtype=bool)).any())


def _middle(colours: Pixels) -> Colour:
    red, green, blue = (int(one) for one in np.median(colours, axis=0))
    return red, green, blue


def _colours(panel: Pixels, ground: Colour) -> list[Colour]:
    """Return the colours that a panel shows beside its ground."""
    inked = panel[away(panel, ground) > INK]
    if not len(inked):
        return []
    steps, counts = np.unique(inked // _SHADES, axis=0, return_counts=True)
    many = counts >= max(8, _SEEN * panel.shape[0] * panel.shape[1])
    return [_centre(step) for step in steps[many]]


def _centre(step: NDArray[np.uint8]) -> Colour:
    red, green, blue = (int(one) * _SHADES + _SHADES // 2 for one in step)
    return red, green, blue


def _is_one_of(colour: Colour, colours: list[Colour]) -> bool:
    most = _ITS_OWN if max(colour) - min(colour) > _ITS_OWN else _SAME
    return any(_alike(colour, other, most) for other in colours)


def _alike(one: Colour, other: Colour, most: int = _SAME) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= most
