"""Takes a picture apart: its ground, its blocks (panels, plots) and the small signs around and in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from erc.workers.checker.domain.picture.body import body_in, closed
from erc.workers.checker.domain.picture.crossing import brackets, crossing

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are outside."""

INK = 40
"""A pixel whose strongest channel is further than this from the ground is ink."""
FAINT = 12
"""The same for the ground of a panel."""
_LARGE = 0.16
SIGN = 0.075
"""No letter is larger, in the picture's shorter side."""
_OTHER_GROUND, _LIGHT_GROUND = 6, 190
"""How far apart the grounds of a strip and of its panel are, how light both."""
_THIN_EDGE, _LEAST_STRIP, _STRIP = 2, 4, 0.3
"""The line around a strip; a strip's height: at least in pixels, at most in the frame's height."""
_FRAME = 0.1
_EDGE = 0.8
_FLAT, _HUE = 3, 60
_SHARED, _UNEVEN = 3, 0.08
_FILLS, _FILLED, _LEGENDS = 0.85, 0.8, 0.35
_BLOCKS_KEPT = 36
SIGNS_KEPT = 3000
_PIECES_KEPT = 30_000


@dataclass(frozen=True)
class Parts:
    """A picture's parts, boxes in its pixels."""

    ground: tuple[int, int, int]
    ink: Pixels
    """How far each pixel is from the ground, 0 to 255."""
    blocks: tuple[Box, ...]
    framed: bool
    """Whether the blocks are frames, not just what all large pieces cover."""
    signs: tuple[Box, ...]
    """Connected pieces of ink outside the blocks that are as small as letters, with those of `crossing`."""
    crossing: tuple[Box, ...] = ()
    """Those in a block that stand in a row with others outside: words that reach over its edge."""


def parts(pixels: Pixels) -> Parts:
    """Take a picture (height by width by 3) apart."""
    ground = border_colour(pixels)
    ink = away(pixels, ground)
    height, width = ink.shape
    boxes = pieces(ink > INK)
    frames = _frames(pixels, ink, FAINT) or _frames(pixels, ink, INK)
    large = [box for box in boxes if _is_large(box, width, height)]
    frames = [] if _are_marks(_apart(frames)) or _are_legends(frames, large) else frames
    loose = [box for box in large if not any(_inside(box, one) for one in frames)]
    blocks = _apart(frames) if frames else [_around(loose)] if loose else []
    on_body = not frames and bool(blocks) and body_in(ink[_slices(blocks[0])] > INK) is not None
    small = SIGN * min(width, height)
    letters = [box for box in boxes if _as_words(box, small, width) and not _is_coloured_stroke(pixels, box)]
    outer, inner, ticks = [], [], []
    for box in letters:
        if not on_body and any(_inside(box, block) for block in blocks):
            inner.append(box)
        elif any(_tick(box, block) for block in blocks) and _is_solid(ink, box):
            ticks.append(box)
        else:
            outer.append(box)
    outer = outer[:SIGNS_KEPT]
    outer += brackets(outer, ticks, ink)
    over = crossing(outer, inner, ink, tuple(blocks))
    return Parts(ground, ink, tuple(blocks), bool(frames), (*outer, *over), over)


def border_colour(pixels: Pixels) -> tuple[int, int, int]:
    """Return the commonest colour of a picture's border."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return commonest(border)


def commonest(colours: Pixels) -> tuple[int, int, int]:
    """Return the commonest of colours (any shape by 3)."""
    flat = colours.reshape(-1, 3).astype(np.uint32)
    codes = (flat[:, 0] >> 2 << 12) | (flat[:, 1] >> 2 << 6) | flat[:, 2] >> 2
    values, first, counts = np.unique(codes, return_index=True, return_counts=True)
    del values
    red, green, blue = (int(one) for one in flat[first[counts.argmax()]])
    return red, green, blue


def away(pixels: Pixels, ground: tuple[int, int, int]) -> Pixels:
    """Return by how much each pixel's strongest channel is away from a colour."""
    found = np.zeros(pixels.shape[:2], dtype=np.int16)
    for channel in range(3):
        np.maximum(found, np.abs(pixels[..., channel].astype(np.int16) - ground[channel]), out=found)
    return found.astype(np.uint8)


