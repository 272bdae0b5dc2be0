"""Decides what a look at two pictures means, by one small table of thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.look import Look, Panel
from erc.workers.checker.domain.picture.parts import Box
from erc.workers.checker.domain.picture.reading import Said

SHOWN = 20
"""How many places are kept."""


@dataclass(frozen=True)
class Thresholds:
    """Where a difference begins; below the first of two it is none, between both it is unsure."""

    marks: tuple[float, float] = (5.0, 16.0)
    """Pixels of a patch times how far (in pixels, less one) nothing like it is near."""
    words: tuple[float, float] = (0.12, 0.15)
    """The largest distance of two glyphs as letters."""
    words_of_one_font: tuple[float, float] = (0.06, 0.11)
    odd_of_one_font: tuple[float, float] = (0.05, 0.075)
    """The same as shapes, where all other shapes agree."""
    words_of_one_drawing: tuple[float, float] = (0.03, 0.05)
    odd_of_one_drawing: tuple[float, float] = (0.028, 0.036)
    """The same where nearly all pixels of both pictures are alike."""
    all_marks: tuple[float, float] = (30.0, 60.0)
    """All patches of a panel together."""
    one_font: float = 0.003
    """Figures whose median distance of glyphs as shapes is below this are in one font."""
    lost: tuple[float, float] = (1.0, 2.0)
    """Lines of words that only one picture has."""
    same_shapes: float = 0.02
    """In the same picture no glyph differs more as a shape."""


THRESHOLDS = Thresholds()
_LOST_SIGNS = 3
_CLEAR = 0.045
_LEVEL = 0.6
_STAYS = 2
_WITH_KEYS = (5.0, 1.6, 2.0, 1.6)
"""How far around words their legend reaches: left, above, right, below, in heights."""


@dataclass(frozen=True)
class Found:
    """One difference; `box` in pixels of the first picture as it was looked at."""

    what: str
    """`marks` or `words`."""
    box: Box
    size: float
    """1 at the threshold from where it counts as different, 0 where it is none."""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Decision:
    """What two pictures are to each other."""

    likeness: Likeness
    confidence: float
    """How sure that is, 0.5 to 1."""
    found: tuple[Found, ...]
    share: float
    """Share of the picture that the marked places cover."""


def decide(look: Look, thresholds: Thresholds = THRESHOLDS) -> Decision:
    """Decide what a look means."""
    found = sorted([*_marks(look, thresholds), *_words(look, thresholds)], key=lambda one: -one.size)
    worst = found[0].size if found else 0.0
    share = min(1.0, sum(_area(one.box) for one in found) / max(1, look.size[0] * look.size[1]))
    shown = tuple(found[:SHOWN])
    if worst >= 1:
        return Decision(Likeness.DIFFERENT, _sure(worst), shown, share)
    if worst > 0:
        return Decision(Likeness.UNSURE, 0.5 + abs(worst - 0.5) / 2, shown, share)
    likeness = Likeness.SAME_PICTURE if _same_picture(look, thresholds) else Likeness.OTHER_RENDERING
    return Decision(likeness, _sure_of_none(look, thresholds), (), 0.0)


def _sure(size: float) -> float:
    return min(0.999, 1 - 0.25 / max(1.0, size))


def _sure_of_none(look: Look, thresholds: Thresholds) -> float:
    """Return how far everything stays below where doubt begins."""
    marks = max((_weight(patch) for panel in look.panels for patch in panel.patches), default=0.0) / thresholds.marks[0]
    words = max((said.worst for said in look.said if said.box and said.other), default=0.0) / thresholds.words[0]
    return max(0.7, 0.99 - 0.25 * min(1.0, max(marks, words) ** 2))


def _marks(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    for panel in look.panels:
        read = _read_alike(panel, thresholds)
        left = [patch for patch in panel.patches if not any(_covers(area, patch.box) for area in read)]
        together = _between(sum(_weight(patch) for patch in left), thresholds.all_marks)
        for patch in left:
            size = _between(_weight(patch), thresholds.marks)
            if size > 0 or (together > 0 and patch.depth > 1):
                yield Found("marks", patch.box, max(size, together))


def _weight(patch: Patch) -> float:
    return float(patch.area * (patch.depth - 1))


def _read_alike(panel: Panel, thresholds: Thresholds) -> list[Box]:
    """Return the places of words inside a panel that say the same but look otherwise, with their legend's keys."""
    areas = []
    for said in panel.said:
        if said.box is None or said.other is None or said.worst > thresholds.words[0]:
            continue
        other = _back(panel, said.other)
        if said.equal and all(abs(one - two) <= _STAYS for one, two in zip(said.box, other, strict=True)):
            continue
        box = _around(said.box, other)
        if not any(_touches(box, patch.box) for patch in panel.patches):
            continue
        high = max(6, min(said.box[3] - said.box[1], said.box[2] - said.box[0]))
        left, top, right, bottom = _WITH_KEYS
        areas.append(
            (
                round(box[0] - left * high),
                round(box[1] - top * high),
                round(box[2] + right * high),
                round(box[3] + bottom * high),
            )
        )
    return [_around_all(areas), *areas] if len(areas) > 1 and _stacked(areas) else areas


