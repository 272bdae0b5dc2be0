"""Looks at two pictures: places one on the other, block by block, and gathers what differs; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment

from erc.workers.checker.domain.picture.bare import without_ground
from erc.workers.checker.domain.picture.crowded import with_crowded
from erc.workers.checker.domain.picture.exact import moved_by, places
from erc.workers.checker.domain.picture.ink import is_noisy
from erc.workers.checker.domain.picture.legend import excused
from erc.workers.checker.domain.picture.level import WHITE, is_light, levelled, light_ground
from erc.workers.checker.domain.picture.lone import Lone, standing_out
from erc.workers.checker.domain.picture.pairing import compare_words
from erc.workers.checker.domain.picture.panels import Panel, differences, laid, searched, weight
from erc.workers.checker.domain.picture.parts import Box, Parts, Pixels, covers, grown, parts
from erc.workers.checker.domain.picture.place import IDENTITY, Line, Map, between
from erc.workers.checker.domain.picture.pruned import (
    ROUND,
    outlines,
    with_crossings,
    without,
    without_edges,
    without_noise,
)
from erc.workers.checker.domain.picture.reading import Side
from erc.workers.checker.domain.picture.said import Said
from erc.workers.checker.domain.picture.strokes import signs_in
from erc.workers.checker.domain.picture.words import lines_of

_STILL = 0.006
_GROUNDS = 6
_AROUND = 6
"""So far around what is excused softened pictures differ."""
_MUCH = 200
"""Where patches have more pixels, nothing stands out."""
_SCALED_ALIKE, _LEAST_PANEL = 0.015, 16
SIDE_PIXELS = 1400
"""Larger pictures are looked at in this size, the longer side."""


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
    other_theme: bool
    """Whether only one of both has a theme, or both have other grounds."""
    lone: Callable[[], list[Lone]] = list
    """Returns the two places in frames that differ most, with how many times more than others they do."""


def look(first: Pixels, second: Pixels) -> Look:
    """Look at two pictures, each height by width by 3."""
    a, b = _sized(first), _sized(second)
    plain, one, other = (a, b), parts(a), parts(b)
    grounds = one
    (a, one, grid), (b, other, theirs) = _levelled(a, one), _levelled(b, other)
    (a, one), (b, other) = without_ground(plain[0], a, one), without_ground(plain[1], b, other)
    words_a, words_b = _side(one), _side(other)
    themed = [not np.array_equal(*both) for both in ((a, plain[0]), (b, plain[1]))]
    pairs, start = _pairs(one, other, a.shape, b.shape)
    theme = bool(grid) != bool(theirs) or _on_other_grounds(*plain, one, other)
    sure = plain[0].shape == plain[1].shape and _still(*plain)
    if sure:
        pairs = [(box, [IDENTITY]) for box, _ in pairs]
    panels = [laid(a, b, box, guess, one, other_theme=theme, sure=sure) for box, guess in pairs]
    if any(themed) and one.framed == grounds.framed:
        untouched = [replace(laid(*plain, box, guess, grounds, sure=sure), as_drawn=True) for box, guess in pairs]
        panels = [min(both, key=weight) for both in zip(panels, untouched, strict=True)]
    where = _whole(panels, start)
    words = compare_words(words_a, words_b, where)
    panels = [panel if panel.equal else _with_words(a, b, panel, _known(one), _known(other)) for panel in panels]
    panels = [searched(a, b, panel, _excused(panel), one.ground) for panel in panels]
    panels = _pruned(panels, one, other, (grid, theirs), where, plain)
    beneath = moved_by(plain[1], panels[0].where, plain[0].shape)
    still = _still(plain[0], beneath)
    if still and beneath is not None:
        panels = [panel if panel.redrawn else _to_the_pixel(panel, plain[0], beneath) for panel in panels]
    known = [*one.crossing, *map(where.back, [*other.crossing, *theirs]), *grid]
    return Look(
        scale=a.shape[1] / first.shape[1],
        size=(a.shape[1], a.shape[0]),
        still=still,
        where=where,
        panels=panels,
        said=with_crowded(words, panels, where),
        blocks=(len(one.blocks), len(other.blocks)),
        levelled=(a, b) if any(themed) else None,
        other_theme=theme or themed[0] != themed[1],
        lone=partial(_lone, panels, (a, b), plain, known, one),
    )


def _lone(
    panels: list[Panel], levelled: tuple[Pixels, Pixels], plain: tuple[Pixels, Pixels], known: list[Box], its: Parts
) -> list[Lone]:
    """Return the places that stand out in frames, none where much differs anyhow; `known` areas do not count."""
    found = []
    for panel in panels:
        areas = _excused(panel)
        if not panel.framed or sum(patch.area for patch in panel.outside(areas)) > _MUCH:
            continue
        ignored = [grown(area, _AROUND) for area in (*areas, *panel.redrawn, *known)]
        found += differences(*(plain if panel.as_drawn else levelled), panel, ignored, its.ground)
    return standing_out(found)


def _excused(panel: Panel) -> list[Box]:
    return excused(panel, [said for said in panel.said if said.agrees()])


def _pruned(
    panels: list[Panel],
    one: Parts,
    other: Parts,
    grids: tuple[tuple[Box, ...], tuple[Box, ...]],
    where: Map,
    plain: tuple[Pixels, Pixels],
) -> list[Panel]:
    """Return panels without what frames, grids, words over their edges and noise leave in them."""
    (grid, theirs), over = grids, [*one.crossing, *(where.back(box) for box in other.crossing)]
    if one.framed != other.framed:
        grid, theirs = (*grid, *outlines(one)), (*theirs, *outlines(other))
    elif one.framed:
        panels = [without_edges(panel, plain[0]) for panel in panels]
    panels = [without(panel, over, with_crossings([*grid, *map(panel.where.back, theirs)])) for panel in panels]
    return [without_noise(panel) for panel in panels] if any(map(is_noisy, plain)) else panels


def _on_other_grounds(a: Pixels, b: Pixels, one: Parts, other: Parts) -> bool:
    """Return whether the largest frame (where there is none, all) has another light ground in the second picture."""
    grounds = []
    for pixels, its in ((a, one), (b, other)):
        frames = its.blocks if its.framed else ((0, 0, pixels.shape[1], pixels.shape[0]),)
        left, top, right, bottom = max(frames, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        grounds.append(light_ground(pixels[top:bottom, left:right]))
    if grounds[0] is None or grounds[1] is None:
        return grounds[0] is not grounds[1]
    return any(abs(one - two) > _GROUNDS for one, two in zip(grounds[0], grounds[1], strict=True))


def _to_the_pixel(panel: Panel, a: Pixels, b: Pixels) -> Panel:
    return replace(panel, patches=[*panel.patches, *places(a, b, panel.box)])


def _levelled(pixels: Pixels, its: Parts) -> tuple[Pixels, Parts, tuple[Box, ...]]:
    ground = WHITE if is_light(its.ground) else its.ground
    found, grid = levelled(pixels, its.ground, its.blocks, framed=its.framed)
    return found, replace(its, ground=ground), grid


def _still(a: Pixels, b: Pixels | None) -> bool:
    """Return whether nearly all pixels are alike, the second picture's laid by whole pixels on the first's."""
    if b is None:
        return False
    apart = np.maximum(a, b) - np.minimum(a, b)
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
    pairs = [(one.blocks[i], _guesses(between(one.blocks[i], other.blocks[k]), plain, ratio)) for i, k in matched]
    start = between(one.blocks[matched[0][0]], other.blocks[matched[0][1]])
    if one.framed and other.framed:
        ones = [box for at, box in enumerate(one.blocks) if at not in {i for i, _ in matched}]
        others = [start.back(box) for at, box in enumerate(other.blocks) if at not in {k for _, k in matched}]
        pairs += [(box, [start, *plain]) for box in _inside([*ones, *others], a)]
    return pairs, start


def _inside(boxes: list[Box], a: tuple[int, ...]) -> list[Box]:
    """Return boxes cut to a picture; frames that only one picture seems to have are compared as well."""
    cut = [(max(0, box[0]), max(0, box[1]), min(a[1], box[2]), min(a[0], box[3])) for box in boxes]
    return [box for box in cut if min(box[2] - box[0], box[3] - box[1]) > _LEAST_PANEL]


def _guesses(blocks: Map, plain: list[Map], ratio: Map) -> list[Map]:
    """Return the maps to begin with: not the identity where blocks lie as the pictures' sizes say."""
    scales = ((blocks.x.scale, ratio.x.scale), (blocks.y.scale, ratio.y.scale))
    alike = all(abs(one / other - 1) < _SCALED_ALIKE for one, other in scales)
    return [blocks, ratio] if alike else [blocks, *plain]


