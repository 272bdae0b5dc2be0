"""Compares what two lines say, sign by sign: which signs differ, and how surely."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

from erc.workers.checker.domain.picture.letters_net import Reading

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−－﹣_~一", "-"),
        **dict.fromkeys("oO〇°º@", "0"),
        **dict.fromkeys("lI|!丨", "1"),
        **dict.fromkeys("‘’`´′'", "'"),
        **dict.fromkeys("“”″", '"'),
        **dict.fromkeys("·•∙.,", "."),
        "s": "S", "z": "Z", "x": "X", "×": "X", "v": "V", "w": "W", "c": "C", "k": "K", "p": "P", "u": "U",
        "µ": "U", "μ": "U",
    }
)  # fmt: skip
"""Signs that look alike in some font or at some size are one sign."""
_PERCENT = re.compile(r"\((96|9%6?|%6|9?%|0/0|°/0|00)\)")
_LOOSE, _FIRM = "-.'\"^7:;", "()%/+=<>*"
"""What a tick, a frame's corner or a speck beside a line reads as; signs of words. All others are a legend's keys."""
_TICK = 0.5
"""How much such a sign at a line's end weighs."""


def signs_of(reading: Reading) -> list[tuple[str, float]]:
    """Return the signs of a line without room between them, those that look alike as one, each with how sure it is."""
    found: list[tuple[str, float]] = []
    for sign, sure in zip(reading.text, reading.sure, strict=True):
        plain = unicodedata.normalize("NFKC", sign).translate(_ALIKE)
        found += [(one, sure) for one in plain if not one.isspace()]
    return _with_percent(found)


def _with_percent(signs: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the signs with what a small percent sign in brackets reads as: 96, 9%6, %6, 0/0."""
    text = "".join(sign for sign, _ in signs)
    for found in reversed([*_PERCENT.finditer(text)]):
        start, end = found.span(1)
        signs[start:end] = [("%", min(sure for _, sure in signs[start:end]))]
    return signs


def unlike(one: Reading, other: Reading) -> float:
    """Return how surely two lines say different things: 0 they say the same, 1 they do not.

    That is how sure the surest sign is that only one of them has, or that the other reads as another sign.
    """
    a, b = signs_of(one), signs_of(other)
    if [sign for sign, _ in a] == [sign for sign, _ in b]:
        return 0.0
    if not a or not b:
        return max(one.surely, other.surely)
    return max(_worst(a, b), _worst(b, a))


def _worst(a: list[tuple[str, float]], b: list[tuple[str, float]]) -> float:
    """Return how surely two lines differ as they are aligned from one side: the other side may align them otherwise."""
    worst = 0.0
    for what, i, j, k, m in SequenceMatcher(None, [s for s, _ in a], [s for s, _ in b], autojunk=False).get_opcodes():
        if what != "equal":
            worst = max(worst, _weight(a, i, j), _weight(b, k, m)) if i == j or k == m else _both(a[i:j], b[k:m], worst)
    return worst


def _both(ones: list[tuple[str, float]], others: list[tuple[str, float]], worst: float) -> float:
    """Return how surely some signs are other ones: as sure as the less sure side."""
    return max(worst, min(max(sure for _, sure in ones), max(sure for _, sure in others)))


def _weight(line: list[tuple[str, float]], start: int, end: int) -> float:
    """Return how surely a line has signs that the other lacks."""
    at_end = start == 0 or end == len(line)
    weights = [sure * (_TICK if at_end and _is_loose(sign) else 1.0) for sign, sure in line[start:end]]
    return max(weights, default=0.0)


def _is_loose(sign: str) -> bool:
    return sign in _LOOSE or not (sign.isalnum() or sign in _FIRM)
