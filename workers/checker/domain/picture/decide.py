"""Decides what a look at two pictures means, by one small table of thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.legend import beside, excused
from erc.workers.checker.domain.picture.look import Look
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
    words_of_like_fonts: tuple[float, float] = (0.085, 0.11)
    """The same where a line's shapes mostly agree, as in one font of two sizes."""
    like_fonts: float = 0.02
    """The median distance of a line's glyphs as shapes, below which it does so."""
    words_of_one_font: tuple[float, float] = (0.06, 0.11)
    odd_of_one_font: tuple[float, float] = (0.05, 0.075)
    """The same as shapes, where all other shapes agree."""
    words_of_one_drawing: tuple[float, float] = (0.03, 0.05)
    odd_of_one_drawing: tuple[float, float] = (0.028, 0.036)
    """The same where nearly all pixels of both pictures are alike."""
    elastic: tuple[float, float] = (0.21, 0.235)
    """How unlike two lines are as wholes; below the first they say the same whatever their glyphs."""
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
_ENOUGH = 6
"""So many glyphs tell whether two fonts are alike."""
_DIGITS = "0123456789OoIlSs°.-+~²]["
_ALIGNED, _TICKS = 2, 2
_APART = 0.5


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
        read = excused(panel, [said for said in panel.said if _agrees(said, thresholds)])
        if not panel.framed:
            read += [beside(said) for said in look.said if said.box and said.other and _agrees(said, thresholds)]
        left = [patch for patch in panel.patches if not any(_covers(area, patch.box) for area in read)]
        together = _between(sum(_weight(patch) for patch in left), thresholds.all_marks)
        for patch in left:
            size = _between(_weight(patch), thresholds.marks)
            if size > 0 or (together > 0 and patch.depth > 1):
                yield Found("marks", patch.box, max(size, together))


def _weight(patch: Patch) -> float:
    return float(patch.area * (patch.depth - 1))


def _agrees(said: Said, thresholds: Thresholds) -> bool:
    return said.worst <= thresholds.words[0] or said.elastic <= thresholds.elastic[0]


def _words(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    both = [said for said in look.said if said.box and said.other]
    one_font = bool(both) and median(said.shapes for said in both) < thresholds.one_font
    inside = [said for panel in look.panels for said in panel.said if _stands(said)]
    words, odd = _bounds(thresholds, still=look.still, one_font=one_font)
    for said in [*both, *inside]:
        alike = words == thresholds.words and said.shapes < thresholds.like_fonts and said.count >= _ENOUGH
        bound = thresholds.words_of_like_fonts if alike else words
        size = _between(said.worst / _legible(said), bound)
        if odd and said.worst > words[0] / 2:
            size = max(size, _between(said.odd, odd))
        if size > 0 and not look.still:
            size = min(size, _between(said.elastic, thresholds.elastic))
        if size > 0 and said.box and not _other_breaks(said, both, look):
            yield Found("words", said.box, size, said.read, said.read_other)
    lost = [
        said
        for said in look.said
        if not (said.box and said.other) and said.is_text and said.count >= _LOST_SIGNS and not _is_tick(said, both)
    ]
    for said in lost:
        box = said.box or look.where.back(said.other or (0, 0, 0, 0))
        yield Found("words", box, _between(len(lost) + 0.01, thresholds.lost), said.read, said.read_other)


def _other_breaks(said: Said, both: list[Said], look: Look) -> bool:
    """Return whether two numbers stand at two places of one axis: it has other breaks."""
    if not said.box or not said.other or said not in both:
        return False
    mapped = look.where.box(said.box)
    off = max(abs(mapped[at] + mapped[at + 2] - said.other[at] - said.other[at + 2]) / 2 for at in (0, 1))
    high = min(said.box[3] - said.box[1], said.box[2] - said.box[0])
    return off > _APART * high and all(
        _is_tick(lone, both) for lone in (replace(said, other=None, read_other=""), replace(said, box=None, read=""))
    )


def _legible(said: Said) -> float:
    """Return by how much glyphs may lie further apart, 1 to 1.5, since they are hard to read anyway."""
    return 1 + 0.5 * min(1.0, max(0.0, (said.sure - 0.04) / 0.04))


def _is_tick(said: Said, both: list[Said]) -> bool:
    """Return whether a lost line is a number in a row or column of others: an axis with more or fewer breaks."""
    text = said.read or said.read_other
    if sum(sign in _DIGITS for sign in text) < 0.8 * len(text):
        return False
    here = said.box or said.other or (0, 0, 0, 0)
    beside = [one.box if said.box else one.other for one in both if one.worst < THRESHOLDS.words[0]]
    aligned = [[box for box in beside if box and abs(box[at] - here[at]) <= _ALIGNED] for at in (1, 2, 3)]
    return max(len(boxes) for boxes in aligned) >= _TICKS


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
    letters = min(sum(sign.isalnum() for sign in text) for text in (said.read, said.read_other))
    return there and said.sure <= _CLEAR and said.level >= _LEVEL and letters >= _LOST_SIGNS


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


def _covers(area: Box, box: Box) -> bool:
    return area[0] <= box[0] and area[1] <= box[1] and box[2] <= area[2] and box[3] <= area[3]


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])
