"""Takes out what a theme draws and data do not: the colours of grounds, and the lines of a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from erc.workers.checker.domain.picture import parts
from erc.workers.checker.domain.picture.parts import Box, Pixels, away, commonest, moved

WHITE = (255, 255, 255)

_LIGHT = 212
"""Only grounds whose darkest channel is at least this are taken for white."""
_NEARLY_WHITE = 250
"""A ground as light as this is white."""
_GREY = 28
"""So far the channels of such a ground may lie apart."""
_GROUND = 0.2
"""This share of a panel has its ground's colour at least."""
_NEAR = 6
_RIM = 2
"""So far a panel's ground may reach beyond its box: its edge is smoothed."""
_PALE = 140
"""The darkest channel of a grid's line."""
_SEEN = 8
_LINE = 26
"""So far the colours along a grid's line may lie apart."""
_ALONG = 0.9
_CLEAR = 0.2
_THICK = 0.012
_SPACING = 0.12
_LINES_KEPT = 60
_OVER, _COVERED = 4, 0.6
_FAINTEST = 4
"""So much darker than its surroundings a grid's line is at least."""
_STEPS = 3
"""So many lines of a grid tell its steps."""
_PART, _PART_BEHIND = 0.3, 0.12


def levelled(
    pixels: Pixels, ground: tuple[int, int, int], blocks: tuple[Box, ...], *, framed: bool
) -> tuple[Pixels, tuple[Box, ...]]:
    """Return a picture (height by width by 3) with light grounds white and without the grids of its blocks.

    With it, where the lines of grids were: what lay under them is not known.
    """
    strips: list[Box] = []
    found = _whitened(pixels, ground) if is_light(ground) and min(ground) < _NEARLY_WHITE else pixels.copy()
    height, width = pixels.shape[:2]
    for left, top, right, bottom in blocks if framed else ():
        shade = light_ground(pixels[top:bottom, left:right])
        if (
            shade
            and min(shade) < _NEARLY_WHITE
            and float((away(pixels[top:bottom, left:right], shade) <= _NEAR).mean()) >= _GROUND
        ):
            rows = slice(max(0, top - _RIM), min(height, bottom + _RIM))
            columns = slice(max(0, left - _RIM), min(width, right + _RIM))
            found[rows, columns] = _whitened(pixels[rows, columns], shade)
        found[top:bottom, left:right], lines = gridless(found[top:bottom, left:right])
        strips += [moved(box, left, top) for box in lines]
    return found, tuple(strips)


def light_ground(panel: Pixels) -> tuple[int, int, int] | None:
    """Return the commonest light grey of a panel, which its marks may cover for the most part; None without one."""
    least, most = parts.darkest(panel), parts.lightest(panel)
    light = panel[(least >= _LIGHT) & (most - least <= _GREY)]
    return commonest(light) if len(light) else None


def is_light(ground: tuple[int, int, int]) -> bool:
    """Return whether a colour is a light grey, which stands for white."""
    return min(ground) >= _LIGHT and max(ground) - min(ground) <= _GREY


def _whitened(pixels: Pixels, ground: tuple[int, int, int]) -> Pixels:
    """Make a ground white and all else as much lighter; what is lighter than the ground (a white grid) goes."""
    room = np.array([255 - one for one in ground], dtype=np.uint8)
    return np.minimum(pixels, 255 - room) + room


def without_grid(inner: Pixels) -> Pixels:
    """Return a panel without the pale lines that cross all of it at even steps."""
    return gridless(inner)[0]


def gridless(inner: Pixels) -> tuple[Pixels, list[Box]]:
    """Return a panel without its grid, and the boxes of the grid's lines."""
    result = inner
    strips: list[Box] = []
    for axis in (0, 1):
        turned = result if axis == 0 else result.transpose(1, 0, 2)
        lines = _lines(turned)
        if lines:
            cleaned = turned.copy()
            for start, end in lines:
                strips.append((0, start, turned.shape[1], end) if axis == 0 else (start, 0, end, turned.shape[1]))
                _bridge(cleaned, max(0, start - 1), min(len(cleaned), end + 1))
            result = cleaned if axis == 0 else cleaned.transpose(1, 0, 2)
    return np.ascontiguousarray(result), strips


