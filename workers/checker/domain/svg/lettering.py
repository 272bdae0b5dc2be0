"""Reads the words of an SVG text: runs of letters, each where it begins."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from erc.workers.checker.domain.svg.elements import attributes_of, tag_of
from erc.workers.checker.domain.svg.geometry import Matrix, Point, applied, length, multiplied, numbers, transform
from erc.workers.checker.domain.svg.style import Rule, names_of, styled
from erc.workers.checker.domain.tokens import tidy

_GLYPH = re.compile(r"#([A-Z][A-Za-z0-9]{1,60}(?:-[A-Za-z]{2,20}){0,3})-([0-9a-f]{2,5})")
_UNSEEN = {"title", "desc", "style", "script", "metadata"}
_MOVED = ("dx", "dy", "baseline-shift")

Painted = Callable[[Mapping[str, str], Matrix], tuple[str, ...] | None]
"""Returns how something is painted, None when it cannot be seen."""


@dataclass(frozen=True)
class Words:
    """A text of a drawing, where it begins, its font as it is called, and how it is painted."""

    text: str
    at: Point
    font: str = ""
    looks: tuple[str, ...] = ()


@dataclass
class _Run:
    at: Point
    font: str
    looks: tuple[str, ...] = ()
    pieces: list[str] = field(default_factory=list)


class Lettering:
    """Takes the parts of one text; a part with a place of its own begins a new run."""

    def __init__(self, matrix: Matrix, rules: Sequence[Rule], painted: Painted) -> None:
        self._matrix, self._rules, self._painted = matrix, rules, painted
        self._runs: list[_Run] = []

    def words(self) -> Iterator[Words]:
        """Yield what was read."""
        for run in self._runs:
            text = tidy(" ".join("".join(run.pieces).split()))
            if text:
                yield Words(text, applied(self._matrix, run.at), run.font, run.looks)

    def outlined(self, text: str, group: Any, fonts: str, looks: Mapping[str, str]) -> None:
        """Take a text that is drawn as outlines by a group."""
        where = multiplied(self._matrix, transform(group.get("transform", "")))
        painted = self._painted(looks, where)
        if painted is not None:
            begins = transform(group.get("transform", ""))
            run = _Run((begins[4], begins[5]), f"{where[0]:.3g} {fonts}", painted, [text])
            self._runs.append(run)

    def take(self, element: Any, looks: Mapping[str, str], path: list[frozenset[str]]) -> None:
        """Take an element with all that stands in it."""
        attributes = attributes_of(element)
        painted = self._painted(looks, self._matrix)
        self._place(attributes, looks)
        self._add(element.text, painted)
        for child in element:
            if isinstance(child.tag, str) and tag_of(child) not in _UNSEEN and len(path) < 100:
                own = attributes_of(child)
                inner = [*path, names_of(tag_of(child), own)]
                worn = styled(looks, own, inner, self._rules)
                if worn.get("display") != "none":
                    self.take(child, {**looks, **worn}, inner)
            self._add(child.tail, painted)

    def _place(self, attributes: Mapping[str, str], looks: Mapping[str, str]) -> None:
        x, y, dx, dy = (numbers(attributes.get(name, ""))[:1] for name in ("x", "y", "dx", "dy"))
        before = self._runs[-1].at if self._runs else (0.0, 0.0)
        if x or y or not self._runs:
            at = ((x or [before[0]])[0] + _by(attributes, "dx"), (y or [before[1]])[0] + _by(attributes, "dy"))
            self._runs.append(_Run(at, _font(looks, self._matrix)))
        elif dx or dy or any(attributes.get(name, "0") not in {"0", "baseline"} for name in _MOVED):
            self._runs[-1].pieces.append(" ")  # raised, lowered or set apart: 10³ is not 103

    def _add(self, text: str | None, painted: tuple[str, ...] | None) -> None:
        if not text or not text.strip():
            self._runs[-1].pieces.append(" " if text else "")
        elif painted is not None:
            self._runs[-1].looks = self._runs[-1].looks or painted
            self._runs[-1].pieces.append(text)


def outlined_text(element: Any) -> tuple[str, Any, str] | None:
    """Return the words that outlines of letters write, where matplotlib says those in a comment before; else None."""
    if len(element) != 2:
        return None
    comment, group = element
    if comment.tag is not etree.Comment or tag_of(group) != "g" or group.get("id"):
        return None
    text = tidy(" ".join((comment.text or "").split()))
    letters = [child for child in group if isinstance(child.tag, str) and tag_of(child) != "defs"]
    fonts = [_GLYPH.fullmatch(attributes_of(child).get("href", "")) for child in letters if tag_of(child) == "use"]
    counts = {len(text), len(text.replace(" ", ""))}
    if not text or len(letters) not in counts or len(fonts) != len(letters) or not all(fonts):
        return None
    return text, group, " ".join(sorted({one[1] for one in fonts if one is not None}))


def _by(attributes: Mapping[str, str], name: str) -> float:
    return length((attributes.get(name, "").replace(",", " ").split() or ["0"])[0])


def _font(looks: Mapping[str, str], matrix: Matrix) -> str:
    """Return how a font is called, how it is turned, and at which end of the text its place is."""
    turned = round(math.degrees(math.atan2(matrix[1], matrix[0])))
    named = (looks.get(name, "") for name in ("font-size", "font-family", "text-anchor"))
    return f"{' '.join(named)} {turned or ''}".strip()
