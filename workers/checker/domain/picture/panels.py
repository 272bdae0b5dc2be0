"""Lays a block of one picture on a block of another, in the way that explains most, and gathers what is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from erc.workers.checker.domain.picture.bodies import alike_but_for, body_of, on_body
from erc.workers.checker.domain.picture.dashes import without_dashes
from erc.workers.checker.domain.picture.ink import Patch, Prepared, is_coloured, laid_on, opponents, patches
from erc.workers.checker.domain.picture.lone import Peak, differing
from erc.workers.checker.domain.picture.parts import INK, Box, Parts, Pixels, away, covers, moved
from erc.workers.checker.domain.picture.place import IDENTITY, Line, Map, refined
from erc.workers.checker.domain.picture.polish import polished
from erc.workers.checker.domain.picture.recolour import without_pale_lines, without_recoloured
from erc.workers.checker.domain.picture.said import Said
from erc.workers.checker.domain.picture.texture import structure

Colour = tuple[int, int, int]

_EDGE = 3
_FRAMES_APART = 1.6
_ENOUGH = 400
_CUT_OFF = 8
_RIM = 4
_FINE = 0.95
"""A second picture that is coarser by more is what both are compared in."""
_SPECK = 6
"""Pale grey patches of no more pixels a side are what a grid leaves between marks."""
_UNEVEN = 0.03
"""A body whose map scales one way so much more than the other is another view of it."""
_BY_STRUCTURE = 3
"""So many pixels of windows that are unlike in structure weigh as much as one of a patch."""


@dataclass(frozen=True)
class Panel:
    """How a block of the first picture compares with one of the second."""

    box: Box
    where: Map
    patches: list[Patch]
    said: list[Said] = field(default_factory=list)
    """Words inside the block."""
    equal: bool = False
    """Whether it is the same in both to the pixel; then nothing in it is read."""
    framed: bool = True
    """Whether it is a frame's inside; else the surroundings of what is drawn."""
    redrawn: tuple[Box, ...] = ()
    """Where something was taken for the same that is drawn otherwise: another colour, dashes, pale lines."""
    as_drawn: bool = False
    """Whether it was laid with its grounds and grids, which explained more than without."""
    body: bool = False
    """Whether it is a body (a surface, a pie) without a frame, with labels around it."""
    searched: bool = True
    """Whether hues and fine structure were compared as well: they are not where much differs already."""
    other_view: bool = False
    """Whether it is a body (a surface) that the second picture draws longer one way: it may be seen from elsewhere."""

    def outside(self, areas: list[Box]) -> list[Patch]:
        """Return the patches that no area covers."""
        return [patch for patch in self.patches if not any(covers(area, patch.box) for area in areas)]


def laid(
    a: Pixels, b: Pixels, frame: Box, guesses: list[Map], one: Parts, *, other_theme: bool = False, sure: bool = False
) -> Panel:
    """Lay a frame of the first picture (height by width by 3) on the second; `guesses` of where it lies, best first.

    With `other_theme` pale lines are taken for a grid, wherever they lie; with `sure` the first guess is no guess.
    """
    box = _within(frame, _EDGE) if one.framed else _around(frame, a)
    if sure and one.framed and np.array_equal(_cut(a, box), _cut(b, box)):
        return Panel(box, IDENTITY, [], equal=True)
    prepared = Prepared(a[box[1] : box[3], box[0] : box[2]])
    best: Panel | None = None
    for where in guesses[:1] if sure else _maps(a, b, frame, guesses, framed=one.framed):
        found = Panel(box, where, _patches(prepared, a, b, box, where, one.ground))
        if best is None or weight(found) < weight(best):
            best = found
        if not best.patches:
            break
    best = best or Panel(box, guesses[0], _patches(prepared, a, b, box, guesses[0], one.ground))
    if best.patches and not sure:
        where = polished(a, b, box, best.where, one.ground)
        if _plausible(where, frame, b) and not (one.framed and _off(where, guesses[0], frame) > _FRAMES_APART):
            found = Panel(box, where, _patches(prepared, a, b, box, where, one.ground))
            best = min(best, found, key=weight)
    all_of_it = frame == (0, 0, a.shape[1], a.shape[0])
    cut_off = _cut_off(b, best, one.ground) if all_of_it and not one.framed else []
    best = replace(best, framed=one.framed, searched=weight(best) <= _ENOUGH)
    found = replace(best, patches=[*best.patches, *_finer(a, b, best, one.ground)]) if best.searched else best
    kept = _with_their_own(a, b, found, one.ground, grid=all_of_it or other_theme or not one.framed)
    return replace(kept, patches=[*kept.patches, *cut_off])


