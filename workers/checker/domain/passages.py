"""Finds what differs between two sequences of passages, passage by passage, sentence by sentence, number by number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from erc.workers.checker.domain.align import Span, differing
from erc.workers.checker.domain.globs import matches
from erc.workers.checker.domain.matching import in_order
from erc.workers.checker.domain.result import CHANGES_KEPT
from erc.workers.checker.domain.token_pairs import Ignored, Judged, judge
from erc.workers.checker.domain.tokens import Token, key_of, skeleton, tidy, tokens
from erc.workers.checker.domain.tolerance import Tolerance
from erc.workers.checker.domain.volatile import DATE, blocks, whole_rule

CLOSELY_CHARACTERS = 8_000_000
"""How much text of both sides together is looked into word by word; what is left counts as different as it stands."""
CLOSELY_PAIRS = 3_000
"""How many pairs of passages that differ are aligned word by word; further ones are compared word for word."""
PASSAGE_CHARACTERS = 200_000
"""The longest passage that is looked into word by word."""
_MARK = re.compile(r"^(?:##|#>)(?: |$)")
"""What knitr puts before output."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z]|\()")


@dataclass(frozen=True)
class Difference:
    """A place where two texts differ; a side is empty where it has nothing. `at` is the passage's index."""

    at: int
    published: str
    reproduced: str
    rule: str = ""


@dataclass
class Found:
    """What differs: how many passages, the first differences, and what does not count."""

    changed: int = 0
    difference_count: int = 0
    ignored_count: int = 0
    differences: list[Difference] = field(default_factory=list)
    ignored: list[Difference] = field(default_factory=list)


@dataclass
class _Unit:
    """A passage, or a block that is volatile as a whole; `parts` are cut on demand."""

    at: int
    text: str
    rule: str = ""
    parts: list[Token] = field(default_factory=list)
    key: str = ""

    @property
    def quick(self) -> str:
        return f"\0{self.rule}" if self.rule else self.text


def find_differences(
    published: Sequence[str],
    reproduced: Sequence[str],
    tolerance: Tolerance,
    ignore: Sequence[str],
    title: int | None = None,
) -> Found:
    """Compare two sequences of passages in bounded time.

    `title` says how many passages are a document's title block; without it they are lines, and where a line breaks
    counts.
    """
    units = [_units(side, ignore, title or 0) for side in (published, reproduced)]
    return _Finder(tolerance, lines=title is None).find(*units)


def _units(passages: Sequence[str], ignore: Sequence[str], title: int) -> list[_Unit]:
    units: list[_Unit] = []
    at = 0
    for start, end, rule in blocks(passages):
        units += _plain(passages, range(at, start), ignore, title)
        units.append(_Unit(start, "\n".join(passages[start:end]), rule))
        at = end
    return units + _plain(passages, range(at, len(passages)), ignore, title)


def _plain(passages: Sequence[str], places: range, ignore: Sequence[str], title: int) -> list[_Unit]:
    plain = [(at, _MARK.sub("", tidy(passages[at]))) for at in places]
    return [_Unit(at, text, _rule(text, ignore, in_title=at < title)) for at, text in plain if text]


def _rule(text: str, ignore: Sequence[str], *, in_title: bool) -> str:
    named = next((pattern for pattern in ignore if matches(pattern, text)), None)
    return f"erc.yml ignores “{named}”" if named is not None else whole_rule(text, in_title=in_title)