def _bridge(panel: Pixels, start: int, end: int) -> None:
    """Put what lies beside a line in the line's place, where no mark lies over it."""
    line = panel[start:end]
    darkest = parts.darkest(line)
    middle = line[len(line) // 2]
    pale = middle[(middle.min(1) >= _PALE) & (middle.min(1) < 255 - _SEEN)]
    if not len(pale):
        pale = middle[middle.min(1) >= 255 - _SEEN]
    red, green, blue = (int(one) for one in np.median(pale, axis=0))
    above, below = panel[max(0, start - 1)].copy(), panel[min(len(panel) - 1, end)].copy()
    fits = (away(line, (red, green, blue)) <= _LINE) | (darkest >= min(red, green, blue))
    alike = np.abs(above.astype(np.int16) - below.astype(np.int16)).max(1) <= _LINE
    fits |= alike[None, :] & (darkest >= _PALE)
    for at in range(len(line)):
        beside = above if 2 * at < len(line) else below
        line[at][fits[at]] = beside[fits[at]]


def _lines(panel: Pixels) -> list[tuple[int, int]]:
    """Return the runs of rows of a panel that are lines of a grid."""
    darkest = parts.darkest(panel)
    inked = darkest < 255 - _SEEN
    height = len(panel)
    full = _full(darkest, inked) | _white(inked) | _ridges(darkest)
    full[:3] = full[-3:] = False
    runs = _runs(full)
    pale = inked & (darkest >= _PALE)
    thin = [run for run in runs if run[1] - run[0] <= max(3, _THICK * height)]
    thin = [run for run in thin if (_alone(pale, run) or _alone(~inked, run)) and not _ends_an_area(darkest, run)]
    if len(thin) < 2 or not _even([(start + end) / 2 for start, end in thin]):
        return []
    return [*thin, *_behind(darkest, thin)][:_LINES_KEPT]


def _behind(darkest: NDArray[np.uint8], lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return further lines at a grid's steps, which show on a part of their length: a legend or bars lie before."""
    if len(lines) < _STEPS:
        return []
    middles = [(start + end - 1) / 2 for start, end in lines]
    room = middles[-1] - middles[0]
    step = room / max(1, round(room / float(np.diff(middles).min())))
    shade = float(np.median([np.median(darkest[round(at)]) for at in middles]))
    thick = max(end - start for start, end in lines)
    places = middles[0] + step * np.arange(-int(middles[0] // step), int((len(darkest) - middles[0]) // step) + 1)
    found = []
    for place in places:
        start = round(place - (thick - 1) / 2)
        known = min(abs(place - at) for at in middles) < step / 3
        if not known and 3 <= start < len(darkest) - thick - 3 and _shows(darkest, start, thick, shade):
            found.append((max(0, start - 2), start + thick + 2))
    return found


def _shows(darkest: NDArray[np.uint8], start: int, thick: int, shade: float) -> bool:
    """Return whether a pale line lies on a part of some rows, with none above and below."""
    near = np.abs(darkest[start - 3 : start + thick + 3].astype(np.int16) - shade) <= _LINE
    line = near[2:-2].any(0)
    if float((line & ~near[0] & ~near[-1]).mean()) >= _PART_BEHIND:
        return True
    if start < _OVER or start + thick + _OVER > len(darkest):
        return False
    above, below = (darkest[at].astype(np.int16) for at in (start - _OVER, start + thick + _OVER - 1))
    depth = np.minimum(above, below) - darkest[start - 2 : start + thick + 2].min(0)
    return float(((np.abs(above - below) <= _LINE) & (depth >= _FAINTEST) & (depth <= 255 - _PALE)).mean()) >= _PART


def _full(darkest: NDArray[np.uint8], inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows are one pale colour wherever no mark lies over them."""
    pale = inked & (darkest >= _PALE)
    ground = ~inked
    share = pale.sum(1) / np.maximum(1, (pale | ground).sum(1))
    enough = pale.mean(1) > 0.3
    rows: NDArray[np.bool_] = (share >= _ALONG) & enough
    for at in np.flatnonzero(rows):
        values = darkest[at][pale[at]].astype(np.int16)
        rows[at] = float((np.abs(values - np.median(values)) <= _LINE).mean()) >= _ALONG
    return rows


def _ridges(darkest: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which rows are a little darker than what lies above and below nearly everywhere: a grid under pale areas.

    What crosses the row tells nothing: there what lies above is another colour than what lies below, or dark.
    """
    rows = np.zeros(len(darkest), dtype=bool)
    if len(darkest) < 4 * _OVER:
        return rows
    values = darkest.astype(np.int16)
    above, below = np.roll(values, _OVER - 1, 0), np.roll(values, 1 - _OVER, 0)
    free = (np.abs(above - below) <= _LINE) & (np.minimum(above, below) >= _PALE)
    depth = np.minimum(above, below) - values
    ridge = free & (depth >= _FAINTEST) & (depth <= 255 - _PALE)
    rows |= (ridge.sum(1) >= _ALONG * free.sum(1)) & (ridge.mean(1) > _PART)
    return rows


def _white(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows are white lines over what is drawn: a grid that lies over a heat map."""
    share = inked.mean(1)
    around = np.minimum(np.roll(share, _OVER), np.roll(share, -_OVER))
    rows: NDArray[np.bool_] = (share <= 1 - _ALONG) & (around >= _COVERED)
    return rows


def _alone(pale: NDArray[np.bool_], run: tuple[int, int]) -> bool:
    """Return whether something else than a line's own kind of colour lies on both sides of it."""
    before, after = run[0] - 3, run[1] + 2
    if before < 0 or after >= len(pale):
        return True
    line = pale[(run[0] + run[1]) // 2]
    free = line.sum() - np.maximum((pale[before] & line).sum(), (pale[after] & line).sum())
    return bool(free >= _CLEAR * len(line))


def _ends_an_area(darkest: NDArray[np.uint8], run: tuple[int, int]) -> bool:
    """Return whether a row is the smoothed edge of something: what lies before is nowhere like what lies after."""
    before, after = run[0] - 3, run[1] + 2
    if before < 0 or after >= len(darkest):
        return False
    apart = np.abs(darkest[before].astype(np.int16) - darkest[after].astype(np.int16))
    return float((apart <= _LINE).mean()) < _CLEAR


def _runs(rows: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _even(places: list[float]) -> bool:
    """Return whether places lie at even steps, some of which may be missing."""
    if len(places) == 2:
        return True
    gaps = np.diff(places)
    steps = gaps / gaps.min()
    off = np.abs(steps - np.round(steps)) / np.round(steps)
    return bool((off <= _SPACING).mean() >= 0.7)
