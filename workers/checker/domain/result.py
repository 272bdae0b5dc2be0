"""What a comparison of one thing found, before it has a name and before its bytes are kept."""

from __future__ import annotations

from dataclasses import dataclass

from erc.schemas.check import Likeness, Outcome, Place
from erc.workers.checker.domain.origins import NOWHERE, Trace

CHANGES_KEPT = 200
"""How many single changes of one thing are kept to be shown; all are counted."""


@dataclass(frozen=True)
class Change:
    """One place where two texts or tables differ; a side is empty where it has nothing there."""

    place: str
    """`line 3`, `row 3, column “mean”`, or nothing."""
    published: str
    reproduced: str
    rule: str = ""
    """Why it does not count, such as `memory address`; empty for a difference that counts."""


@dataclass(frozen=True)
class Compared:
    """How one thing came out."""

    kind: str
    """`text`, `image`, `table` or `bytes`."""
    outcome: Outcome
    finding: str = ""
    """What follows the thing's name in a sentence: `differs in 3.1 % of its pixels`; no full stop."""
    measure: float = 0.0
    """Share that differs, 0 to 1."""
    original: bytes | None = None
    reproduced: bytes | None = None
    difference: bytes | None = None
    changes: tuple[Change, ...] = ()
    changed: int = 0
    """How many changes there are, of which `changes` holds the first."""
    media_type: str = ""
    """The type under which a browser shows `original` and `reproduced` as pictures; empty when it should not."""
    ignored: tuple[Change, ...] = ()
    """What differs and does not count, the first of it, each with its rule."""
    ignored_count: int = 0
    """How much of that there is."""
    rule: str = ""
    """Why the thing is ignored as a whole."""
    tolerance: str = ""
    """The tolerance under which numbers were compared, in words."""
    asked: str = ""
    """What erc.yml asks for instead of a comparison: `the size`, `a text`; empty where it was compared."""

    likeness: Likeness | None = None
    confidence: float | None = None
    """How sure the likeness is, 0.5 to 1."""
    places: tuple[Place, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both say the same, however they are drawn."""
        return self.outcome.agrees


@dataclass(frozen=True)
class Named:
    """A compared thing with the name of its row and the subject of its sentence."""

    name: str
    subject: str
    compared: Compared
    trace: Trace = NOWHERE
    """What a display says about where it comes from."""

    @property
    def sentence(self) -> str:
        """The finding as a sentence, empty when there is none."""
        return f"{self.subject} {self.compared.finding}." if self.compared.finding else ""


def number(count: int, noun: str) -> str:
    """Return `1 cell`, `2 cells`, `1,200 cells`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
