"""Compares the words of two pictures: glyph by glyph where they are drawn alike, else by what a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from erc.workers.checker.domain.picture.glyphs import Glyph, distances, read
from erc.workers.checker.domain.picture.letters_net import Reading, line_read
from erc.workers.checker.domain.picture.parts import Box, Pixels, grown
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.said import Said
from erc.workers.checker.domain.picture.told import unlike
from erc.workers.checker.domain.picture.words import Words, cut

_LOST = 0.30
"""What a glyph costs that has no counterpart."""
_SHAPE = 2.0
"""What a distance as shapes weighs beside one as letters."""
_AGREES, _ODD = 0.03, 0.028
"""Lines whose glyphs are all so near, as letters and as shapes, say the same and are not read."""
_NO_LETTERS = 0.1
"""Lines whose glyphs are further than this from known letters are marks, and are not read."""
_UPSIDE_DOWN, _ONE_ROW = 0.6, 1.5
_READS, _UNDECIDED = 400, 0.55
_WORD = 2
"""Among marks what reads as fewer letters is a mark, and is not read once more."""
_MORE = ((0, 1.0), (2, 1.0), (4, 1.0), (1, 1.4), (1, 0.8))
"""So many pixels around lines are read too where they do not agree, and drawn so much wider.

Signs may touch what is no sign, and narrow ones may touch one another.
"""


@dataclass(frozen=True)
class Side:
    """The lines of words of one picture, with what they are cut from."""

    lines: list[Words]
    ink: Pixels
    offset: tuple[int, int] = (0, 0)
    among_marks: bool = False
    """Whether the lines lie in a block: what does not look like letters there is not read."""
    known: dict[tuple[Box, bool, float], Reading] = field(default_factory=dict, compare=False)
    """What was read already."""

    def read(self, box: Box, *, upright: bool, stretch: float = 1.0) -> Reading:
        """Return what stands in a box; words that are not upright are read from bottom to top, else from top down.

        After `_READS` boxes nothing more is read; what a box then says is not decided.
        """
        key = (box, upright, stretch)
        if len(self.known) >= _READS and key not in self.known:
            return Reading(f"{box}", (_UNDECIDED,) * len(f"{box}"))
        if key not in self.known:
            part = self.part(box)
            found = line_read(part if upright else np.rot90(part, -1), stretch)
            if not upright and found.surely < _UPSIDE_DOWN:
                found = max(found, line_read(np.rot90(part), stretch), key=lambda one: one.surely)
            self.known[key] = found
        return self.known[key]

    def picture(self, line: Words) -> Pixels:
        """Return the ink of a line."""
        (left, top, right, bottom), (x, y) = line.box, self.offset
        return self.ink[max(0, top - y) : bottom - y, max(0, left - x) : right - x]

    def cuts(self, box: Box, *, upright: bool) -> bool:
        """Return whether the picture's edge cuts words along their length: they cannot be read."""
        across = 1 if upright else 0
        return not self.among_marks and (box[across] <= 0 or box[across + 2] >= self.ink.shape[1 - across])

    def part(self, box: Box) -> Pixels:
        """Return the ink of a box of the picture, as far as it lies in it."""
        (left, top, right, bottom), (x, y) = box, self.offset
        return self.ink[max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)]


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
        return _lone(first, second, one, other)
    upright = max((*one, *other), key=lambda line: line.signs).upright
    one, other = ([replace(line, upright=upright) for line in lines] for lines in (one, other))
    shift = far(where.box(tuple(float(side) for side in box)), beside, upright)  # type: ignore[arg-type]
    if len(one) == len(other) == 1 and np.array_equal(first.picture(one[0]), second.picture(other[0])):
        return Said(box, beside, 0.0, 0.0, one[0].signs, shift=shift, equal=True)
    if first.cuts(box, upright=upright) or second.cuts(beside, upright=upright):
        return Said(box, beside, 0.0, 0.0, one[0].signs, shift=shift, told=0.0)
    found = _apart(_glyphs(first, one), _glyphs(second, other))
    found = replace(found, box=box, other=beside, shift=shift)
    alike = found.worst < _AGREES and found.odd < _ODD and (found.is_text or not first.among_marks)
    if alike or (first.among_marks and found.sure > _NO_LETTERS):
        return found
    return _told(first, second, one, other, found, where)


