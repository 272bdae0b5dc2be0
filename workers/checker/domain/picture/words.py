"""Finds lines of words among small signs and cuts them into glyphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from erc.workers.checker.domain.picture.glyphs import Glyph, shape
from erc.workers.checker.domain.picture.parts import INK, Box, Pixels

_BRIDGE = 0.62
"""Signs closer than this share of a letter's height belong to one line: the room between two words."""
_WIDE_BRIDGE = 0.95
_HEIGHT = 36
"""A line's picture is brought to about this height before it is cut into glyphs."""
_KEY = 7
_LEAST_INK = 0.45
"""Pieces are where more than this share of the strongest ink is."""
_CROWDED, _CROWDED_LONG = 0.25, 0.5
"""So many of a column's signs may have neighbours in a row: a long title beside numbers, not their last digits."""
_ASLANT, _SHARED, _SPLIT_AT_MOST = 1.6, 0.35, 120
"""Chains so much higher than their tallest sign are split; neighbours share so much of the smaller one's height."""
_LINES_KEPT = 200
_DOTS_KEPT = 100
_GLYPHS_KEPT = 120


@dataclass(frozen=True)
class Words:
    """A line of words in a picture."""

    box: Box
    upright: bool
    """Whether it is read from left to right; else from bottom to top."""
    signs: int


def lines_of(signs: list[Box] | tuple[Box, ...], ink: Pixels, offset: tuple[int, int] = (0, 0)) -> list[Words]:
    """Join signs to lines of words; `ink` is what they were found in, `offset` where its corner lies in the picture."""
    boxes = [box for box in signs if max(box[2] - box[0], box[3] - box[1]) >= 2 and not _is_key(box, ink, offset)]
    sides = [(box[2] - box[0], box[3] - box[1]) for box in boxes if min(box[2] - box[0], box[3] - box[1]) >= 3]
    tall = [min(max(side), 2 * min(side)) for side in sides]
    if not tall:
        return []
    height = float(np.percentile(tall, 75))
    across, down = (_chains(boxes, ink.shape, offset, height, upright=upright) for upright in (True, False))
    beside = {box: _around(group) for group in across for box in group}
    columns = [group for group in down if _is_column(group, beside, height)]
    taken = {box for group in columns for box in group}
    rest = [box for box in boxes if box not in taken]
    rows = _chains(rest, ink.shape, offset, _WIDE_BRIDGE / _BRIDGE * height, upright=True)
    lines = [Words(_around(group), False, len(group)) for group in columns]
    lines += [Words(_around(group), True, len(group)) for group in _dotted([row for row in rows if row], height)]
    return [line for line in lines if _is_line(line, height)][:_LINES_KEPT]


def _is_key(box: Box, ink: Pixels, offset: tuple[int, int]) -> bool:
    """Return whether a sign is a filled square: a key of a legend, no letter."""
    left, top, right, bottom = box[0] - offset[0], box[1] - offset[1], box[2] - offset[0], box[3] - offset[1]
    if min(right - left, bottom - top) < _KEY:
        return False
    return float((ink[top:bottom, left:right] > INK).mean()) > 0.93


def _dotted(rows: list[list[Box]], height: float) -> list[list[Box]]:
    """Give dots that stand alone back to the row right below them."""
    boxes = [_around(row) for row in rows]
    dots = [at for at, box in enumerate(boxes) if max(box[2] - box[0], box[3] - box[1]) < 0.45 * height]
    gone = set()
    for at in dots[:_DOTS_KEPT]:
        dot = boxes[at]
        for k, box in enumerate(boxes):
            if (
                k not in dots
                and box[0] - 1 <= dot[0]
                and dot[2] <= box[2] + 1
                and -1 <= box[1] - dot[3] <= 0.35 * height
            ):
                rows[k] = [*rows[k], *rows[at]]
                gone.add(at)
                break
    return [row for at, row in enumerate(rows) if at not in gone]


@dataclass(frozen=True)
class Cut:
    """A line of words cut into glyphs from left to right."""

    image: Image.Image
    """Its ink, 0 to 255."""
    boxes: list[list[int]]

    def glyph(self, at: int) -> Glyph:
        """Return one of its glyphs."""
        left, upper, right, lower = self.boxes[at]
        top, bottom = min(one[1] for one in self.boxes), max(one[3] for one in self.boxes)
        drawn, proportion = shape(self.image, (left, upper, right, lower))
        tall = max(1, bottom - top)
        return Glyph(drawn, proportion, (upper - top) / tall, (lower - top) / tall)


