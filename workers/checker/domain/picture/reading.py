"""Compares the words of two pictures glyph by glyph, in whatever fonts they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from erc.workers.checker.domain.picture.elastic import apart
from erc.workers.checker.domain.picture.glyphs import Array, Glyph, distances, read
from erc.workers.checker.domain.picture.parts import Box, Pixels
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.words import Words, cut

_LOST = 0.30
"""What a glyph costs that has no counterpart."""
_MERGE = 0.012
"""What each piece costs that is taken together with another: letters touch, or fall apart, in one font only."""
_JOINED = 3
_SHAPE, _SHAPE_OF_SOME = 2.0, 3.0
"""What a distance as shapes weighs beside one as letters: for a letter, and for some taken together."""
_AGREES, _ENOUGH = 0.03, 0.055
"""No further try where all glyphs are so near: at first, and after the plain tries."""
_ALIKE = 0.2
"""Lines less unlike as wholes need not be read further."""
_PLAIN = 2
"""The try after which lines are compared as wholes."""
_MORE = 1.2
"""So many heights beyond a line's ends may hold a sign that belongs to it."""
_USUAL = 0.45
_TRIES = (
    (0.45, 0.45, 1), (0.45, 0.45, _JOINED), (-0.45, -0.45, _JOINED), (0.6, 0.6, _JOINED), (0.33, 0.33, _JOINED),
    (-0.33, -0.33, _JOINED), (-0.6, -0.6, _JOINED), (0.45, 0.6, _JOINED), (0.6, 0.45, _JOINED),
)  # fmt: skip
"""Thresholds of ink for both sides (negative: wide pieces are split) and how many pieces may be taken together."""


@dataclass(frozen=True)
class Side:
    """The lines of words of one picture, with what they are cut from."""

    lines: list[Words]
    ink: Pixels
    offset: tuple[int, int] = (0, 0)

    def picture(self, line: Words) -> Pixels:
        """Return the ink of a line."""
        (left, top, right, bottom), (x, y) = line.box, self.offset
        return self.ink[max(0, top - y) : bottom - y, max(0, left - x) : right - x]

    def turned(self, line: Words, more: float = 0.0) -> Pixels:
        """Return the ink of a line, read from left to right, with so many heights more at both ends."""
        left, top, right, bottom = line.box
        room = round(more * (bottom - top if line.upright else right - left))
        if line.upright:
            return self.part((left - room, top, right + room, bottom))
        return np.rot90(self.part((left, top - room, right, bottom + room)), -1)

    def part(self, box: Box) -> Pixels:
        """Return the ink of a box of the picture, as far as it lies in it."""
        (left, top, right, bottom), (x, y) = box, self.offset
        return self.ink[max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)]


@dataclass(frozen=True)
class Said:
    """How lines of the first picture compare with those of the second that stand at their place."""

    box: Box | None
    """In pixels of the first; None when it has nothing there."""
    other: Box | None
    worst: float
    """The largest distance of two glyphs as letters; about 0 when they may be the same."""
    shapes: float
    """The median distance of glyphs as shapes: about 0 in one font."""
    odd: float
    """The largest distance as shapes."""
    count: int
    """How many glyphs the longer side has."""
    read: str = ""
    read_other: str = ""
    sure: float = 0.0
    """How far half of the glyphs are from known letters at most; above about 0.05 it is hardly text."""
    shift: float = 0.0
    """How far apart both stand, in letters' heights."""
    elastic: float = 1.0
    """How unlike both are as wholes where they are most so, 0 to 1; known where glyphs do not agree."""
    level: float = 1.0
    """Which share of the glyphs stands on one line: most letters do, marks do not."""
    equal: bool = False
    """Whether they are alike pixel by pixel; then nothing is read."""

    @property
    def is_text(self) -> bool:
        """Whether it reads as words."""
        return (self.equal and self.count > 1) or (self.sure < 0.05 and len(set(self.read)) > 1)


