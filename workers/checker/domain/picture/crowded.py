"""Finds words that lie over others: the numbers of one panel and the title of the next, without room for both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from erc.workers.checker.domain.picture.panels import Panel
from erc.workers.checker.domain.picture.parts import Box
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.said import Said

_OVER = 0.5
"""Numbers and names whose rows share so much of the lower one's height lie over one another."""
_LETTERS = 3
_MIXED = re.compile(r"\d[^\W\d_]{2}")
"""A number and a name that were read as one."""
_NARROW = 0.3
"""Panels over one another with less room between them, in the upper one's height."""


def with_crowded(said: list[Said], panels: Sequence[Panel], where: Map) -> list[Said]:
    """Return what two pictures say, marked where numbers and names share a row between two panels of either.

    So are the numbers around a body that only one picture has.
    """
    for top, bottom in _gaps(panels):
        row = [at for at, one in enumerate(said) if top <= _middle(_place(one, where)) <= bottom]
        mixed = any(_MIXED.search(text) for at in row for text in (said[at].read, said[at].read_other))
        if mixed or any(_share_a_row(said[at], said[other]) for at, other in product(row, row)):
            said = [replace(one, crowded=True) if at in row else one for at, one in enumerate(said)]
    if any(panel.body for panel in panels):
        said = [replace(one, crowded=True) if _is_lone_number(one) else one for one in said]
    return said


def _is_lone_number(said: Said) -> bool:
    """Return whether only one picture has a number: around a surface they run into one another."""
    return not (said.box and said.other) and any(sign.isdigit() for sign in said.read + said.read_other)


def _gaps(panels: Sequence[Panel]) -> Iterator[tuple[int, int]]:
    for upper, lower in product(panels, panels):
        (left, top, right, bottom), under = upper.box, lower.box
        room = under[1] - bottom
        if upper.framed and 0 < room < _NARROW * (bottom - top) and under[0] < right and left < under[2]:
            yield bottom, under[1]


def _place(said: Said, where: Map) -> Box:
    return said.box or where.back(said.other or (0, 0, 0, 0))


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _share_a_row(number: Said, name: Said) -> bool:
    sides = (
        (number.box, number.read, name.box, name.read),
        (number.other, number.read_other, name.other, name.read_other),
    )
    return any(
        one and other and _is_number(figures) and _has_letters(letters) and _over(one, other)
        for one, figures, other, letters in sides
    )


def _is_number(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and not any(sign.isalpha() for sign in text)


def _has_letters(text: str) -> bool:
    return sum(sign.isalpha() for sign in text) >= _LETTERS


def _over(one: Box, other: Box) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared >= _OVER * min(one[3] - one[1], other[3] - other[1])