def _lone(first: Side, second: Side, one: list[Words], other: list[Words]) -> Said:
    """Return what lines say that only one of both sides has."""
    side, lines = (first, one) if one else (second, other)
    text, sure = read(_glyphs(side, lines))
    known = float(np.median(sure)) if len(sure) else 1.0
    said = Said(around(one), around(other), _LOST if text else 0.0, _LOST, len(text), sure=known)
    if not text or (side.among_marks and known > _NO_LETTERS):
        return replace(said, read=text if one else "", read_other="" if one else text)
    reading = _text(side, lines)
    both = (reading.text, "") if one else ("", reading.text)
    return replace(said, told=1.0, surely=reading.surely, read=both[0], read_other=both[1])


def _told(first: Side, second: Side, one: list[Words], other: list[Words], found: Said, where: Map) -> Said:
    """Read lines whose glyphs do not agree as they are; once more with all that stands where the other's do."""
    a, b = _text(first, one), _text(second, other)
    apart = unlike(a, b)
    if apart and found.box and found.other and not (first.among_marks and _is_no_word(a) and _is_no_word(b)):
        upright = one[0].upright
        boxes = _joined(found.box, where.back(found.other)), _joined(found.other, _rounded(where.box(found.box)))
        tries = [(a, b)]
        for more, stretch in _MORE:
            ones = first.read(grown(boxes[0], more), upright=upright, stretch=stretch)
            others = second.read(grown(boxes[1], more), upright=upright, stretch=stretch)
            tries += [(ones, others), (a, others), (ones, b)]
            a, b = min(tries, key=lambda both: unlike(*both))
            if unlike(a, b) == 0:
                break
        apart = unlike(a, b)
    return replace(
        found,
        told=apart,
        surely=min(a.surely, b.surely),
        read=a.text,
        read_other=b.text,
        count=max(len(a.text), len(b.text)),
    )


def _is_no_word(reading: Reading) -> bool:
    return sum(sign.isalnum() for sign in reading.text) < _WORD


def _text(side: Side, lines: Sequence[Words]) -> Reading:
    """Return what lines say, in the order in which they stand."""
    upright = lines[0].upright
    box = around(list(lines))
    if box and _is_one_row(lines, box):
        return side.read(box, upright=upright)
    read_lines = [side.read(line.box, upright=upright) for line in _in_order(lines)]
    return Reading("".join(one.text for one in read_lines), tuple(sure for one in read_lines for sure in one.sure))


def _is_one_row(lines: Sequence[Words], box: Box) -> bool:
    across = 1 if lines[0].upright else 0
    high = max(line.box[across + 2] - line.box[across] for line in lines)
    return box[across + 2] - box[across] <= _ONE_ROW * high


def _joined(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _rounded(box: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (round(side) for side in box)
    return left, top, right, bottom


def _apart(a: list[Glyph], b: list[Glyph]) -> Said:
    """Compare two lines glyph by glyph, as they are: where they have not equally many, one is lost."""
    (text, sure), (said, certain) = read(a), read(b)
    known = float(np.median(np.concatenate([sure, certain]))) if a or b else 1.0
    worst = odd = _LOST if a or b else 0.0
    if a and len(a) == len(b):
        letters, shapes = (table.diagonal() for table in distances(a, b))
        worst, odd = float(np.minimum(letters, _SHAPE * shapes).max()), float(shapes.max())
    return Said(None, None, worst, odd, max(len(a), len(b)), text, said, known)


def _glyphs(side: Side, lines: Sequence[Words]) -> list[Glyph]:
    """Return the glyphs of lines in the order in which they are read."""
    cuts = [cut(line, side.ink, side.offset) for line in _in_order(lines)]
    return [one.glyph(at) for one in cuts for at in range(len(one.boxes))]


def _in_order(lines: Sequence[Words]) -> list[Words]:
    along = 0 if lines[0].upright else 1
    return sorted(lines, key=lambda line: line.box[along], reverse=along == 1)


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