class _Finder:
    def __init__(self, tolerance: Tolerance, *, lines: bool) -> None:
        self._lines = lines
        self._tolerance, self._found, self._room, self._close = tolerance, Found(), CLOSELY_CHARACTERS, CLOSELY_PAIRS

    def find(self, a: list[_Unit], b: list[_Unit]) -> Found:
        quick = [one.quick for one in a], [one.quick for one in b]
        for i, k, span in _steps(*quick):
            if span is None:
                self._same(a[i], b[k])
            else:
                self._closely(a[span[0] : span[1]], b[span[2] : span[3]])
        return self._found

    def _closely(self, a: list[_Unit], b: list[_Unit]) -> None:
        """Compare two runs of passages of which none is written like the other's."""
        for one in (*a, *b):
            self._cut(one)
        if len(a) == len(b) == 1 and not (a[0].rule or b[0].rule):  # so stands nearly every change
            (self._same if a[0].key == b[0].key else self._pair)(a[0], b[0])
            return
        for i, k, span in _steps([one.key for one in a], [one.key for one in b]):
            if span is None:
                self._same(a[i], b[k])
            else:
                self._gap(a[span[0] : span[1]], b[span[2] : span[3]])

    def _cut(self, one: _Unit) -> None:
        self._room -= len(one.text)
        if one.rule or len(one.text) > PASSAGE_CHARACTERS or self._room < 0:
            one.key = one.quick
        else:
            one.parts = tokens(one.text)
            one.key = key_of(one.parts)

    def _gap(self, a: list[_Unit], b: list[_Unit]) -> None:
        a, b = self._without_volatile(a, 0), self._without_volatile(b, 1)
        if not self._lines and _broken_elsewhere(a, b):
            return
        frames = [skeleton(one.parts) or one.key for one in a], [skeleton(one.parts) or one.key for one in b]
        for i, k, span in _steps(*frames):
            if span is None:
                self._pair(a[i], b[k])
                continue
            before, after = a[span[0] : span[1]], b[span[2] : span[3]]
            for x, y in in_order([_words(one) for one in before], [_words(one) for one in after]):
                self._pair(None if x is None else before[x], None if y is None else after[y])

    def _without_volatile(self, units: list[_Unit], side: int) -> list[_Unit]:
        """Leave out what may be there on one side only; a date of the run may not, for it could be the result."""
        volatile = [one for one in units if one.rule not in {"", DATE}]
        for one in volatile:
            self._ignore(Difference(one.at, *(("", one.text) if side else (one.text, "")), one.rule))
        return [one for one in units if one.rule in {"", DATE}]

    def _same(self, a: _Unit, b: _Unit) -> None:
        """Keep what two passages that say the same write in another way."""
        if a.text == b.text:
            return
        if a.rule:
            self._ignore(Difference(b.at, a.text, b.text, a.rule))
            return
        for ignored in judge(a.parts, b.parts, self._tolerance).ignored:
            self._note(b.at, ignored)

    def _pair(self, a: _Unit | None, b: _Unit | None) -> None:
        if a is None or b is None:
            one = a or b
            assert one is not None
            self._differ([Difference(one.at, a.text if a else "", b.text if b else "")])
            return
        self._close -= 1
        judged = judge(a.parts, b.parts, self._tolerance, closely=self._close > 0)
        if judged.same and a.parts and b.parts:
            for ignored in judged.ignored:
                self._note(b.at, ignored)
            return
        self._differ([Difference(b.at, *one) for one in self._sentences(a, b, judged)])

    def _sentences(self, a: _Unit, b: _Unit, judged: Judged) -> list[tuple[str, str]]:
        """Return the sentences that differ, the whole passages when they cannot be told."""
        before, after = _SENTENCE.split(a.text), _SENTENCE.split(b.text)
        if not a.parts or self._close < 0 or len(before) != len(after) or len(before) == 1:
            return [(a.text, b.text)]
        for ignored in judged.ignored:
            self._note(b.at, ignored)
        pairs = zip(before, after, strict=True)
        differ = [(x, y) for x, y in pairs if x != y and not judge(tokens(x), tokens(y), self._tolerance).same]
        return differ or [(a.text, b.text)]

    def _differ(self, differences: list[Difference]) -> None:
        self._found.changed += 1
        self._found.difference_count += len(differences)
        self._found.differences += differences[: max(0, CHANGES_KEPT - len(self._found.differences))]

    def _note(self, at: int, ignored: Ignored) -> None:
        self._ignore(Difference(at, ignored.published, ignored.reproduced, ignored.rule))

    def _ignore(self, difference: Difference) -> None:
        self._found.ignored_count += 1
        if len(self._found.ignored) < CHANGES_KEPT:
            self._found.ignored.append(difference)


def _broken_elsewhere(a: list[_Unit], b: list[_Unit]) -> bool:
    """Return whether both say the same, in other passages; a break between two numbers counts, as in a print-out."""
    if "\x1f".join(one.key for one in a) != "\x1f".join(one.key for one in b):
        return False
    return _breaks_in_numbers(a) == _breaks_in_numbers(b)


def _breaks_in_numbers(units: list[_Unit]) -> list[int]:
    """Return behind how many parts a passage ends with a number and the next one begins with one."""
    parts, breaks = 0, []
    for one, other in pairwise(units):
        parts += len(one.parts)
        if one.parts and other.parts and one.parts[-1].number is not None and other.parts[0].number is not None:
            breaks.append(parts)
    return breaks


def _words(one: _Unit) -> frozenset[str]:
    return frozenset(part.key for part in one.parts)


def _steps(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int, Span | None]]:
    """Walk through two sequences: pairs that are equal (i, k, None), and spans that differ."""
    i = k = 0
    for span in differing(a, b):
        yield from ((i + step, k + step, None) for step in range(span[0] - i))
        yield span[0], span[2], span
        i, k = span[1], span[3]
    yield from ((i + step, k + step, None) for step in range(len(a) - i))
