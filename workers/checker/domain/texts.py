"""Compares texts: the passages of a document, the lines of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from itertools import zip_longest

from erc.schemas.check import Outcome
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number

_VOLATILE = re.compile(
    r"\b0x[0-9a-fA-F]{6,16}\b|\b(?:htmlwidget|altair-viz)-[0-9a-f]{8,40}\b|"
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
_EXCERPT = 60
_DIFF_LINES = 20_000


def settled(text: str) -> str:
    """Return a text without what changes with every run and says nothing: memory addresses, generated ids."""
    return _VOLATILE.sub("0x…", text)


def decoded(content: bytes) -> str | None:
    """Return bytes as text, None when they are none: UTF-8, UTF-16 with a mark, else Windows-1252 without NUL."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return None if "\0" in text else text


def compare_lines(published: bytes, reproduced: bytes) -> Compared | None:
    """Compare two text files line by line; None when one is no text."""
    ours, theirs = decoded(reproduced), decoded(published)
    if ours is None or theirs is None:
        return None
    return compare_passages(theirs.splitlines(), ours.splitlines(), "line")


def compare_passages(published: Sequence[str], reproduced: Sequence[str], noun: str) -> Compared:
    """Compare passages or lines in order; blanks at the end, memory addresses and generated ids do not count."""
    if list(published) == list(reproduced):
        return Compared("text", Outcome.IDENTICAL)
    spans = differing([settled(text).rstrip() for text in published], [settled(text).rstrip() for text in reproduced])
    changed = sum(max(j - i, m - k) for i, j, k, m in spans)
    if not changed:
        return Compared("text", Outcome.EQUIVALENT, f"reads the same in every {noun}")
    changes = tuple(_changes(published, reproduced, spans, noun))
    total = max(len(published), len(reproduced))
    place = f" in {changes[0].place}" if changes[0].place else ""
    return Compared(
        "text",
        Outcome.DIFFERENT,
        f"differs in {changed:,} of {number(total, noun)}, first{place}: {became(changes[0])}",
        min(1.0, changed / total),
        "\n".join(published).encode("utf-8", "replace"),
        "\n".join(reproduced).encode("utf-8", "replace"),
        _unified(published, reproduced, changes),
        changes,
        changed,
    )


def became(change: Change) -> str:
    """Return a change in a few words: `“mean 4.2” became “mean 4.3”`."""
    if not change.reproduced:
        return f"“{excerpt(change.published)}” is missing"
    if not change.published:
        return f"“{excerpt(change.reproduced)}” is new"
    published, reproduced = _close(*_around(change.published, change.reproduced))
    return f"“{excerpt(published)}” became “{excerpt(reproduced)}”"


def excerpt(text: str, length: int = _EXCERPT) -> str:
    """Return the start of a text on one line, without characters that do not print."""
    start = " ".join("".join(one if one.isprintable() else " " for one in text[: 8 * length]).split())
    return start if len(start) <= length else start[: length - 1].rstrip() + "…"


def _around(published: str, reproduced: str) -> tuple[str, str]:
    """Cut two passages down to the words that differ and two words before them."""
    a, b = published.split(), reproduced.split()
    shorter = min(len(a), len(b))
    start = next((step for step in range(shorter) if a[step] != b[step]), shorter)
    end = next((step for step in range(shorter - start) if a[-1 - step] != b[-1 - step]), shorter - start)
    start, end = max(0, start - 2), max(0, end - 1)
    first, second = " ".join(a[start : len(a) - end]), " ".join(b[start : len(b) - end])
    return (first, second) if first != second else (published, reproduced)


def _close(published: str, reproduced: str) -> tuple[str, str]:
    """Cut what long texts share at their start, so that an excerpt shows where they differ."""
    shorter = min(len(published), len(reproduced))
    start = next((at for at in range(shorter) if published[at] != reproduced[at]), shorter)
    if start <= _EXCERPT // 2:
        return published, reproduced
    return f"…{published[start - 20 :]}", f"…{reproduced[start - 20 :]}"


def _changes(
    published: Sequence[str], reproduced: Sequence[str], spans: Sequence[tuple[int, int, int, int]], noun: str
) -> Iterator[Change]:
    kept = 0
    for i, j, k, m in spans:
        room = CHANGES_KEPT - kept
        for step, (a, b) in enumerate(zip_longest(published[i:j][:room], reproduced[k:m][:room], fillvalue="")):
            kept += 1
            line = k + step + 1 if k + step < m else i + step + 1
            yield Change(f"line {line:,}" if noun == "line" else "", a, b)


def _unified(published: Sequence[str], reproduced: Sequence[str], changes: Sequence[Change]) -> bytes:
    if len(published) * len(reproduced) <= _DIFF_LINES:
        lines = list(unified_diff(published, reproduced, "published", "reproduced", lineterm="", n=1))
    else:
        lines = [line for one in changes for line in (f"-{one.published}", f"+{one.reproduced}") if len(line) > 1]
    return "\n".join(lines).encode("utf-8", "replace")
