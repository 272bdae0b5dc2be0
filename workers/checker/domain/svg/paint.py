"""How two drawings are painted: whether one palette became another, and what their embedded pictures show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from erc.schemas.check import Outcome
from erc.workers.checker.domain.figures import embedded_bytes
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.svg.canvas import Drawing, Shape
from erc.workers.checker.domain.svg.lettering import Words

Pairs = Sequence[tuple[Shape, Shape]]


def one_to_one(restyled: Pairs, pairs: Pairs) -> bool:
    """Return whether each look became one other look, everywhere, and no two became one: another palette or theme."""
    if any(one.worn != other.worn for one, other in restyled):
        return False
    forth: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    back: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for one, other in pairs:
        forth.setdefault(one.looks, set()).add(other.looks)
        back.setdefault(other.looks, set()).add(one.looks)
    single = all(len(found) == 1 for found in (*forth.values(), *back.values()))
    counts = Counter(one.looks for one, _ in restyled)
    return single and len(restyled) > 2 and min(counts.values()) > 1


def same_palette(pairs: Pairs, lettered: Sequence[tuple[Words, Words]]) -> bool:
    """Return whether each colour of shapes and words became one other colour, and no two became one.

    What else words are painted with, their opacity and their clip, must be as it was.
    """
    if any(x.looks[4:] != y.looks[4:] for x, y in lettered):
        return False
    forth: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    painted = [(one.looks, other.looks) for one, other in pairs] + [(x.looks, y.looks) for x, y in lettered]
    for one, other in painted:
        for before, after in zip(one[:2], other[:2], strict=True):
            if (before == "none") != (after == "none"):
                return False
            forth.setdefault(before, set()).add(after)
            back.setdefault(after, set()).add(before)
    return all(len(found) == 1 for found in (*forth.values(), *back.values()))


def embedded(a: Drawing, b: Drawing, budget: PixelBudget) -> Compared | None:
    """Compare the pictures that stand in two drawings; None when they show the same."""
    before, after = ([one.source for one in side.shapes if one.kind == "picture"] for side in (a, b))
    if len(before) != len(after):
        return Compared("image", Outcome.DIFFERENT, "does not hold equally many pictures", 1.0)
    worst = None
    for theirs, ours in zip(before, after, strict=True):
        if theirs != ours:
            found = _picture(theirs, ours, budget)
            if not found.agrees:
                return found
            worst = found if found.outcome is Outcome.OTHER_RENDERING else worst
    return worst


def _picture(theirs: str, ours: str, budget: PixelBudget) -> Compared:
    contents = [embedded_bytes(one) for one in (theirs, ours)]
    if None in contents:
        return Compared("image", Outcome.UNCOMPARED, "links another picture, which is not looked at", 1.0)
    found = compare_images(contents[0] or b"", contents[1] or b"", budget)
    # the places are those of the picture, not of the drawing
    return replace(found, finding=f"holds a picture that {found.finding}", places=(), difference=None)
