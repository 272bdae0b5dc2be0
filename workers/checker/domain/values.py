"""Compares nested values (objects, lists, numbers, texts), as JSON, XML and R objects hold them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erc.schemas.check import Outcome
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.numerals import Numeral
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.tabular.cells import number_in, same_number
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import became, excerpt
from erc.workers.checker.domain.token_pairs import judge
from erc.workers.checker.domain.tokens import tokens
from erc.workers.checker.domain.tolerance import NONE, RELATIVE

MOST_DEPTH = 150
_WORDS_CHARACTERS = 10_000
_WORD_PAIRS = 3_000
_LARGE = 10**400
_KEY = re.compile(r"\[\d+\]|@|_")


def compare_values(published: Any, reproduced: Any, terms: Terms) -> Compared:
    """Compare two values part by part; the order of an object's keys does not count, that of a list does.

    Values are dicts, lists, texts, numbers, truth values and None. Raises RecursionError when they nest too deeply.
    """
    walk = _Walk(terms)
    walk.compare(published, reproduced, "", 0)
    ignored = tuple(walk.ignored)
    if not walk.changed:
        finding = "holds the same values, written in another way"
        return Compared("data", Outcome.EQUIVALENT, finding, ignored=ignored, ignored_count=walk.ignored_count)
    first, total = walk.changes[0], max(walk.seen, walk.changed)
    place = f" at {first.place}" if first.place else ""
    return Compared(
        "data",
        Outcome.DIFFERENT,
        f"differs in {walk.changed:,} of {number(total, 'value')}, first{place}: {became(first)}",
        min(1.0, walk.changed / total),
        changes=tuple(walk.changes),
        changed=walk.changed,
        ignored=ignored,
        ignored_count=walk.ignored_count,
    )


@dataclass
class _Walk:
    terms: Terms
    seen: int = 0
    changed: int = 0
    ignored_count: int = 0
    changes: list[Change] = field(default_factory=list)
    ignored: list[Change] = field(default_factory=list)
    word_pairs: int = _WORD_PAIRS

    def compare(self, a: Any, b: Any, place: str, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise RecursionError
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            self._objects(a, b, place, depth)
        elif isinstance(a, list) and isinstance(b, list):
            self._lists(a, b, place, depth)
        else:
            self.seen += 1
            self._scalars(a, b, place)

    def _objects(self, a: Mapping[Any, Any], b: Mapping[Any, Any], place: str, depth: int) -> None:
        for key in dict.fromkeys([*a, *b]):
            inner = f"{place}.{key}" if place else str(key)
            if key in a and key in b:
                self.compare(a[key], b[key], inner, depth + 1)
            else:
                self._alone(a.get(key), b.get(key), inner, key in a)

    def _lists(self, a: Sequence[Any], b: Sequence[Any], place: str, depth: int) -> None:
        if len(a) == len(b):
            for at, (x, y) in enumerate(zip(a, b, strict=True)):
                self.compare(x, y, f"{place}[{at}]", depth + 1)
            return
        i = 0
        for a_from, a_to, b_from, b_to in [*differing(_keys(a), _keys(b)), (len(a), len(a), len(b), len(b))]:
            self.seen += a_from - i
            shared = min(a_to - a_from, b_to - b_from)
            for step in range(shared):
                self.compare(a[a_from + step], b[b_from + step], f"{place}[{b_from + step}]", depth + 1)
            for at in range(a_from + shared, a_to):
                self._alone(a[at], None, f"{place}[{at}]", True)
            for at in range(b_from + shared, b_to):
                self._alone(None, b[at], f"{place}[{at}]", False)
            i = a_to

    def _alone(self, a: Any, b: Any, place: str, published: bool) -> None:
        self.seen += 1
        self._change(place, _said(a) if published else "", "" if published else _said(b))

    def _scalars(self, a: Any, b: Any, place: str) -> None:
        if type(a) is type(b) and (a == b or a is b):
            return
        rule = self._rule(a, b, place)
        if rule is None:
            self._change(place, _said(a), _said(b))
        elif rule:
            self.ignored_count += 1
            if len(self.ignored) < CHANGES_KEPT:
                self.ignored.append(Change(place, _said(a), _said(b), rule))

    def _rule(self, a: Any, b: Any, place: str) -> str | None:
        """Return why two scalars agree, None when they do not."""
        x, y = _number(a), _number(b)
        if x is not None and y is not None:
            return self._number_rule(a, b, x, y)
        written, other = _numeral(a), _numeral(b)
        if written is not None and other is not None:
            return self._written_rule(a, b, (written, other), place)
        if not (isinstance(a, str) and isinstance(b, str)) or max(len(a), len(b)) > _WORDS_CHARACTERS:
            return None
        self.word_pairs -= 1
        judged = judge(tokens(a), tokens(b), self.terms.tolerance, closely=self.word_pairs > 0)
        if not judged.same or not a.strip() or not b.strip():
            return None
        return next((one.rule for one in judged.ignored), "blanks and typography")

    def _number_rule(self, a: Any, b: Any, x: float, y: float) -> str | None:
        if isinstance(a, int) and isinstance(b, int):
            same = a == b
        else:
            same = x == y or (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=RELATIVE)
        if same:
            return "rounding"
        return "number within the tolerance" if self.terms.tolerance and self.terms.tolerance.allows(x, y) else None

    def _written_rule(self, a: Any, b: Any, numbers: tuple[Numeral, Numeral], place: str) -> str | None:
        """Judge two values of which one or both are numbers written as text."""
        if isinstance(a, str) and isinstance(b, str):
            # what the key says decides whether this is a number: 1.10 and 1.1 are two versions
            key = _KEY.sub("", place.rpartition(".")[2])
            if numbers[0].key == numbers[1].key:
                same = judge(tokens(f"{key} {a}"), tokens(f"{key} {b}"), NONE).same
                return "number written in another way" if same else None
        if same_number(*numbers, NONE, printed=False):
            return "rounding" if isinstance(a, str) and isinstance(b, str) else "value of another type"
        within = same_number(*numbers, self.terms.tolerance, printed=False)
        return "number within the tolerance" if within else None

    def _change(self, place: str, published: str, reproduced: str) -> None:
        self.changed += 1
        if len(self.changes) < CHANGES_KEPT:
            self.changes.append(Change(excerpt(place, 200), published, reproduced))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _numeral(value: Any) -> Numeral | None:
    """Return the number that a text or a number says; None for words, and for `007`, which is a text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and abs(value) >= _LARGE:
        return None  # Python refuses to write integers of many digits
    return number_in(str(value))


def _keys(values: Sequence[Any]) -> list[str]:
    return [repr(value)[:2000] for value in values]


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"an object of {number(len(value), 'value')}"
    if isinstance(value, list):
        return f"a list of {number(len(value), 'value')}"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return excerpt(str(value), 300) or "“”"