def searched(a: Pixels, b: Pixels, panel: Panel, excused: list[Box], ground: Colour) -> Panel:
    """Return a panel of whose patches little is left but what words excuse, searched by hue and structure as others."""
    if panel.searched or weight(replace(panel, patches=panel.outside(excused))) > _ENOUGH:
        return panel
    more = replace(panel, patches=_finer(a, b, panel, ground), searched=True)
    kept = _with_their_own(a, b, more, ground, grid=not panel.framed)
    return replace(kept, patches=[*panel.patches, *kept.patches], redrawn=(*panel.redrawn, *kept.redrawn))


def differences(a: Pixels, b: Pixels, panel: Panel, ignored: list[Box], ground: Colour) -> list[Peak]:
    """Return where a panel's two pictures differ most, at the coarser one's resolution; boxes of the first's pixels."""
    (left, top, right, bottom), back = panel.box, _inverse(panel.where)
    if min(panel.where.x.scale, panel.where.y.scale) >= _FINE:
        one, other = a[top:bottom, left:right], laid_on(b, panel.box, panel.where, ground)
        found = differing(one, other, [moved(area, -left, -top) for area in ignored])
        return [replace(peak, box=moved(peak.box, left, top)) for peak in found]
    its = back.back(panel.box)
    box = (max(0, its[0]), max(0, its[1]), min(b.shape[1], its[2]), min(b.shape[0], its[3]))
    one, other = laid_on(a, box, back, ground), b[box[1] : box[3], box[0] : box[2]]
    found = differing(one, other, [moved(back.back(area), -box[0], -box[1]) for area in ignored])
    return [replace(peak, box=_rounded(back.box(moved(peak.box, box[0], box[1])))) for peak in found]


def _finer(a: Pixels, b: Pixels, panel: Panel, ground: Colour) -> list[Patch]:
    return [*_hues(a, b, panel, ground), *_structure(a, b, panel, ground)]


def _with_their_own(a: Pixels, b: Pixels, panel: Panel, ground: Colour, *, grid: bool) -> Panel:
    """Return a panel with the patches that tell of content: no marks in another colour, no pale `grid`, no labels."""
    patches = panel.patches
    if not patches and panel.framed:
        return panel
    left, top, right, bottom = panel.box
    inner, other = a[top:bottom, left:right], laid_on(b, panel.box, panel.where, ground)
    patches = without_recoloured(patches, inner, other, panel.box, ground)
    patches = without_dashes(patches, inner, other, panel.box, ground)
    patches = without_pale_lines(patches, inner, other, panel.box, None if grid else _SPECK)
    gone = tuple(patch.box for patch in panel.patches if patch not in patches)
    kept = replace(panel, patches=patches, redrawn=gone)
    body = None if panel.framed else body_of(inner, other, ground)
    if body is None:
        return kept
    uneven = abs(panel.where.x.scale / panel.where.y.scale - 1) > _UNEVEN
    patches = on_body(patches, body, inner, other, panel.box)
    if not patches and panel.where == IDENTITY:
        patches = alike_but_for(body, inner, other, panel.box)
    return replace(kept, patches=patches, body=True, other_view=uneven)


