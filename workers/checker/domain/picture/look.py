"""Looks at two pictures: places one on the other, block by block, and gathers what differs; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment

from erc.workers.checker.domain.picture.ink import Patch, Prepared, is_coloured, laid_on, opponents, patches
from erc.workers.checker.domain.picture.level import WHITE, is_light, levelled
from erc.workers.checker.domain.picture.pairing import compare_words
from erc.workers.checker.domain.picture.parts import INK, Box, Parts, Pixels, away, parts, signs_in
from erc.workers.checker.domain.picture.place import IDENTITY, Line, Map, between, refined
from erc.workers.checker.domain.picture.reading import Said, Side
from erc.workers.checker.domain.picture.words import lines_of

_EDGE = 3
_FRAMES_APART = 1.6
_ENOUGH = 400
_STILL = 0.006
_CUT_OFF = 8
SIDE_PIXELS = 1400
"""Larger pictures are looked at in this size, the longer side."""


@dataclass(frozen=True)
class Panel:
    """How a block of the first picture compares with one of the second."""

    box: Box
    where: Map
    patches: list[Patch]
    said: list[Said] = field(default_factory=list)
    """Words inside the block."""


@dataclass(frozen=True)
class Look:
    """What two pictures have in common and not; places in pixels of the first as it was looked at."""

    scale: float
    """How much smaller than the first picture these pixels are: 1 or less."""
    size: tuple[int, int]
    still: bool
    """Whether nearly all pixels are alike: then both are drawn in one way, and little things count."""
    where: Map
    """The map of what lies outside the blocks."""
    panels: list[Panel]
    said: list[Said]
    """Words outside the blocks."""
    blocks: tuple[int, int]
    """How many blocks each has."""
    levelled: tuple[Pixels, Pixels] | None
    """Both without their themes; None where neither has one."""
    one_theme: bool
    """Whether only one of both has a theme."""


def look(first: Pixels, second: Pixels) -> Look:
    """Look at two pictures, each height by width by 3."""
    a, b = _sized(first), _sized(second)
    one, other = parts(a), parts(b)
    words_a, words_b = _side(one), _side(other)
    plain, grounds = (a, b), one
    a, one = _levelled(a, one)
    b, other = _levelled(b, other)
    themed = [not np.array_equal(*both) for both in ((a, plain[0]), (b, plain[1]))]
    pairs, start = _pairs(one, other, a.shape, b.shape)
    panels = [_panel(a, b, box, guess, one) for box, guess in pairs]
    if any(themed):
        untouched = [_panel(*plain, box, guess, grounds) for box, guess in pairs]
        panels = [min(both, key=_weight) for both in zip(panels, untouched, strict=True)]
    where = _whole(panels, start)
    words = compare_words(words_a, words_b, where)
    return Look(
        scale=a.shape[1] / first.shape[1],
        size=(a.shape[1], a.shape[0]),
        still=_still(first, second),
        where=where,
        panels=[_with_words(a, b, panel) for panel in panels],
        said=words,
        blocks=(len(one.blocks), len(other.blocks)),
        levelled=(a, b) if any(themed) else None,
        one_theme=themed[0] != themed[1],
    )


def _levelled(pixels: Pixels, its: Parts) -> tuple[Pixels, Parts]:
    ground = WHITE if is_light(its.ground) else its.ground
    return levelled(pixels, its.ground, its.blocks, framed=its.framed), replace(its, ground=ground)


def _still(first: Pixels, second: Pixels) -> bool:
    if first.shape != second.shape:
        return False
    apart = np.maximum(first, second) - np.minimum(first, second)
    return float((apart > 3).mean()) < _STILL


def _sized(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if max(height, width) <= SIDE_PIXELS:
        return pixels
    factor = SIDE_PIXELS / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3))


def _side(one: Parts) -> Side:
    return Side(lines_of(one.signs, one.ink), one.ink)


def _pairs(one: Parts, other: Parts, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[list[tuple[Box, list[Map]]], Map]:
    """Pair blocks; each with first guesses of its map. Without blocks the whole picture is one."""
    ratio = Map(Line(b[1] / a[1], 0.0), Line(b[0] / a[0], 0.0))
    plain = [IDENTITY, ratio] if a[:2] != b[:2] else [IDENTITY]
    if (
        not one.blocks
        or not other.blocks
        or (one.framed != other.framed and (a == b or max(len(one.blocks), len(other.blocks)) > 1))
    ):
        return [((0, 0, a[1], a[0]), plain)], ratio
    cost = np.array([[_unlike(x, a, y, b) for y in other.blocks] for x in one.blocks])
    rows, columns = linear_sum_assignment(cost)
    matched = [(int(i), int(k)) for i, k in zip(rows, columns, strict=True) if cost[i, k] < 0.25]
    if not matched:
        return [((0, 0, a[1], a[0]), plain)], ratio
    pairs = [(one.blocks[i], [between(one.blocks[i], other.blocks[k]), *plain]) for i, k in matched]
    return pairs, between(one.blocks[matched[0][0]], other.blocks[matched[0][1]])


def _unlike(one: Box, a: tuple[int, ...], other: Box, b: tuple[int, ...]) -> float:
    places = [one[0] / a[1] - other[0] / b[1], one[1] / a[0] - other[1] / b[0]]
    places += [one[2] / a[1] - other[2] / b[1], one[3] / a[0] - other[3] / b[0]]
    return max(abs(place) for place in places)


def _panel(a: Pixels, b: Pixels, frame: Box, guesses: list[Map], one: Parts) -> Panel:
    box = _within(frame, _EDGE if one.framed else 0)
    prepared = Prepared(a[box[1] : box[3], box[0] : box[2]])
    best: Panel | None = None
    for where in _maps(a, b, frame, guesses, framed=one.framed):
        found = Panel(box, where, _patches(prepared, a, b, box, where, one.ground))
        if best is None or _weight(found) < _weight(best):
            best = found
        if not best.patches:
            break
    best = best or Panel(box, guesses[0], _patches(prepared, a, b, box, guesses[0], one.ground))
    cut_off = [] if one.framed else _cut_off(b, best, one.ground)
    return replace(best, patches=[*best.patches, *_hues(a, b, best, one.ground), *cut_off])


def _cut_off(b: Pixels, panel: Panel, ground: tuple[int, int, int]) -> list[Patch]:
    """Return the second picture's ink that a map of all of the first leaves outside."""
    if panel.box[:2] != (0, 0):
        return []
    left, top, right, bottom = (round(side) for side in panel.where.box(panel.box))
    outside = away(b, ground) > INK
    outside[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    area = int(outside.sum())
    return [Patch(panel.box, area, 4, 1.0)] if area > _CUT_OFF else []


def _hues(a: Pixels, b: Pixels, panel: Panel, ground: tuple[int, int, int]) -> list[Patch]:
    """Compare colours apart from lightness: a thin line that took another's colour is no darker than before."""
    if _weight(panel) > _ENOUGH or not (is_coloured(a) or is_coloured(b)):
        return []
    red, green, blue = (int(one) for one in opponents(np.array([[ground]], dtype=np.uint8))[0, 0])
    box = panel.box
    one, other = opponents(a), opponents(b)
    return _patches(Prepared(one[box[1] : box[3], box[0] : box[2]]), one, other, box, panel.where, (red, green, blue))


def _within(box: Box, edge: int) -> Box:
    """Return a panel without its frame, which a theme may draw or not."""
    return box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge


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


def _weight(panel: Panel) -> float:
    return sum(patch.area * patch.depth for patch in panel.patches)


def _patches(
    prepared: Prepared, a: Pixels, b: Pixels, box: Box, where: Map, ground: tuple[int, int, int]
) -> list[Patch]:
    """Compare at the coarser one's resolution; `prepared` is the first's part."""
    if min(where.x.scale, where.y.scale) >= 0.95:
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


def _whole(panels: list[Panel], start: Map) -> Map:
    """Return the map around the blocks: the largest one's, or the one that spans several."""
    if not panels:
        return start
    if len(panels) == 1:
        return panels[0].where
    spans = []
    for axis, low, high in (("x", 0, 2), ("y", 1, 3)):
        first = min(panels, key=lambda panel: panel.box[low])
        last = max(panels, key=lambda panel: panel.box[high])
        ends = first.box[low], last.box[high]
        mapped = getattr(first.where, axis).at(ends[0]), getattr(last.where, axis).at(ends[1])
        scale = (mapped[1] - mapped[0]) / max(1, ends[1] - ends[0])
        spans.append(Line(scale, mapped[0] - scale * ends[0]))
    return Map(spans[0], spans[1])


def _with_words(a: Pixels, b: Pixels, panel: Panel) -> Panel:
    """Read the words inside a block."""
    left, top, right, bottom = (round(side) for side in panel.where.box(panel.box))
    other = (max(0, left), max(0, top), min(b.shape[1], right), min(b.shape[0], bottom))
    if other[2] - other[0] < 8 or other[3] - other[1] < 8:
        return panel
    sides = []
    for pixels, box in ((a, panel.box), (b, other)):
        signs, ink = signs_in(pixels, box, pixels.shape[1::-1])
        sides.append(Side(lines_of(signs, ink, box[:2]), ink, box[:2]))
    said = [one for one in compare_words(sides[0], sides[1], panel.where, slack=7) if one.is_text]
    return Panel(panel.box, panel.where, panel.patches, said)