def grown(box: Box, by: int) -> Box:
    """Return a box with so many pixels more on each side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def moved(box: Box, x: int, y: int) -> Box:
    """Return a box somewhere else."""
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def touches(one: Box, other: Box) -> bool:
    """Return whether two boxes overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def covers(area: Box, box: Box) -> bool:
    """Return whether a box lies in an area."""
    return area[0] <= box[0] and area[1] <= box[1] and box[2] <= area[2] and box[3] <= area[3]


def darkest(pixels: Pixels) -> Pixels:
    """Return each pixel's least channel; numpy takes ten times as long along an axis of three."""
    return np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def lightest(pixels: Pixels) -> Pixels:
    """Return each pixel's greatest channel."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def difference(one: Pixels, other: Pixels) -> Pixels:
    """Return by how much the strongest channel of two pictures of one size differs at each pixel."""
    return lightest(np.maximum(one, other) - np.minimum(one, other))


def pieces(mask: NDArray[np.bool_]) -> list[Box]:
    """Return the boxes of the connected pieces of a mask, corners connecting."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), dtype=np.uint8))
    found = ndimage.find_objects(labels, min(int(count), _PIECES_KEPT))
    return [(int(x.start), int(y.start), int(x.stop), int(y.stop)) for y, x in found]


def _is_coloured_stroke(pixels: Pixels, box: Box) -> bool:
    """Return whether a piece is a short flat line with a hue: a legend's key, no minus sign."""
    if box[2] - box[0] < _FLAT * (box[3] - box[1]):
        return False
    part = pixels[box[1] : box[3], box[0] : box[2]]
    return int((lightest(part) - darkest(part)).max()) > _HUE


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def _as_words(box: Box, small: float, width: int) -> bool:
    """Return whether a piece may be a letter, or some letters that touch."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return min(wide, high) <= small and (
        max(wide, high) <= small or (max(wide, high) <= 0.3 * width and min(wide, high) >= 5)
    )


def _is_large(box: Box, width: int, height: int) -> bool:
    return box[2] - box[0] >= _LARGE * width or box[3] - box[1] >= _LARGE * height


def _inside(box: Box, block: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return block[0] <= x < block[2] and block[1] <= y < block[3]


def _is_solid(ink: Pixels, box: Box) -> bool:
    """Return whether a piece fills its box, as a tick does and a letter does not."""
    return float((ink[box[1] : box[3], box[0] : box[2]] > INK).mean()) >= _FILLED


def _tick(box: Box, block: Box) -> bool:
    """Return whether a sign is a short line on a block's edge."""
    wide, high = box[2] - box[0], box[3] - box[1]
    if min(wide, high) > max(5, 0.35 * max(wide, high)):
        return False
    near = 3 + round(0.004 * (block[2] - block[0]))
    if wide >= high:
        return (
            box[1] >= block[1] - near
            and box[3] <= block[3] + near
            and (abs(box[2] - block[0]) <= near or abs(box[0] - block[2]) <= near)
        )
    return (
        box[0] >= block[0] - near
        and box[2] <= block[2] + near
        and (abs(box[3] - block[1]) <= near or abs(box[1] - block[3]) <= near)
    )


def _frames(pixels: Pixels, ink: Pixels, least: int) -> list[Box]:
    """Return the rectangles of panels and frames: lines, or an area of one ground, on all four sides."""
    height, width = ink.shape
    found = []
    mask = closed(ink > least) if least == FAINT else ink > least
    for box in pieces(mask):
        if box[2] - box[0] < _FRAME * width or box[3] - box[1] < _FRAME * height:
            continue
        frame = _frame(mask[box[1] : box[3], box[0] : box[2]], box)
        if frame and not _solid(
            pixels[frame[1] : frame[3], frame[0] : frame[2]], ink[frame[1] : frame[3], frame[0] : frame[2]]
        ):
            found.append(_without_strip(pixels, frame))
    return found