def _structure(a: Pixels, b: Pixels, panel: Panel, ground: Colour) -> list[Patch]:
    """Compare the fine structure: within a mesh everything has its like nearby."""
    left, top, right, bottom = panel.box
    found = structure(a[top:bottom, left:right], laid_on(b, panel.box, panel.where, ground))
    return [Patch(moved(box, left, top), area // _BY_STRUCTURE, 2, 1.0) for box, area in found]


def _cut_off(b: Pixels, panel: Panel, ground: Colour) -> list[Patch]:
    """Return the second picture's ink that a map of all of the first leaves outside."""
    left, top, right, bottom = (round(side) for side in panel.where.box(panel.box))
    outside = away(b, ground) > INK
    outside[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    area = int(outside.sum())
    return [Patch(panel.box, area, 4, 1.0)] if area > _CUT_OFF else []


def _hues(a: Pixels, b: Pixels, panel: Panel, ground: Colour) -> list[Patch]:
    """Compare colours apart from lightness: a thin line that took another's colour is no darker than before."""
    if not (is_coloured(a) or is_coloured(b)):
        return []
    red, green, blue = (int(one) for one in opponents(np.array([[ground]], dtype=np.uint8))[0, 0])
    box = panel.box
    one, other = opponents(a), opponents(b)
    return _patches(Prepared(one[box[1] : box[3], box[0] : box[2]]), one, other, box, panel.where, (red, green, blue))


def _cut(pixels: Pixels, box: Box) -> Pixels:
    return pixels[box[1] : box[3], box[0] : box[2]]


def _within(box: Box, edge: int) -> Box:
    """Return a panel without its frame, which a theme may draw or not."""
    return box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge


def _around(box: Box, a: Pixels) -> Box:
    """Return a box with some of the ground around it, so that its outline has two sides."""
    return (
        max(0, box[0] - _RIM),
        max(0, box[1] - _RIM),
        min(a.shape[1], box[2] + _RIM),
        min(a.shape[0], box[3] + _RIM),
    )


def _maps(a: Pixels, b: Pixels, frame: Box, guesses: list[Map], *, framed: bool) -> Iterator[Map]:
    """Yield the maps to try, the plainest first; frames lie on one another, so that what moved within them shows."""
    slack = max(4.0, (0.02 if framed or a.shape != b.shape else 0.006) * max(a.shape))
    tried: list[Map] = []
    for guess in reversed(guesses):
        for where in (guess, refined(a, b, frame, guess, slack)):
            known = any(where.apart(done, *a.shape[1::-1]) < 0.2 for done in tried)
            if known or not _plausible(where, frame, b) or (framed and _off(where, guesses[0], frame) > _FRAMES_APART):
                continue
            tried.append(where)
            yield where


def _off(where: Map, other: Map, box: Box) -> float:
    """Return how far two maps put a box's sides apart, in pixels of the coarser picture."""
    scale = max(1.0, where.x.scale, where.y.scale)
    return max(abs(one - two) for one, two in zip(where.box(box), other.box(box), strict=True)) / scale


def _plausible(where: Map, box: Box, b: Pixels) -> bool:
    left, top, right, bottom = where.box(box)
    inside = (
        left > -0.05 * b.shape[1]
        and right < 1.05 * b.shape[1]
        and top > -0.05 * b.shape[0]
        and bottom < 1.05 * b.shape[0]
    )
    return inside and 0.2 < where.x.scale < 5 and 0.2 < where.y.scale < 5


def weight(panel: Panel) -> float:
    """Return how much is left unexplained."""
    return sum(patch.area * patch.depth for patch in panel.patches)


def _patches(prepared: Prepared, a: Pixels, b: Pixels, box: Box, where: Map, ground: Colour) -> list[Patch]:
    """Compare at the coarser one's resolution; `prepared` is the first's part."""
    if min(where.x.scale, where.y.scale) >= _FINE:
        return patches(prepared, Prepared(laid_on(b, box, where, ground)), box)
    back = _inverse(where)
    left, top, right, bottom = (round(side) for side in where.box(box))
    other = (max(0, left), max(0, top), min(b.shape[1], right), min(b.shape[0], bottom))
    if other[2] - other[0] < 4 or other[3] - other[1] < 4:
        return [Patch(box, (box[2] - box[0]) * (box[3] - box[1]), 4, 1.0)]
    part = Prepared(b[other[1] : other[3], other[0] : other[2]])
    found = patches(Prepared(laid_on(a, other, back, ground)), part, other)
    return [Patch(_rounded(back.box(patch.box)), patch.area, patch.depth, patch.strength) for patch in found]


def _inverse(where: Map) -> Map:
    x, y = where.x, where.y
    return Map(Line(1 / x.scale, -x.shift / x.scale), Line(1 / y.scale, -y.shift / y.scale))


def _rounded(box: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (round(side) for side in box)
    return left, top, right, bottom
