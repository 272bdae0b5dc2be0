"""Draws the verdict from all comparisons, with one sentence why."""

from __future__ import annotations

from collections.abc import Sequence

from erc.schemas.check import Likeness, Outcome, Verdict
from erc.workers.checker.domain.pdf.compare import ALL_PAGES, OTHER_PAGES
from erc.workers.checker.domain.result import Named

_WORST_LAST = (Outcome.UNCOMPARED, Outcome.EXTRA, Outcome.DIFFERENT, Outcome.MISSING)


def conclude(rows: Sequence[Named], display: str, *, same_bytes: bool, files: int = 0) -> tuple[Verdict, str]:
    """Return the verdict on a made display and its reason.

    `rows` come in the order of the document; the last `files` of them are files beside the display.
    """
    bad = [row for row in rows if not row.compared.agrees]
    redrawn = [row for row in rows if row.compared.outcome is Outcome.OTHER_RENDERING]
    if not bad and redrawn:
        sentence = _redrawn(rows[: len(rows) - files], redrawn, display)
        return Verdict.RENDERED_DIFFERENTLY, f"{sentence}{_and_files(rows[len(rows) - files :])}"
    if not bad:
        sentence = _agreement(rows[: len(rows) - files], display, same_bytes=same_bytes)
        return Verdict.REPRODUCED, f"{sentence}{_and_files(rows[len(rows) - files :])}"
    worst = max(bad, key=_badness)
    sentence = worst.sentence
    if len(bad) > 1:
        sentence = f"{sentence.removesuffix('.')}; {len(bad)} of {len(rows)} compared things differ."
    return Verdict.DIFFERS, sentence


def _and_files(rows: Sequence[Named]) -> str:
    compared = sum(row.compared.outcome is not Outcome.IGNORED for row in rows)
    if not compared:
        return ""
    return " One further file agrees." if compared == 1 else f" {compared:,} further files agree."


def _badness(row: Named) -> tuple[bool, int, float]:
    one = row.compared
    return one.kind == "image", _WORST_LAST.index(one.outcome), one.measure


def _redrawn(rows: Sequence[Named], redrawn: Sequence[Named], display: str) -> str:
    sentence = _subject(rows, display)
    if len(redrawn) == 1:
        return f"{sentence}; {redrawn[0].subject} {redrawn[0].compared.finding}."
    return f"{sentence}; {len(redrawn):,} of them show the same content, drawn in another way."


def _what(figures: int, tables: int) -> str:
    counted = [
        f"all {count:,} {noun}s" if count > 1 else f"the {noun}"
        for count, noun in ((figures, "figure"), (tables, "table"))
        if count
    ]
    if not counted:
        return "The text agrees"
    return f"{', '.join(['The text', *counted[:-1]])} and {counted[-1]} agree"


def _subject(rows: Sequence[Named], display: str) -> str:
    if rows[0].subject in {"The text", "The source of the cells"}:
        if any(row.subject in {ALL_PAGES, OTHER_PAGES} for row in rows):
            return f"The text and the pages agree with the published {display}"
        tables = sum(row.compared.kind == "table" for row in rows[1:])
        figures = sum(row.compared.kind != "table" and row.compared.outcome is not Outcome.IGNORED for row in rows[1:])
        what = _what(figures, tables)
        return f"{what} with the published {display}"
    return f"{display} agrees with the published one"


def _agreement(rows: Sequence[Named], display: str, *, same_bytes: bool) -> str:
    sentence = _subject(rows, display)
    same_figures = all(row.compared.outcome is Outcome.IDENTICAL for row in rows)
    if same_bytes and same_figures:
        return f"{sentence}, byte for byte." if len(rows) == 1 else f"{sentence}."
    pixels = next((row for row in rows if row.compared.measure > 0 or _sized(row)), None)
    if pixels is not None:
        return f"{sentence}; {pixels.subject} {pixels.compared.finding}."
    return f"{sentence}; only bytes differ that no reader sees."


def _sized(row: Named) -> bool:
    return row.compared.likeness is Likeness.SAME_PICTURE and " instead of " in row.compared.finding