def cut(line: Words, ink: Pixels, offset: tuple[int, int]) -> Cut:
    """Cut a line of words where little of its strongest ink lies."""
    left, top, right, bottom = line.box
    top, bottom, left, right = top - offset[1], bottom - offset[1], left - offset[0], right - offset[0]
    area = np.pad(ink[max(0, top) : bottom, max(0, left) : right], 1)
    if not line.upright:
        area = np.rot90(area, -1)
    factor = max(1.0, min(6.0, _HEIGHT / area.shape[0]))
    size = round(area.shape[1] * factor), round(area.shape[0] * factor)
    large = np.asarray(Image.fromarray(np.ascontiguousarray(area)).resize(size, Image.Resampling.BICUBIC))
    strong = max(20.0, float(np.percentile(large, 99.5)))
    inked = np.clip(large * (255 / strong), 0, 255).astype(np.uint8)
    return Cut(Image.fromarray(inked), _joined(inked > 255 * _LEAST_INK, 0.9 * factor))


def _joined(mask: np.ndarray, least: float) -> list[list[int]]:
    """Return the boxes of pieces from left to right; those that lie over one another are one."""
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3), dtype=np.uint8))
    boxes = [[x.start, y.start, x.stop, y.stop] for y, x in ndimage.find_objects(labels)]
    joined: list[list[int]] = []
    for box in sorted(box for box in boxes if max(box[2] - box[0], box[3] - box[1]) >= least):
        if joined and _over(joined[-1], box):
            last = joined[-1]
            joined[-1] = [min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])]
        else:
            joined.append(box)
    return joined[:_GLYPHS_KEPT]


def _over(one: list[int], other: list[int]) -> bool:
    """Return whether two pieces are one letter: one lies over the other."""
    shared = min(one[2], other[2]) - max(one[0], other[0])
    return shared >= 0.5 * min(one[2] - one[0], other[2] - other[0])


def _chains(
    boxes: list[Box], size: tuple[int, ...], offset: tuple[int, int], height: float, *, upright: bool
) -> list[list[Box]]:
    reach = max(1, round(_BRIDGE * height))
    mask = np.zeros(size[:2], dtype=bool)
    x, y = offset
    for left, top, right, bottom in boxes:
        if upright:
            mask[top - y : bottom - y, max(0, left - x) : right - x + reach] = True
        else:
            mask[max(0, top - y) : bottom - y + reach, left - x : right - x] = True
    labels, count = ndimage.label(mask)
    groups: list[list[Box]] = [[] for _ in range(count + 1)]
    for box in boxes:
        groups[int(labels[box[1] - y, box[0] - x])].append(box)
    return [row for group in groups if group for row in (_in_rows(group, reach) if upright else [group])]


def _in_rows(group: list[Box], reach: int) -> list[list[Box]]:
    """Split a chain whose signs lie aslant, as the numbers of an axis in three dimensions do: each begins a row."""
    low, high = min(box[1] for box in group), max(box[3] for box in group)
    if high - low < _ASLANT * max(box[3] - box[1] for box in group) or len(group) > _SPLIT_AT_MOST:
        return [group]
    linked = np.array([[_in_a_row(one, other, reach) for other in group] for one in group])
    count, labels = connected_components(linked, directed=False)
    return [[box for box, label in zip(group, labels, strict=True) if label == at] for at in range(count)]


def _in_a_row(one: Box, other: Box, reach: int) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    gap = max(one[0], other[0]) - min(one[2], other[2])
    return shared >= _SHARED * min(one[3] - one[1], other[3] - other[1]) and gap <= reach


def _is_column(group: list[Box], beside: dict[Box, Box], height: float) -> bool:
    """Return whether signs stand over one another like turned words: none has neighbours to its left or right."""
    left, top, right, bottom = _around(group)
    if len(group) < 2 or right - left > 1.7 * height or bottom - top < 1.25 * max(height, right - left):
        return False
    if len(group) < 4 and any(max(box[2] - box[0], box[3] - box[1]) < 0.6 * height for box in group):
        return False
    crowded = sum(beside[box][2] - beside[box][0] > 1.7 * height for box in group)
    long = len(group) >= 5 and bottom - top >= 4 * height
    return crowded <= (_CROWDED_LONG if long else _CROWDED) * len(group)


def _is_line(line: Words, height: float) -> bool:
    wide, high = line.box[2] - line.box[0], line.box[3] - line.box[1]
    thick = high if line.upright else wide
    return 0.45 * height <= thick <= 2.6 * height


def _around(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
