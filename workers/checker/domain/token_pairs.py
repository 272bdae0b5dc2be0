"""Judges two passages by their words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.numerals import agree_as_printed, smallest_p
from erc.workers.checker.domain.tokens import Token
from erc.workers.checker.domain.tolerance import Tolerance

WRITTEN = "number written in another way"
DIGITS = "number printed with other digits"
TOLERATED = "number within the tolerance"
SMALLEST = "p-value too small to be told"


@dataclass(frozen=True)
class Ignored:
    """A part that is written in another way, and why that does not count."""

    published: str
    reproduced: str
    rule: str


@dataclass
class Judged:
    """Whether two passages say the same, and what of them does not count."""

    same: bool = True
    ignored: list[Ignored] = field(default_factory=list)


def judge(a: Sequence[Token], b: Sequence[Token], tolerance: Tolerance, *, closely: bool = True) -> Judged:
    """Compare two passages part by part; not `closely`, only passages of equally many parts can say the same."""
    judged = Judged()
    i = k = 0
    spans = differing([one.key for one in a], [one.key for one in b]) if closely else [(0, len(a), 0, len(b))]
    for a_from, a_to, b_from, b_to in spans:
        judged.ignored += _written(a[i:a_from], b[k:b_from])
        below = _below(a, a_from) and _below(b, b_from)
        rules = _rules(a[a_from:a_to], b[b_from:b_to], tolerance, below=below)
        if rules is None:
            judged.same = False
        else:
            pairs = zip(a[a_from:a_to], b[b_from:b_to], rules, strict=True)
            judged.ignored += [Ignored(x.raw, y.raw, rule) for x, y, rule in pairs if x.raw != y.raw]
        i, k = a_to, b_to
    judged.ignored += _written(a[i:], b[k:])
    return judged


def _written(a: Sequence[Token], b: Sequence[Token]) -> Iterator[Ignored]:
    for x, y in zip(a, b, strict=True):
        if x.raw != y.raw and (x.rule or x.number is not None):
            yield Ignored(x.raw, y.raw, x.rule or WRITTEN)


def _below(parts: Sequence[Token], at: int) -> bool:
    return at > 0 and parts[at - 1].raw in {"<", "≤", "&lt;"}


def _rules(a: Sequence[Token], b: Sequence[Token], tolerance: Tolerance, *, below: bool) -> list[str] | None:
    """Return for each pair why it does not count, None when one pair counts."""
    if len(a) != len(b):
        return None
    rules = [_rule(x, y, tolerance, below=below or _below(a, at)) for at, (x, y) in enumerate(zip(a, b, strict=True))]
    return None if "" in rules else rules


def _rule(x: Token, y: Token, tolerance: Tolerance, *, below: bool) -> str:
    if x.key == y.key:
        return x.rule or WRITTEN
    if x.number is None or y.number is None:
        return ""
    if agree_as_printed(x.number, y.number):
        return DIGITS
    if below and smallest_p(x.number, y.number):
        return SMALLEST
    return TOLERATED if tolerance and tolerance.allows(float(x.number.value), float(y.number.value)) else ""