def _without_strip(pixels: Pixels, frame: Box) -> Box:
    """Return a panel without the strip above it that names it, whose ground is another light one."""
    left, top, right, bottom = frame
    rows = np.median(pixels[top:bottom, left:right], axis=1)
    panel, strip = np.median(rows, axis=0), rows[min(_THIN_EDGE, len(rows) - 1)]
    if min(panel.min(), strip.min()) < _LIGHT_GROUND or np.abs(panel - strip).max() <= _OTHER_GROUND:
        return frame
    over = int(np.argmax(np.abs(rows[_THIN_EDGE:] - strip).max(1) > _OTHER_GROUND))
    ends = _THIN_EDGE + over + int(np.argmax(np.abs(rows[_THIN_EDGE + over :] - panel).max(1) <= _OTHER_GROUND))
    if over < _LEAST_STRIP or ends > _STRIP * (bottom - top):
        return frame
    inner = pixels[top + ends : bottom - _THIN_EDGE, left:right]
    sides = (inner[:, _THIN_EDGE : 2 * _THIN_EDGE], inner[:, -2 * _THIN_EDGE : -_THIN_EDGE])
    if any(np.abs(np.median(side, axis=(0, 1)) - panel).max() > _OTHER_GROUND for side in sides):
        return frame
    return left, top + ends, right, bottom


def _frame(mask: NDArray[np.bool_], box: Box) -> Box | None:
    columns = np.flatnonzero(mask.mean(0) >= _EDGE)
    rows = np.flatnonzero(mask.mean(1) >= _EDGE)
    if not len(columns) or not len(rows):
        return None
    left, right, top, bottom = (int(one) for one in (columns[0], columns[-1], rows[0], rows[-1]))
    if right - left < _FILLS * mask.shape[1] or bottom - top < _FILLS * mask.shape[0]:
        return None
    return box[0] + left, box[1] + top, box[0] + right + 1, box[1] + bottom + 1


def _solid(pixels: Pixels, ink: Pixels) -> bool:
    """Return whether an area is of one strong colour: a bar, no panel."""
    inner = pixels[2:-2, 2:-2]
    if not inner.size:
        return True
    colour = commonest(inner)
    filled = float((away(inner, colour) < 24).mean())
    return filled > 0.93 and float(np.median(ink)) > 48


def _apart(frames: list[Box]) -> list[Box]:
    """Drop frames inside others (legends); the largest first."""
    kept: list[Box] = []
    for box in sorted(frames, key=lambda one: -(one[2] - one[0]) * (one[3] - one[1])):
        if not any(_inside(box, one) for one in kept):
            kept.append(box)
    return kept[:_BLOCKS_KEPT]


def _are_marks(frames: list[Box]) -> bool:
    """Return whether frames are bars, not panels: three and more share one side, but not the opposite one."""
    for near, far in ((0, 2), (1, 3), (2, 0), (3, 1)):
        for one in frames:
            beside = [
                other for other in frames if abs(one[near] - other[near]) <= _SHARED and _beside(one, other, near % 2)
            ]
            room = max(_SHARED, _UNEVEN * abs(one[far] - one[near]))
            if len(beside) >= 2 and sum(abs(one[far] - other[far]) > room for other in beside) >= 2:
                return True
    return False


def _are_legends(frames: list[Box], large: list[Box]) -> bool:
    """Return whether frames cover little of what is drawn, which has none."""
    if not frames or not large:
        return False
    left, top, right, bottom = _around(large)
    covered = sum((box[2] - box[0]) * (box[3] - box[1]) for box in _apart(frames))
    return covered < _LEGENDS * (right - left) * (bottom - top)


def _beside(one: Box, other: Box, axis: int) -> bool:
    """Return whether two frames do not overlap across an axis."""
    across = 1 - axis
    return min(one[across + 2], other[across + 2]) <= max(one[across], other[across])


def _around(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