def _unlike(one: Box, a: tuple[int, ...], other: Box, b: tuple[int, ...]) -> float:
    places = [one[0] / a[1] - other[0] / b[1], one[1] / a[0] - other[1] / b[0]]
    places += [one[2] / a[1] - other[2] / b[1], one[3] / a[0] - other[3] / b[0]]
    return max(abs(place) for place in places)


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


def _known(its: Parts) -> tuple[Box, ...]:
    """Return the signs that are read apart from what a block shows: those around a body may lie in its block."""
    return its.crossing if its.framed else its.signs


def _with_words(a: Pixels, b: Pixels, panel: Panel, crossing: tuple[Box, ...], theirs: tuple[Box, ...]) -> Panel:
    """Read the words inside a block."""
    left, top, right, bottom = (round(side) for side in panel.where.box(panel.box))
    other = (max(0, left), max(0, top), min(b.shape[1], right), min(b.shape[0], bottom))
    if other[2] - other[0] < 8 or other[3] - other[1] < 8:
        return panel
    sides = []
    for pixels, box, known in ((a, panel.box, crossing), (b, other, theirs)):
        signs, ink = signs_in(pixels, box, pixels.shape[1::-1])
        signs = [sign for sign in signs if not any(covers(grown(over, ROUND), sign) for over in known)]
        sides.append(Side(lines_of(signs, ink, box[:2]), ink, box[:2], among_marks=True))
    said = compare_words(sides[0], sides[1], panel.where, slack=7, axes=not panel.framed)
    return replace(panel, said=[one for one in said if one.is_wordy])