def far(one: tuple[float, float, float, float], other: Box, upright: bool) -> float:
    """Return how far two lines are apart across and along their direction, in heights."""
    along, across = (0, 1) if upright else (1, 0)
    height = max(4.0, other[across + 2] - other[across], one[across + 2] - one[across])
    off = abs(one[across] + one[across + 2] - other[across] - other[across + 2]) / 2
    gap = max(0.0, one[along] - other[along + 2], other[along] - one[along + 2])
    middle = abs(one[along] + one[along + 2] - other[along] - other[along + 2]) / 2
    return float((off + gap + 0.05 * middle) / height)


def compared(first: Side, second: Side, one: list[Words], other: list[Words], where: Map) -> Said:
    """Compare lines of one picture with those of another; where one side has none, the other's are lost."""
    box, beside = around(one), around(other)
    if box is None or beside is None:
        lone = _sequence(first, one, _USUAL, 1) if one else _sequence(second, other, _USUAL, 1)
        text, sure = read([glyphs[0] for glyphs in lone])
        said = (text, "") if one else ("", text)
        known = float(np.median(sure)) if len(sure) else 1.0
        return Said(box, beside, _LOST if text else 0.0, 0.0, _LOST, len(text), *said, known, 0.0)
    upright = max((*one, *other), key=lambda line: line.signs).upright
    one, other = ([replace(line, upright=upright) for line in lines] for lines in (one, other))
    shift = far(where.box(tuple(float(side) for side in box)), beside, upright)  # type: ignore[arg-type]
    if len(one) == len(other) == 1 and np.array_equal(first.picture(one[0]), second.picture(other[0])):
        return Said(box, beside, 0.0, 0.0, 0.0, one[0].signs, shift=shift, equal=True)
    best: Said | None = None
    ours = lru_cache(partial(_sequence, first, tuple(one)))
    theirs = lru_cache(partial(_sequence, second, tuple(other)))
    for at, (a_threshold, b_threshold, joined) in enumerate(_TRIES):
        a, b = ours(a_threshold, joined), theirs(b_threshold, joined)
        found = replace(_aligned(a, b), box=box, other=beside, shift=shift)
        if best is None or found.worst < best.worst:
            best = replace(found, elastic=best.elastic if best else 1.0)
        if at == _PLAIN and best.worst >= _AGREES:
            best = replace(best, elastic=_elastic(first, second, one, other))
        if best.worst < (_AGREES if at < _PLAIN else _ENOUGH) or best.elastic < _ALIKE:
            break
    assert best is not None
    return best


def _elastic(first: Side, second: Side, one: Sequence[Words], other: Sequence[Words]) -> float:
    """Return how unlike two lines are as wholes, 1 where they are no single lines."""
    if len(one) != 1 or len(other) != 1:
        return 1.0
    a, b = first.turned(one[0]), second.turned(other[0])
    found = apart(a, b)
    if found <= _ALIKE:
        return found
    return min(found, apart(a, second.turned(other[0], _MORE)), apart(first.turned(one[0], _MORE), b))


def _aligned(a: list[list[Glyph]], b: list[list[Glyph]]) -> Said:
    """Compare two lines; each is, for each place, its glyphs of one, two and three pieces from there."""
    (text, sure), (said, certain) = read([glyphs[0] for glyphs in a]), read([glyphs[0] for glyphs in b])
    known = float(np.median(np.concatenate([sure, certain]))) if a or b else 1.0
    if not a or not b:
        lost = _LOST if a or b else 0.0
        return Said(None, None, lost, 0.0, lost, max(len(a), len(b)), text, said, known)
    flat_a, flat_b = [glyph for glyphs in a for glyph in glyphs], [glyph for glyphs in b for glyph in glyphs]
    letters, shapes = distances(flat_a, flat_b)
    many = _counts(a)[:, None] + _counts(b)[None, :] > 2
    cost = np.minimum(letters, np.where(many, _SHAPE_OF_SOME, _SHAPE) * shapes)
    steps = _path(cost, [len(glyphs) for glyphs in a], [len(glyphs) for glyphs in b])
    alike = [float(shapes[i, k]) for _, i, k in steps if i >= 0]
    odd = max((float(shapes[i, k]) if i >= 0 else cost for cost, i, k in steps), default=0.0)
    return Said(
        box=None,
        other=None,
        worst=max(cost for cost, _, _ in steps),
        shapes=float(np.median(alike)) if alike else 1.0,
        odd=odd,
        count=max(len(a), len(b)),
        read=text,
        read_other=said,
        sure=known,
        level=min(_level(a), _level(b)),
    )


