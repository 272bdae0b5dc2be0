"""Reads axes: whether the numbers along an axis say the same in two pictures, though other breaks are marked."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from erc.workers.checker.domain.picture.parts import Box

Array = NDArray[np.float64]

_NUMBER = re.compile(r"[-–—−‒]?\d+(?:[.,]\d+)?(?:[eE][-–—−+]?\d+)?")
_TICK = re.compile(r"^(['\"]|[-–—−‒](?=[-–—−‒]))")
_APART = re.compile(r"^[-–—−‒] +(?=\d)")
_DASHES = str.maketrans(dict.fromkeys("–—−‒", "-"))
_ALIGNED = 4.0
_FEWEST, _LEAST, _ENOUGH = 2, 3, 4
_OFF = 0.4
"""So far from its place a number may stand, in heights."""
_LEAST_OFF = 2.5
_NEAREST, _BEYOND, _BENT = 6, 1.5, 0.06
"""So many numbers nearby are looked at; so many steps beyond two of them; how far an axis is bent, in its length."""


@dataclass(frozen=True)
class Mark:
    """A number beside an axis; `box` in pixels of the first picture."""

    value: float
    box: Box

    def middle(self, along: int) -> float:
        """Return where it stands along an axis (0: x, 1: y)."""
        return (self.box[along] + self.box[along + 2]) / 2


def number(text: str) -> float | None:
    """Return the number that a text is, None when it is none; a tick before it may read as an apostrophe or a dash."""
    plain = _TICK.sub("", text).replace(" ", "")
    if not _NUMBER.fullmatch(plain):
        return None
    return float(plain.translate(_DASHES).replace(",", "."))


def numbers(text: str) -> list[float]:
    """Return the numbers that a text may be: a dash apart from one is a minus sign or a tick."""
    value = number(text)
    if value is None:
        return []
    return [value, -value] if _APART.match(text) else [value]


def on_one_axis(mark: Mark, its: list[Mark], others: list[Mark]) -> bool:
    """Return whether a number stands where the axis of another picture says it does; `its` stand in its own picture.

    A scale, linear or logarithmic, must put it where it is together with three more numbers, two of them the other
    picture's; or with all that there are.
    """
    for along in (0, 1):
        here = [one for one in its if one != mark and _in_line(mark, one, along)]
        there = [one for one in others if _in_line(mark, one, along)]
        if len(there) >= _FEWEST and _fits(mark, here, there, along):
            return True
    return _on_a_slope(mark, others)


def _on_a_slope(mark: Mark, others: list[Mark]) -> bool:
    """Return whether a number stands between two others of the other picture, or right after them, as its value does.

    A third one must stand there as well: the axes of three dimensions lie aslant, their steps nearly even.
    """
    apart = [one for one in others if one.value != mark.value]
    near = sorted(apart, key=lambda one: math.dist(_middle(mark), _middle(one)))[:_NEAREST]
    for at, one in enumerate(near):
        for other in near[at + 1 :]:
            if one.value != other.value and _stands_between(mark, one, other):
                rest = [third for third in near if third.value not in {one.value, other.value}]
                if any(_stands_between(third, one, other) for third in rest):
                    return True
    return False


def _middle(mark: Mark) -> tuple[float, float]:
    return mark.middle(0), mark.middle(1)


def _stands_between(mark: Mark, one: Mark, other: Mark) -> bool:
    share = (mark.value - one.value) / (other.value - one.value)
    long = math.dist(_middle(one), _middle(other))
    room = max(_LEAST_OFF, _OFF * min(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1])) + _BENT * long
    place = (one.middle(along) + share * (other.middle(along) - one.middle(along)) for along in (0, 1))
    return -_BEYOND <= share <= 1 + _BEYOND and long > room and math.dist(_middle(mark), tuple(place)) <= room


def _in_line(one: Mark, other: Mark, along: int) -> bool:
    """Return whether two numbers stand in one row (along x) or column (along y): one of their sides is shared."""
    across = 1 - along
    a, b = one.box, other.box
    sides = (
        a[across] - b[across],
        a[across + 2] - b[across + 2],
        (a[across] + a[across + 2] - b[across] - b[across + 2]) / 2,
    )
    return min(abs(side) for side in sides) <= _ALIGNED


def _fits(mark: Mark, here: list[Mark], there: list[Mark], along: int) -> bool:
    high = max(1, min(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]))
    marks = [mark, *here, *there]
    places = np.array([one.middle(along) for one in marks])
    values = np.array([one.value for one in marks])
    theirs = np.arange(len(marks)) > len(here)
    room = max(_LEAST_OFF, _OFF * high)
    there_too = theirs & (np.abs(places - places[0]) <= room)
    if there_too.any() and not (values[there_too] == values[0]).any():
        return False
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = (values, np.where(values > 0, np.log(values), np.nan))
        return any(_on_a_line(scale, places, theirs, room) for scale in scales)


def _on_a_line(scale: Array, places: Array, theirs: NDArray[np.bool_], room: float) -> bool:
    """Return whether some line through the first point meets enough of the others, give or take some pixels."""
    for at in np.flatnonzero((scale != scale[0]) & (places != places[0])):
        slope = (places[at] - places[0]) / (scale[at] - scale[0])
        met = np.abs(slope * (scale - scale[0]) + places[0] - places) <= room
        enough = min(len(scale), _ENOUGH)
        if int(met.sum()) >= max(_LEAST, enough) and int((met & theirs).sum()) >= _FEWEST:
            return True
    return False
