"""Finds what words that say the same, but look otherwise, excuse: legends and notes inside a panel, with their keys."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from erc.workers.checker.domain.picture.panels import Panel
from erc.workers.checker.domain.picture.parts import Box, touches
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.said import Said

_STAYS = 2
_WITH_KEYS = (5.0, 1.6, 2.0, 1.6)
"""How far around words their marks reach: left, above, right, below, in heights."""
_LEGEND = (7.0, 3.0, 3.5, 3.0)
"""The same around words that stand over one another, which have a frame."""
_ONE_MORE, _ACROSS, _TICK = 1.2, 0.4, 2.0
_ALIGNED = 3
_STEP, _SHARED = 4.0, 0.8


def excused(panel: Panel, alike: list[Said]) -> list[Box]:
    """Return the areas of a panel's first picture that `alike` words excuse; some of `panel.said`, which say the same.

    Words that look the same at the same place excuse nothing.
    """
    both = [said for said in alike if said.box and said.other]
    moved = [said for said in both if not _stays(panel, said)]
    areas = [_area(panel, said) for said in moved if _is_drawn_otherwise(panel, said, _place(panel, said))]
    if not any(_is_drawn_otherwise(panel, said, _area(panel, said)) for said in moved):
        return areas
    return [*areas, *(_around_rows(panel, rows) for rows in stacks(panel, moved))]


def stacks(panel: Panel, moved: list[Said]) -> list[list[Said]]:
    """Return the legends of a panel: `moved` words over one another, with those there that only one picture has."""
    level = [said for said in panel.said if _is_level(said) and (said in moved or not (said.box and said.other))]
    linked = np.array([[one is other or _beside(one, other) for other in level] for one in level], dtype=bool)
    if not level:
        return []
    count, labels = connected_components(linked, directed=False)
    groups = [[said for said, label in zip(level, labels, strict=True) if label == at] for at in range(count)]
    return [rows for rows in groups if len(rows) > 1 and any(said in moved for said in rows)]


def beside(said: Said, where: Map | None = None) -> Box:
    """Return the place of words and of one sign more at both ends, which may touch what they name: a slice of a pie.

    Numbers that only one picture has (`where` says where the second's lie) have a tick and a line of a grid there.
    """
    box = said.box or (where.back(said.other) if where and said.other else said.other) or (0, 0, 0, 0)
    high = min(box[2] - box[0], box[3] - box[1])
    along, across = round((_TICK if where else _ONE_MORE) * high), round(_ACROSS * high)
    x, y = (along, across) if box[2] - box[0] >= box[3] - box[1] else (across, along)
    return box[0] - x, box[1] - y, box[2] + x, box[3] + y


def _stays(panel: Panel, said: Said) -> bool:
    box, other = said.box or (0, 0, 0, 0), panel.where.back(said.other or (0, 0, 0, 0))
    return said.equal and all(abs(one - two) <= _STAYS for one, two in zip(box, other, strict=True))


def _is_drawn_otherwise(panel: Panel, said: Said, box: Box) -> bool:
    return said.told is not None or any(touches(box, patch.box) for patch in panel.patches)


def _place(panel: Panel, said: Said) -> Box:
    """Return where a line stands, in the first picture's pixels, in both pictures together."""
    boxes = [box for box in (said.box, panel.where.back(said.other) if said.other else None) if box]
    return _around(boxes)


def _height(said: Said) -> int:
    box = said.box or said.other or (0, 0, 6, 6)
    return max(6, min(box[3] - box[1], box[2] - box[0]))


def _area(panel: Panel, said: Said) -> Box:
    return _grown(_place(panel, said), _height(said), _WITH_KEYS)


def _around_rows(panel: Panel, rows: list[Said]) -> Box:
    return _grown(_around([_place(panel, said) for said in rows]), max(map(_height, rows)), _LEGEND)


def _is_level(said: Said) -> bool:
    box = said.box or said.other or (0, 0, 0, 0)
    return box[2] - box[0] >= box[3] - box[1]


def _beside(one: Said, other: Said) -> bool:
    """Return whether two lines begin at the same place, one close over the other, in one of both pictures.

    A key that stands before one may have been taken for a letter.
    """
    for a, b in ((one.box, other.box), (one.other, other.other)):
        if a and b and (abs(a[0] - b[0]) <= _ALIGNED or _below(a, b)):
            high = max(6, a[3] - a[1], b[3] - b[1])
            if abs(a[1] - b[1]) <= _STEP * high:
                return True
    return False


def _below(one: Box, other: Box) -> bool:
    shared = min(one[2], other[2]) - max(one[0], other[0])
    return shared >= _SHARED * min(one[2] - one[0], other[2] - other[0])


def _grown(box: Box, high: int, by: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = by
    return (
        round(box[0] - left * high),
        round(box[1] - top * high),
        round(box[2] + right * high),
        round(box[3] + bottom * high),
    )


def _around(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
