"""Pairs the lines of words of two pictures: first by place; what then says otherwise, once more by what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from erc.workers.checker.domain.picture.elastic import apart
from erc.workers.checker.domain.picture.parts import Box
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.reading import Said, Side, compared, far
from erc.workers.checker.domain.picture.words import Words

_OVER = 0.7
_UNLIKE = 0.1
"""Lines with glyphs further apart than this are paired once more."""
_ALIKE, _ELASTIC = 0.06, 0.22
"""Lines paired once more have glyphs no further apart than this, or are no more unlike as wholes."""
_PLAUSIBLE = 0.5
_TRIED = 9
_REACH = 0.2
"""So far (as a share of the picture) words may have moved."""
_IN_PLACE = 0.2
_MARGIN = 2

Found = tuple[list[Words], list[Words], Said]


def compare_words(first: Side, second: Side, where: Map, slack: float = 1.6) -> list[Said]:
    """Compare the lines of two pictures; a map says where a place of the first lies in the second.

    Lines over one another after mapping are compared as one; the others with the nearest within `slack` heights.
    """
    pairs = _groups(first.lines, second.lines, where, slack)
    found: list[Found] = [(one, other, compared(first, second, one, other, where)) for one, other in pairs]
    found = [(one, other, _in_place(first, second, where, said)) for one, other, said in found]
    return _again(first, second, where, found)


def _in_place(first: Side, second: Side, where: Map, said: Said) -> Said:
    """Look for a line that only one picture seems to have, at its place in the other: its signs may touch others."""
    if (said.box is None) == (said.other is None) or said.count < 2:
        return said
    box = said.box or where.back(said.other or (0, 0, 0, 0))
    other = said.other or _rounded(where.box(box))
    ones, others = first.part(_wider(box)), second.part(_wider(other))
    lone, wide = (first.part(box), others) if said.box else (second.part(other), ones)
    if min(*lone.shape, *wide.shape) < 4 or lone.shape[0] > 1.5 * lone.shape[1]:
        return said
    unlike = apart(lone, wide)
    if unlike > _IN_PLACE:
        return said
    return replace(said, box=box, other=other, worst=0.0, odd=0.0, shapes=0.0, elastic=unlike)


def _wider(box: Box) -> Box:
    return box[0] - _MARGIN, box[1] - _MARGIN, box[2] + _MARGIN, box[3] + _MARGIN


def _rounded(box: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (round(side) for side in box)
    return left, top, right, bottom


def _again(first: Side, second: Side, where: Map, found: list[Found]) -> list[Said]:
    """Pair lines that do not say the same once more, by what they say; order must be kept, as in a legend."""
    doubtful = [one for one in found if one[2].worst > _UNLIKE and one[2].elastic > _ELASTIC]
    ones = [line for lines, _, _ in doubtful for line in lines][:_TRIED]
    others = [line for _, lines, _ in doubtful for line in lines][:_TRIED]
    size = max(first.ink.shape)
    tried = []
    for i, one in enumerate(ones):
        for k, other in enumerate(others):
            if _near(where, one, other, size) and apart(first.turned(one), second.turned(other)) <= _PLAUSIBLE:
                said = compared(first, second, [one], [other], where)
                if said.worst <= _ALIKE or said.elastic <= _ELASTIC:
                    tried.append((said.worst, i, k, said))
    chosen = _in_order(_best(tried), ones, others)
    return [*_rest(first, second, where, found, chosen, ones, others), *(said for _, _, said in chosen)]


def _near(where: Map, one: Words, other: Words, size: int) -> bool:
    mapped = where.box(one.box)
    off = max(
        abs(mapped[0] + mapped[2] - other.box[0] - other.box[2]),
        abs(mapped[1] + mapped[3] - other.box[1] - other.box[3]),
    )
    long = (mapped[2] - mapped[0]) / max(1, other.box[2] - other.box[0])
    return off / 2 <= _REACH * size and 0.5 < long < 2


def _best(tried: list[tuple[float, int, int, Said]]) -> list[tuple[int, int, Said]]:
    kept: list[tuple[int, int, Said]] = []
    for _, i, k, said in sorted(tried, key=lambda one: one[:3]):
        if not any(i == done or k == gone for done, gone, _ in kept):
            kept.append((i, k, said))
    return kept


def _in_order(
    chosen: list[tuple[int, int, Said]], ones: list[Words], others: list[Words]
) -> list[tuple[int, int, Said]]:
    """Drop pairs that would cross another one: those words changed places."""

    def crosses(i: int, k: int, j: int, m: int) -> bool:
        return any(
            (ones[j].box[low] - ones[i].box[low + 2]) >= 0 >= (others[m].box[low + 2] - others[k].box[low])
            or (ones[i].box[low] - ones[j].box[low + 2]) >= 0 >= (others[k].box[low + 2] - others[m].box[low])
            for low in (0, 1)
        )

    return [
        (i, k, said) for i, k, said in chosen if not any((i, k) != (j, m) and crosses(i, k, j, m) for j, m, _ in chosen)
    ]


def _rest(
    first: Side,
    second: Side,
    where: Map,
    found: list[Found],
    chosen: list[tuple[int, int, Said]],
    ones: list[Words],
    others: list[Words],
) -> list[Said]:
    """Return what the lines say that were not paired once more, each without those that were."""
    gone = {id(ones[i]) for i, _, _ in chosen} | {id(others[k]) for _, k, _ in chosen}
    rest = []
    for entry in found:
        left = [[line for line in lines if id(line) not in gone] for lines in entry[:2]]
        if len(left[0]) + len(left[1]) == len(entry[0]) + len(entry[1]):
            rest.append(entry[2])
        elif left[0] or left[1]:
            rest.append(compared(first, second, left[0], left[1], where))
    return rest


def _groups(first: list[Words], second: list[Words], where: Map, slack: float) -> list[tuple[list[Words], list[Words]]]:
    mapped = [where.box(tuple(float(side) for side in line.box)) for line in first]  # type: ignore[arg-type]
    apart = np.full((len(first), len(second)), np.inf)
    overlaps = np.zeros(apart.shape, dtype=bool)
    for i, line in enumerate(first):
        for k, other in enumerate(second):
            if line.upright == other.upright or _may_turn(line, other):
                apart[i, k] = far(mapped[i], other.box, line.upright)
                overlaps[i, k] = _overlap(mapped[i], other.box, line.upright)
    joined = _touching((apart < _OVER) & overlaps)
    pairs = [([first[i] for i in ones], [second[k] for k in others]) for ones, others in joined]
    left = set(range(len(first))) - {i for ones, _ in joined for i in ones}
    rest = set(range(len(second))) - {k for _, others in joined for k in others}
    for i, k in sorted(((i, k) for i in left for k in rest if apart[i, k] <= slack), key=lambda at: apart[at]):
        if i in left and k in rest:
            pairs.append(([first[i]], [second[k]]))
            left.remove(i)
            rest.remove(k)
    return [*pairs, *(([first[i]], []) for i in left), *(([], [second[k]]) for k in rest)]


def _overlap(one: tuple[float, float, float, float], other: Box, upright: bool) -> bool:
    along = 0 if upright else 1
    return one[along] < other[along + 2] and other[along] < one[along + 2]


def _may_turn(one: Words, other: Words) -> bool:
    """Return whether lines of unlike direction may be one: the direction of letters that touch is unknown."""
    if 1 not in {one.signs, other.signs}:
        return False
    wide = (one.box[2] - one.box[0]) / (other.box[2] - other.box[0])
    high = (one.box[3] - one.box[1]) / (other.box[3] - other.box[1])
    return 0.6 < wide < 1.7 and 0.6 < high < 1.7


def _touching(over: NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """Return the connected groups of a bipartite graph."""
    rows, columns = over.shape
    graph = np.zeros((rows + columns, rows + columns), dtype=bool)
    graph[:rows, rows:] = over
    count, labels = connected_components(graph, directed=False)
    groups = []
    for at in range(count):
        members = np.flatnonzero(labels == at)
        ones, others = [int(k) for k in members if k < rows], [int(k) - rows for k in members if k >= rows]
        if ones and others:
            groups.append((ones, others))
    return groups
