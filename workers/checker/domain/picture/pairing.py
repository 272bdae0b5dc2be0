"""Pairs the lines of words of two pictures: first by place; what then says otherwise, once more by what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from erc.workers.checker.domain.picture.axes import Mark, numbers, on_one_axis
from erc.workers.checker.domain.picture.parts import Box, covers, grown
from erc.workers.checker.domain.picture.place import Map
from erc.workers.checker.domain.picture.reading import Side, compared, far
from erc.workers.checker.domain.picture.said import Said
from erc.workers.checker.domain.picture.told import unlike
from erc.workers.checker.domain.picture.words import Words

_OVER = 0.7
_DOUBTFUL = 0.3
"""Lines that say different things at least so surely are paired once more."""
_MAY_BE_THE_SAME = 0.5
"""Those that differ no more surely may belong together: a key's dashes before a legend's words are read too."""
_TRIED = 24
_REACH, _REACH_OF_LEGENDS = 0.2, 1.0
"""So far (as a share of the picture, or of a panel in which a legend may find another place) words may have moved."""
_CLOUD = 60
"""Among more signs in a panel no numbers of an axis are sought: they are marks."""
_MARGIN = 2
_LONGEST = 10
"""A number has no more signs."""

Found = tuple[list[Words], list[Words], Said]


def compare_words(first: Side, second: Side, where: Map, slack: float = 1.6, *, axes: bool = True) -> list[Said]:
    """Compare the lines of two pictures; a map says where a place of the first lies in the second.

    Lines over one another after mapping are compared as one; the others with the nearest within `slack` heights.
    Without `axes` no number is excused for standing beside an axis: in a panel it is a value.
    """
    pairs = _groups(first.lines, second.lines, where, slack)
    found: list[Found] = [(one, other, compared(first, second, one, other, where)) for one, other in pairs]
    found = [(one, other, _in_place(first, second, where, said)) for one, other, said in found]
    said = _again(first, second, where, found)
    return _with_axes(first, second, where, said) if axes else said


def _with_axes(first: Side, second: Side, where: Map, found: list[Said]) -> list[Said]:
    """Take numbers for the same that only one picture marks on an axis whose scale is the same in both."""
    if first.among_marks and max(len(first.lines), len(second.lines)) > _CLOUD:
        return found
    if not any((said.told or 0.0) > _DOUBTFUL and numbers(said.read or said.read_other) for said in found):
        return found
    ones, others = _marks(first, None), _marks(second, where)
    return [
        replace(said, told=0.0, worst=0.0, odd=0.0)
        if (said.told or 0.0) > _DOUBTFUL and _on_axes(said, first, second, where, ones, others)
        else said
        for said in found
    ]


def _on_axes(said: Said, first: Side, second: Side, where: Map, ones: list[Mark], others: list[Mark]) -> bool:
    if said.box and said.other and {*numbers(said.read)} & {*numbers(said.read_other)}:
        return True
    for side, box, to, its, theirs in (
        (first, said.box, None, ones, others),
        (second, said.other, where, others, ones),
    ):
        lines = [line for line in side.lines if box and covers(box, line.box)]
        places = {to.back(line.box) if to else line.box for line in lines}
        sure = {mark.box for mark in its if mark.box in places and on_one_axis(mark, its, theirs)}
        if box and (not places or sure != places):
            return False
    return True


def _marks(side: Side, where: Map | None) -> list[Mark]:
    """Return the numbers beside the axes of a picture, where they lie in the first."""
    found = []
    for line in side.lines:
        values = _values(side, line) if line.signs <= _LONGEST else []
        found += [Mark(value, where.back(line.box) if where else line.box) for value in values]
    return found


def _values(side: Side, line: Words) -> list[float]:
    """Return the numbers that a line may be; a minus sign right before it may have been taken for a tick."""
    values = numbers(side.read(line.box, upright=line.upright).text)
    if len(values) != 1 or values[0] <= 0:
        return values
    left, top, right, bottom = line.box
    more = round(bottom - top if line.upright else right - left)
    longer = (left - more, top, right, bottom) if line.upright else (left, top, right, bottom + more)
    longer_values = numbers(side.read(longer, upright=line.upright).text)
    return longer_values if -values[0] in longer_values else values


def _in_place(first: Side, second: Side, where: Map, said: Said) -> Said:
    """Read a line that only one picture seems to have at its place in the other: its signs may touch others."""
    if (said.box is None) == (said.other is None) or said.told is None:
        return said
    box = said.box or where.back(said.other or (0, 0, 0, 0))
    other = said.other or _rounded(where.box(box))
    upright = box[2] - box[0] >= box[3] - box[1]
    lone, beside = (first.read(box, upright=upright), second.read(grown(other, _MARGIN), upright=upright))
    if said.box is None:
        lone, beside = second.read(other, upright=upright), first.read(grown(box, _MARGIN), upright=upright)
    apart = unlike(lone, beside)
    if first.cuts(grown(box, 1), upright=upright) or second.cuts(grown(other, 1), upright=upright):
        apart = 0.0  # the picture's edge cuts it off
    if apart > _DOUBTFUL:
        return said
    return replace(said, box=box, other=other, worst=0.0, odd=0.0, told=apart)


def _rounded(box: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (round(side) for side in box)
    return left, top, right, bottom


def _again(first: Side, second: Side, where: Map, found: list[Found]) -> list[Said]:
    """Pair lines that may not say the same once more, by what they say; order must be kept, as in a legend."""
    doubtful = sorted(
        (one for one in found if one[2].told and (not first.among_marks or _letters(one[2]) > 1)),
        key=lambda one: -(one[2].told or 0.0),
    )
    ones = [line for lines, _, _ in doubtful for line in lines][:_TRIED]
    others = [line for _, lines, _ in doubtful for line in lines][:_TRIED]
    reach = max(first.ink.shape) * (_REACH_OF_LEGENDS if first.among_marks else _REACH)
    tried = []
    for i, one in enumerate(ones):
        for k, other in enumerate(others):
            if _near(where, one, other, reach) and _says_the_same(first, second, one, other):
                said = compared(first, second, [one], [other], where)
                tried.append((said.shift, i, k, said))
    chosen = _in_order(_best(tried), ones, others)
    return [*_rest(first, second, where, found, chosen, ones, others), *(said for _, _, said in chosen)]


def _letters(said: Said) -> int:
    return max(sum(sign.isalnum() for sign in text) for text in (said.read, said.read_other))


def _says_the_same(first: Side, second: Side, one: Words, other: Words) -> bool:
    said = first.read(one.box, upright=one.upright)
    return bool(said.text) and unlike(said, second.read(other.box, upright=other.upright)) <= _MAY_BE_THE_SAME


def _near(where: Map, one: Words, other: Words, reach: float) -> bool:
    mapped = where.box(one.box)
    off = max(
        abs(mapped[0] + mapped[2] - other.box[0] - other.box[2]),
        abs(mapped[1] + mapped[3] - other.box[1] - other.box[3]),
    )
    long = (mapped[2] - mapped[0]) / max(1, other.box[2] - other.box[0])
    return off / 2 <= reach and 0.5 < long < 2


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
