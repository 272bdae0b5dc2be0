"""Decides what a look at two pictures means, by one small table of thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.legend import beside, excused, stacks
from erc.workers.checker.domain.picture.look import Look
from erc.workers.checker.domain.picture.parts import Box
from erc.workers.checker.domain.picture.said import AGREED, Said

SHOWN = 20
"""How many places are kept."""


@dataclass(frozen=True)
class Thresholds:
    """Where a difference begins; below the first of two it is none, between both it is unsure."""

    marks: tuple[float, float] = (5.0, 16.0)
    """Pixels of a patch times how far (in pixels, less one) nothing like it is near."""
    marks_of_one_drawing: tuple[float, float] = (0.5, 4.0)
    """The same where nearly all pixels of both pictures are alike, and for all patches of a panel together."""
    told: tuple[float, float] = (AGREED, 0.7)
    """How surely two lines say different things, as they are read."""
    all_marks: tuple[float, float] = (30.0, 60.0)
    """All patches of a panel together."""
    lost: tuple[float, float] = (1.0, 2.0)
    """Lines of words that only one picture has."""
    lone: tuple[float, float] = (1.5, 3.0)
    """How many times more than anywhere else two pictures differ in one place or two."""
    same_shapes: float = 0.02
    """In the same picture no glyph differs more as a shape."""


THRESHOLDS = Thresholds()
_UNSURE = 0.99
"""The size of what cannot be told: never enough to call a picture different."""
_OTHER_VIEW = 0.08
"""Patches of less weight a pixel may come from another view of a body alone."""
_LOST_SIGNS = 3
_CLEAR, _SURE = 0.8, 0.95
_MOVED = 0.3


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
    found = [*_marks(look, thresholds), *_words(look, thresholds)]
    if not any(one.size >= 1 for one in found):
        found += _lone(look, thresholds)
    found.sort(key=lambda one: -one.size)
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
    words = max((said.told or 0.0 for said in look.said if said.box and said.other), default=0.0) / thresholds.told[0]
    return max(0.7, 0.99 - 0.25 * min(1.0, max(marks, words) ** 2))


def _marks(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    for panel in look.panels:
        read = excused(panel, [said for said in panel.said if _agrees(said, thresholds)])
        if not panel.framed:
            read += [beside(said) for said in look.said if said.box and said.other and _agrees(said, thresholds)]
        read += [
            beside(said, where=look.where) for said in look.said if not (said.box and said.other) and said.told == 0
        ]
        left = panel.outside(read)
        each, everything = thresholds.marks, thresholds.all_marks
        if look.still:
            each = everything = thresholds.marks_of_one_drawing
        summed = sum(_weight(patch) for patch in left)
        together = _between(summed, everything)
        most = _UNSURE if panel.other_view and summed < _OTHER_VIEW * _area(panel.box) else math.inf
        for patch in left:
            size = _between(_weight(patch), each)
            if size > 0 or (together > 0 and patch.depth > 1):
                yield Found("marks", patch.box, min(most, max(size, together)))


def _lone(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    for lone in look.lone():
        size = _between(lone.times, thresholds.lone)
        if size > 0:
            yield Found("marks", lone.box, size)


def _weight(patch: Patch) -> float:
    return float(patch.area * (patch.depth - 1))


def _agrees(said: Said, thresholds: Thresholds) -> bool:
    return said.agrees(thresholds.told[0])


def _words(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    both = [said for said in look.said if said.box and said.other]
    inside = [said for panel in look.panels for said in panel.said if _stands(said)]
    for said in [*both, *inside]:
        size = _between(said.told or 0.0, thresholds.told)
        if size > 0 and said.box:
            yield Found("words", said.box, _told(said, size), said.read, said.read_other)
    yield from _lost_inside(look, thresholds)
    framed = all(panel.framed for panel in look.panels)
    lost = [
        said
        for said in look.said
        if not (said.box and said.other)
        and said.is_text
        and said.told
        and _letters(said, read=not framed) >= _LOST_SIGNS
    ]
    for said in lost:
        box = said.box or look.where.back(said.other or (0, 0, 0, 0))
        size = _told(said, _between(len(lost) + 0.01, thresholds.lost))
        yield Found("words", box, size, said.read, said.read_other)


def _letters(said: Said, *, read: bool) -> int:
    """Return how many signs a line has; around a surface's axes, which lie aslant, those that are `read`."""
    return sum(sign.isalnum() for sign in said.read or said.read_other) if read else said.count


def _told(said: Said, size: float) -> float:
    return min(_UNSURE, size) if said.crowded else size


def _lost_inside(look: Look, thresholds: Thresholds) -> Iterator[Found]:
    """Find clear words in a panel that only one picture has, where the other has others: no marks lie over them."""
    for panel in look.panels:
        lone = [said for said in panel.said if not (said.box and said.other) and _is_clear(said)]
        if any(said.box for said in lone) and any(said.other for said in lone):
            for said in lone:
                box = said.box or panel.where.back(said.other or (0, 0, 0, 0))
                yield Found("words", box, _between(said.told or 0.0, thresholds.told), said.read, said.read_other)
        agreed = [said for said in panel.said if said.box and said.other and _agrees(said, thresholds)]
        for rows in stacks(panel, agreed):
            for said in rows:
                if said in lone and said.surely >= _SURE:
                    box = said.box or panel.where.back(said.other or (0, 0, 0, 0))
                    yield Found("words", box, _UNSURE, said.read, said.read_other)


def _is_clear(said: Said) -> bool:
    letters = sum(sign.isalnum() for sign in said.read or said.read_other)
    return said.surely >= _CLEAR and letters >= _LOST_SIGNS


def _stands(said: Said) -> bool:
    """Return whether what reads as words inside a panel may differ as words: marks often look like letters."""
    there = said.box is not None and said.other is not None and said.shift < 1
    letters = min(sum(sign.isalnum() for sign in text) for text in (said.read, said.read_other))
    return there and said.surely >= _CLEAR and letters >= _LOST_SIGNS


def _same_picture(look: Look, thresholds: Thresholds) -> bool:
    uneven = abs(look.where.x.scale / look.where.y.scale - 1) > 0.004
    shapes = max((said.odd for said in look.said), default=0.0)
    moved = max((said.shift for said in look.said), default=0.0)
    inside = [said for panel in look.panels for said in panel.said]
    redrawn = any(panel.redrawn for panel in look.panels) or any(said.shift >= _MOVED for said in inside)
    redrawn = redrawn or any(said.told is not None and not (said.box and said.other) for said in [*look.said, *inside])
    return not uneven and not redrawn and not look.other_theme and shapes < thresholds.same_shapes and moved < _MOVED


def _between(value: float, bounds: tuple[float, float]) -> float:
    """Return 0 at the first bound and below, 1 at the second, growing beyond."""
    low, high = bounds
    if value <= low:
        return 0.0
    return (value - low) / (high - low) if value < high else 1 + math.log(value / high)


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])
