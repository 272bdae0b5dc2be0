"""Compares SVG drawings as text, where they cannot be read as drawings."""

from __future__ import annotations

import re

from erc.schemas.check import Outcome
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared
from erc.workers.checker.domain.texts import became, decoded, settled

_PART = re.compile(r"<[^<>]*>?|[^<]+")
_ID = re.compile(r"""\sid\s{0,9}=\s{0,9}["']([^"'<>]{1,200})["']""")
_USE = re.compile(r"""(\sid\s{0,9}=\s{0,9}["']|#)([^"'<>()\s]{1,200})""")


def compare_as_text(published: bytes, reproduced: bytes) -> Compared | None:
    """Compare two SVG files; comments, metadata (dates) and generated ids do not count. None when one is no text."""
    theirs, ours = decoded(published), decoded(reproduced)
    if theirs is None or ours is None:
        return None
    a, b = _parts(theirs), _parts(ours)
    spans = differing(a, b)
    if not spans:
        return Compared(
            "image",
            Outcome.EQUIVALENT,
            "shows the same drawing",
            0.0,
            published,
            reproduced,
            media_type="image/svg+xml",
        )
    changed = sum(max(j - i, m - k) for i, j, k, m in spans)
    total = max(len(a), len(b))
    changes = tuple(Change("", " ".join(a[i:j][:9]), " ".join(b[k:m][:9])) for i, j, k, m in spans[:CHANGES_KEPT])
    return Compared(
        "image",
        Outcome.DIFFERENT,
        f"differs in {changed:,} of the {total:,} parts of its drawing{_words(changes)}",
        min(1.0, changed / total),
        published,
        reproduced,
        changes=changes,
        changed=changed,
        media_type="image/svg+xml",
    )


def _words(changes: tuple[Change, ...]) -> str:
    """Name the first change of words, which says more than a changed path."""
    for change in changes:
        if not change.published.startswith("<") and not change.reproduced.startswith("<"):
            return f", first in its words: {became(change)}"
    return ""


def _parts(text: str) -> list[str]:
    for opening, closing in (("<!--", "-->"), ("<metadata", "</metadata>"), ("<?xml", "?>"), ("<!DOCTYPE", ">")):
        text = _without(text, opening, closing)
    numbers: dict[str, int] = {}
    for name in _ID.findall(text):
        numbers.setdefault(name, len(numbers))

    def renumbered(match: re.Match[str]) -> str:
        known = numbers.get(match[2])
        return match[0] if known is None else f"{match[1]}{known}"

    parts = (" ".join(part.split()) for part in _PART.findall(settled(_USE.sub(renumbered, text))))
    return [part for part in parts if part]


def _without(text: str, opening: str, closing: str) -> str:
    kept, start = [], 0
    while (found := text.find(opening, start)) >= 0 and (end := text.find(closing, found)) >= 0:
        kept.append(text[start:found])
        start = end + len(closing)
    return "".join([*kept, text[start:]])
