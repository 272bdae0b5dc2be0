"""Which shapes of two drawings answer to each other, and which of them moved. Distances are in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.svg.geometry import Point
from erc.workers.checker.domain.svg.reading import Drawing, Shape, Words

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

    def restyled(self) -> list[tuple[Shape, Shape]]:
        """Return the pairs that do not look alike but for their place."""
        return [(one, other) for one, other in self.pairs if one.looks != other.looks or one.worn != other.worn]


def pair_shapes(a: Sequence[Shape], b: Sequence[Shape]) -> Paired:
    """Pair shapes of the same form in the order of drawing."""
    found = Paired()
    i = k = 0
    for a_from, a_to, b_from, b_to in [*differing(_forms(a), _forms(b)), (len(a), len(a), len(b), len(b))]:
        found.pairs += zip(a[i:a_from], b[k:b_from], strict=True)
        found.missing += a[a_from:a_to]
        found.new += b[b_from:b_to]
        i, k = a_to, b_to
    found.distances = [_apart(one.points, other.points) for one, other in found.pairs]
    return found


def _forms(shapes: Sequence[Shape]) -> list[str]:
    return [f"{len(one.points)} {one.letters}" for one in shapes]


def _apart(a: Sequence[Point], b: Sequence[Point]) -> float:
    return float(np.abs(np.array(a) - np.array(b)).max()) if a and b else 0.0


def moved_together(a: Drawing, b: Drawing, paired: Paired) -> bool:
    """Return whether everything of one drawing, words too, stands on the other as the canvas was scaled or shifted."""
    one = [point for shape, _ in paired.pairs for point in shape.points] + [words.at for words in a.words]
    other = [point for _, shape in paired.pairs for point in shape.points] + [words.at for words in b.words]
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


def far_words(a: Sequence[Words], b: Sequence[Words], far: float) -> list[tuple[Words, Words]]:
    """Return the words, equal on both sides and in order, that stand far from where they stood."""
    both = zip(a, b, strict=True)
    return [(x, y) for x, y in both if max(abs(x.at[0] - y.at[0]), abs(x.at[1] - y.at[1])) > far]
