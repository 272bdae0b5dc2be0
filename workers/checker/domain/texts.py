"""Compares texts: the passages of a document, the lines of a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import unified_diff

from erc.schemas.check import Outcome
from erc.workers.checker.domain.passages import Difference, Found, find_differences
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.tolerance import NONE, Tolerance

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


def compare_lines(
    published: bytes, reproduced: bytes, tolerance: Tolerance = NONE, ignore: Sequence[str] = ()
) -> Compared | None:
    """Compare two text files line by line; None when one is no text."""
    ours, theirs = decoded(reproduced), decoded(published)
    if ours is None or theirs is None:
        return None
    return compare_passages(theirs.splitlines(), ours.splitlines(), "line", tolerance, ignore)


def compare_passages(
    published: Sequence[str],
    reproduced: Sequence[str],
    noun: str,
    tolerance: Tolerance = NONE,
    ignore: Sequence[str] = (),
    title: int | None = None,
) -> Compared:
    """Compare passages or lines in order; of a document's passages the first `title` are its title block.

    Blanks, typography and the way a number is written do not count; what is volatile is kept as ignored, with its
    rule. `ignore` holds patterns (`*` for anything) of passages that do not count.
    """
    if list(published) == list(reproduced):
        return Compared("text", Outcome.IDENTICAL)
    return _told(find_differences(published, reproduced, tolerance, ignore, title), published, reproduced, noun)


def _told(found: Found, published: Sequence[str], reproduced: Sequence[str], noun: str) -> Compared:
    ignored = tuple(Change(_line(one, noun), one.published, one.reproduced, one.rule) for one in found.ignored)
    if not found.changed:
        return Compared(
            "text",
            Outcome.EQUIVALENT,
            f"reads the same in every {noun}{_but(found)}",
            ignored=ignored,
            ignored_count=found.ignored_count,
        )
    changes = tuple(Change(_line(one, noun), one.published, one.reproduced) for one in found.differences)
    total = max(len(published), len(reproduced))
    place = f" in {changes[0].place}" if changes[0].place else ""
    return Compared(
        "text",
        Outcome.DIFFERENT,
        f"differs in {found.changed:,} of {number(total, noun)}, first{place}: {became(changes[0])}",
        min(1.0, found.changed / total),
        "\n".join(published).encode("utf-8", "replace"),
        "\n".join(reproduced).encode("utf-8", "replace"),
        _unified(published, reproduced, changes),
        changes[:CHANGES_KEPT],
        max(found.changed, found.difference_count),
        ignored=ignored,
        ignored_count=found.ignored_count,
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


def _but(found: Found) -> str:
    """Say by rule what does not count, the most frequent first."""
    rules = Counter(one.rule for one in found.ignored)
    if not rules:
        return ""
    named = [f"{rule} ({count:,})" for rule, count in rules.most_common(3)]
    return f", but for what does not count: {', '.join(named)}"


def _line(one: Difference, noun: str) -> str:
    return f"line {one.at + 1:,}" if noun == "line" else ""


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


def _unified(published: Sequence[str], reproduced: Sequence[str], changes: Sequence[Change]) -> bytes:
    if len(published) * len(reproduced) <= _DIFF_LINES:
        lines = list(unified_diff(published, reproduced, "published", "reproduced", lineterm="", n=1))
    else:
        lines = [line for one in changes for line in (f"-{one.published}", f"+{one.reproduced}") if len(line) > 1]
    return "\n".join(lines).encode("utf-8", "replace")