def _stacked(areas: list[Box]) -> bool:
    """Return whether the words stand over one another as in one legend."""
    tall = max(area[3] for area in areas) - min(area[1] for area in areas)
    return tall <= 1.3 * sum(area[3] - area[1] for area in areas)


def _words(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    both = [said for said in look.said if said.box and said.other]
    one_font = bool(both) and median(said.shapes for said in both) < thresholds.one_font
    inside = [said for panel in look.panels for said in panel.said if _stands(said)]
    words, odd = _bounds(thresholds, still=look.still, one_font=one_font)
    for said in [*both, *inside]:
        size = _between(said.worst, words)
        if odd and said.worst > words[0] / 2:
            size = max(size, _between(said.odd, odd))
        if size > 0 and said.box:
            yield Found("words", said.box, size, said.read, said.read_other)
    lost = [said for said in look.said if not (said.box and said.other) and said.is_text and said.count >= _LOST_SIGNS]
    for said in lost:
        box = said.box or _mapped_back(look, said.other)
        yield Found("words", box, _between(len(lost) + 0.01, thresholds.lost), said.read, said.read_other)


def _bounds(
    thresholds: Thresholds, *, still: bool, one_font: bool
) -> tuple[tuple[float, float], tuple[float, float] | None]:
    if still:
        return thresholds.words_of_one_drawing, thresholds.odd_of_one_drawing
    if one_font:
        return thresholds.words_of_one_font, thresholds.odd_of_one_font
    return thresholds.words, None


def _stands(said: Said) -> bool:
    """Return whether what reads as words inside a panel may differ as words: marks often look like letters."""
    there = said.box is not None and said.other is not None and said.shift < 1
    return there and said.sure <= _CLEAR and said.level >= _LEVEL and said.count >= _LOST_SIGNS


def _same_picture(look: Look, thresholds: Thresholds) -> bool:
    uneven = abs(look.where.x.scale / look.where.y.scale - 1) > 0.004
    shapes = max((said.odd for said in look.said), default=0.0)
    moved = max((said.shift for said in look.said), default=0.0)
    return not uneven and shapes < thresholds.same_shapes and moved < 0.3


def _between(value: float, bounds: tuple[float, float]) -> float:
    """Return 0 at the first bound and below, 1 at the second, growing beyond."""
    low, high = bounds
    if value <= low:
        return 0.0
    return (value - low) / (high - low) if value < high else 1 + math.log(value / high)


def _touches(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _around_all(boxes: list[Box]) -> Box:
    box = boxes[0]
    for other in boxes[1:]:
        box = _around(box, other)
    return box


def _covers(area: Box, box: Box) -> bool:
    return area[0] <= box[0] and area[1] <= box[1] and box[2] <= area[2] and box[3] <= area[3]


def _back(panel: Panel, box: Box) -> Box:
    x, y = panel.where.x, panel.where.y
    left, right = ((side - x.shift) / x.scale for side in (box[0], box[2]))
    top, bottom = ((side - y.shift) / y.scale for side in (box[1], box[3]))
    return round(left), round(top), round(right), round(bottom)


def _mapped_back(look: Look, box: Box | None) -> Box:
    return _back(Panel((0, 0, 0, 0), look.where, []), box) if box else (0, 0, 0, 0)


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])
