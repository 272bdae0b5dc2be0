"""Which shapes of two drawings answer to each other, and which of them moved. Distances are in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.svg.canvas import Drawing, Shape
from erc.workers.checker.domain.svg.geometry import Point
from erc.workers.checker.domain.svg.lettering import Words

STILL = 1e-4
"""Points that lie apart by less than this share of the diagonal stand at the same place: numbers are rounded."""
NEAR = 0.03
"""A word that moved by less than this share stands beside the same thing as before."""

_SHIFTED = 0.1
"""How far everything may be shifted together, as a share of the side."""

Points = NDArray[np.float64]


@dataclass
class Paired:
    """Shapes that answer to each other, in order; how far each moved; and those that only one drawing has."""

    pairs: list[tuple[Shape, Shape]] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    missing: list[Shape] = field(default_factory=list)
    new: list[Shape] = field(default_factory=list)

    def moved(self, still: float) -> list[tuple[Shape, Shape, float]]:
        """Return the pairs whose points lie further apart than `still`."""
        both = zip(self.pairs, self.distances, strict=True)
        return [(one, other, distance) for (one, other), distance in both if distance > still]

    def restyled(self, *, scaled: bool = False) -> list[tuple[Shape, Shape]]:
        """Return the pairs that do not look alike but for their place; the lines of `scaled` ones have other widths."""
        return [(one, other) for one, other in self.pairs if _looks(one, scaled) != _looks(other, scaled)]


def _looks(shape: Shape, scaled: bool) -> tuple[str, ...]:
    looks = (*shape.looks[:2], *shape.looks[4:]) if scaled else shape.looks
    return (*looks, shape.worn)


def pair_shapes(a: Sequence[Shape], b: Sequence[Shape]) -> Paired:
    """Pair shapes of the same form in the order of drawing."""
    found = Paired()
    i = k = 0
    for a_from, a_to, b_from, b_to in [*differing(_forms(a), _forms(b)), (len(a), len(a), len(b), len(b))]:
        found.pairs += zip(a[i:a_from], b[k:b_from], strict=True)
        found.missing += a[a_from:a_to]
        found.new += b[b_from:b_to]
        i, k = a_to, b_to
    found.distances = [_apart(_all_of(one), _all_of(other)) for one, other in found.pairs]
    return found


def _forms(shapes: Sequence[Shape]) -> list[str]:
    return [f"{len(one.points)} {one.letters}" for one in shapes]


def _all_of(shape: Shape) -> tuple[Point, ...]:
    return shape.points + shape.frame


def _apart(a: Sequence[Point], b: Sequence[Point]) -> float:
    """Return how far two shapes are apart; the frame of what only one refers to is left out."""
    shared = min(len(a), len(b))
    return float(np.abs(np.array(a[:shared]) - np.array(b[:shared])).max()) if shared else 0.0


def moved_together(a: Drawing, b: Drawing, paired: Paired) -> bool:
    """Return whether everything of one drawing, words too, stands on the other as the canvas was scaled or shifted."""
    both = pair_words(a.words, b.words)
    one = [point for shape, _ in paired.pairs for point in _all_of(shape)] + [words.at for words, _ in both]
    other = [point for _, shape in paired.pairs for point in _all_of(shape)] + [words.at for _, words in both]
    if len(one) != len(other) or len(one) < 2:
        return False
    x, y = np.array(one), np.array(other)
    sizes = ((a.width, b.width), (a.height, b.height))
    still = 2 * STILL * b.diagonal
    return all(_fits(x[:, axis], y[:, axis], sizes[axis], still) for axis in (0, 1))


def _fits(x: Points, y: Points, sizes: tuple[float, float], still: float) -> bool:
    scale = sizes[1] / sizes[0] if min(sizes) > 0 else 1.0
    left = y - scale * x
    return bool(abs(left[0]) < _SHIFTED * max(1.0, sizes[1]) and np.abs(left - left[0]).max() <= still)


Lettered = Sequence[tuple[Words, Words]]
_NEAREST = 200
"""Up to how many equal words each is paired with the nearest one; more are paired in the order of their places."""
_STRAYED = 0.15
"""How far a word may stand from where the others say, as a share of a side: its size stays on another canvas."""


def pair_words(a: Sequence[Words], b: Sequence[Words]) -> list[tuple[Words, Words]]:
    """Pair equal words by their places; where the words are not the same, pair equally many in order, others not."""
    ours: dict[str, list[Words]] = {}
    for one in b:
        ours.setdefault(one.text, []).append(one)
    theirs: dict[str, list[Words]] = {}
    for one in a:
        theirs.setdefault(one.text, []).append(one)
    if {text: len(found) for text, found in ours.items()} != {text: len(found) for text, found in theirs.items()}:
        return list(zip(a, b, strict=True)) if len(a) == len(b) else []
    return [pair for text, found in theirs.items() for pair in _nearest(found, ours[text])]


def _nearest(a: list[Words], b: list[Words]) -> list[tuple[Words, Words]]:
    if len(a) > _NEAREST:
        return list(zip(sorted(a, key=_where), sorted(b, key=_where), strict=True))
    left = list(b)
    return [(one, left.pop(min(range(len(left)), key=lambda at: _distance(one, left[at])))) for one in a]


def _where(one: Words) -> Point:
    return one.at


def _distance(one: Words, other: Words) -> float:
    return max(abs(one.at[0] - other.at[0]), abs(one.at[1] - other.at[1]))


def far_words(lettered: Lettered, far: float) -> list[tuple[Words, Words]]:
    """Return the pairs of words that stand far from where they stood."""
    return [(x, y) for x, y in lettered if _distance(x, y) > far]


def strayed_words(a: Drawing, b: Drawing, lettered: Lettered) -> list[tuple[Words, Words]]:
    """Return the pairs that do not stand where the others say, as the canvas or the margins changed."""
    if len(lettered) < 2:
        return []
    off = np.zeros(len(lettered))
    for axis, before, after in ((0, a.width, b.width), (1, a.height, b.height)):
        x, y = (np.array([pair[side].at[axis] for pair in lettered]) for side in (0, 1))
        ratio = after / before if before > 0 and after > 0 else 1.0
        spread = float(((x - x.mean()) ** 2).sum())
        slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread else ratio
        slope = min(2 * ratio, max(0.5 * ratio, slope))
        rest = np.abs(y - slope * x - np.median(y - slope * x))
        off = np.maximum(off, rest / max(1.0, after))
    return [pair for pair, share in zip(lettered, off, strict=True) if share > _STRAYED]
