"""One thing at a time, in a place apart, so that a thing that its reader cannot bear is lost alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from erc.events.errors import Rejected
from erc.schemas.check import Outcome
from erc.workers.checker.domain.picture.bitmap import PixelBudget
from erc.workers.checker.domain.result import Compared

R = TypeVar("R")


class Apart(Protocol):
    """Runs a comparison where it can do no harm; raises Rejected when it ends there without a result."""

    def __call__(self, compare: Callable[[], R], /) -> R:
        """Return what `compare` returns."""


def directly(compare: Callable[[], R], /) -> R:
    """Run a comparison here."""
    return compare()


def compared_apart(
    apart: Apart, compare: Callable[[PixelBudget], Compared], budget: PixelBudget, kind: str
) -> tuple[Compared, PixelBudget]:
    """Return how one thing of this kind came out, and what is left of the budget, which is used where it is compared.

    A thing that could not be read to its end is uncompared, and says why.
    """

    def both() -> tuple[Compared, PixelBudget]:
        return compare(budget), budget

    try:
        return apart(both)
    except Rejected as error:
        return lost(kind, error), budget


def lost(kind: str, error: Rejected) -> Compared:
    """Return the result for a thing whose comparison was given up."""
    title = error.problem.title.rstrip(".")
    return Compared(kind, Outcome.UNCOMPARED, f"could not be compared: {title[:1].lower()}{title[1:]}", 1.0)