def _level(line: list[list[Glyph]]) -> float:
    bottoms = np.array([glyphs[0].bottom for glyphs in line])
    return float((np.abs(bottoms - np.median(bottoms)) < 0.15).mean())


def _counts(line: list[list[Glyph]]) -> NDArray[np.int64]:
    """Return of how many pieces each glyph is."""
    return np.array([count for glyphs in line for count in range(1, len(glyphs) + 1)])


def _sequence(side: Side, lines: Sequence[Words], threshold: float, joined: int) -> list[list[Glyph]]:
    """Return, for each piece of the lines from left to right, its glyph alone and joined with those after it."""
    along = 0 if lines[0].upright else 1
    ordered = sorted(lines, key=lambda line: line.box[along], reverse=along == 1)
    found = []
    for line in ordered:
        cut_line = cut(line, side.ink, side.offset, abs(threshold), finely=threshold < 0)
        pieces = len(cut_line.boxes)
        found += [
            [cut_line.glyph(at, count) for count in range(1, min(joined, pieces - at) + 1)] for at in range(pieces)
        ]
    return found


def _path(cost: Array, a: list[int], b: list[int]) -> list[tuple[float, int, int]]:
    """Align two lines; `a` and `b` say how many glyphs start at each of their pieces.

    Each step is (cost, glyph of a, glyph of b), -1 and -1 where a piece has no counterpart.
    """
    rows, columns = len(a), len(b)
    starts_a, starts_b = np.concatenate([[0], np.cumsum(a)]), np.concatenate([[0], np.cumsum(b)])
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    back: dict[tuple[int, int], tuple[int, int, float, int, int]] = {}
    band = abs(rows - columns) + 8
    for i in range(rows + 1):
        for k in range(max(0, i - band), min(columns, i + band) + 1):
            if not np.isfinite(total[i, k]):
                continue
            for di, dk, step, x, y in _moves(cost, a, b, starts_a, starts_b, i, k):
                if total[i, k] + step < total[i + di, k + dk]:
                    total[i + di, k + dk] = total[i, k] + step
                    back[i + di, k + dk] = (i, k, step, x, y)
    steps = []
    at = (rows, columns)
    while at in back:
        i, k, step, x, y = back[at]
        steps.append((step, x, y))
        at = (i, k)
    return steps[::-1] if steps and at == (0, 0) else [(_LOST, -1, -1)]


def _moves(
    cost: Array, a: list[int], b: list[int], starts_a: np.ndarray, starts_b: np.ndarray, i: int, k: int
) -> list[tuple[int, int, float, int, int]]:
    moves = []
    if i < len(a):
        moves.append((1, 0, _LOST, -1, -1))
    if k < len(b):
        moves.append((0, 1, _LOST, -1, -1))
    if i < len(a) and k < len(b):
        for di in range(a[i]):
            for dk in range(b[k]):
                if di == dk > 0:
                    continue
                x, y = int(starts_a[i]) + di, int(starts_b[k]) + dk
                moves.append((di + 1, dk + 1, float(cost[x, y]) + _MERGE * (di + dk), x, y))
    return moves


def around(lines: list[Words]) -> Box | None:
    """Return the box around lines, None around none."""
    if not lines:
        return None
    boxes = [line.box for line in lines]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
