"""Draws the verdict from all comparisons, with one sentence why."""

from __future__ import annotations

from collections.abc import Sequence

from erc.schemas.check import Likeness, Outcome, Verdict
from erc.workers.checker.domain.result import Named

_WORST_LAST = (Outcome.UNCOMPARED, Outcome.EXTRA, Outcome.DIFFERENT, Outcome.MISSING)


def conclude(rows: Sequence[Named], display: str, *, same_bytes: bool) -> tuple[Verdict, str]:
    """Return the verdict on a made display and its reason; `rows` come in the order of the document."""
    bad = [row for row in rows if not row.compared.agrees]
    redrawn = [row for row in rows if row.compared.outcome is Outcome.OTHER_RENDERING]
    if not bad and redrawn:
        return Verdict.RENDERED_DIFFERENTLY, _redrawn(rows, redrawn, display)
    if not bad:
        return Verdict.REPRODUCED, _agreement(rows, display, same_bytes=same_bytes)
    worst = max(bad, key=_badness)
    sentence = worst.sentence
    if len(bad) > 1:
        sentence = f"{sentence.removesuffix('.')}; {len(bad)} of {len(rows)} compared things differ."
    return Verdict.DIFFERS, sentence


def _badness(row: Named) -> tuple[bool, int, float]:
    one = row.compared
    return one.kind == "image", _WORST_LAST.index(one.outcome), one.measure


def _redrawn(rows: Sequence[Named], redrawn: Sequence[Named], display: str) -> str:
    sentence = _agreement(rows, display, same_bytes=True).removesuffix(".").removesuffix(", byte for byte")
    if len(redrawn) == 1:
        return f"{sentence}; {redrawn[0].subject} {redrawn[0].compared.finding}."
    return f"{sentence}; {len(redrawn):,} of them show the same content, drawn in another way."


def _agreement(rows: Sequence[Named], display: str, *, same_bytes: bool) -> str:
    if rows[0].subject == "The text":
        figures = len(rows) - 1
        parts = {0: "The text agrees", 1: "The text and the figure agree"}
        what = parts.get(figures, f"The text and all {figures:,} figures agree")
        sentence = f"{what} with the published {display}"
    else:
        sentence = f"{display} agrees with the published one"
    same_figures = all(row.compared.outcome is Outcome.IDENTICAL for row in rows)
    if same_bytes and same_figures:
        return f"{sentence}, byte for byte." if len(rows) == 1 else f"{sentence}."
    pixels = next((row for row in rows if row.compared.measure > 0 or _sized(row)), None)
    if pixels is not None:
        return f"{sentence}; {pixels.subject} {pixels.compared.finding}."
    return f"{sentence}; only bytes differ that no reader sees."


def _sized(row: Named) -> bool:
    return row.compared.likeness is Likeness.SAME_PICTURE and " instead of " in row.compared.finding
