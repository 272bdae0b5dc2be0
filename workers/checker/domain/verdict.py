"""Draws the verdict from all comparisons, with one sentence why."""

from __future__ import annotations

from collections.abc import Sequence

from erc.schemas.check import Likeness, Outcome, Verdict
from erc.workers.checker.domain.pdf.compare import ALL_PAGES, OTHER_PAGES
from erc.workers.checker.domain.reserved import reserved
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
        return Verdict.RENDERED_DIFFERENTLY, f"{sentence}{_and_files(rows[len(rows) - files :])}{reserved(rows)}"
    if not bad:
        sentence = _agreement(rows[: len(rows) - files], display, same_bytes=same_bytes)
        return Verdict.REPRODUCED, f"{sentence}{_and_files(rows[len(rows) - files :])}{reserved(rows)}"
    unknown = all(row.compared.outcome is Outcome.UNCOMPARED for row in bad)
    worst = max(bad, key=_badness)
    sentence = f"{_again(rows, len(rows) - files)}{worst.sentence}"
    if len(bad) > 1:
        do = "cannot be compared" if unknown else "differ"
        sentence = f"{sentence.removesuffix('.')}; {len(bad):,} of {len(rows):,} compared things {do}."
    return Verdict.NOT_COMPARABLE if unknown else Verdict.DIFFERS, sentence


def _again(rows: Sequence[Named], shown: int) -> str:
    """Return the beginning of a sentence: `7 of 8 figures and all 3 tables come out again; `, or nothing."""
    kinds = {
        "figure": _counting(rows[:shown], "image"),
        "table": _counting(rows[:shown], "table"),
        "file": _counting(rows[shown:]),
    }
    counted = [said for noun, of in kinds.items() if (said := _share(noun, of))]
    if not any(row.compared.agrees for of in kinds.values() for row in of):
        return ""
    said = f"{', '.join(counted[:-1])} and {counted[-1]}" if len(counted) > 1 else counted[0]
    one = len(counted) == 1 and said.startswith(("1 of ", "the "))
    return f"{said[0].upper()}{said[1:]} {'comes' if one else 'come'} out again; "


def _counting(rows: Sequence[Named], kind: str = "") -> list[Named]:
    """Return the rows, perhaps of a kind only, of what was published and counts."""
    of_kind = [row for row in rows if row.compared.kind == kind or not kind]
    return [row for row in of_kind if row.compared.outcome not in {Outcome.IGNORED, Outcome.EXTRA}]


def _share(noun: str, rows: Sequence[Named]) -> str:
    """Return `7 of 8 figures`, `none of 2 tables`, `all 3 tables`, `the table`; nothing for one that differs."""
    again = sum(row.compared.agrees for row in rows)
    if not again:
        return f"none of {len(rows):,} {noun}s" if len(rows) > 1 else ""
    if again < len(rows):
        return f"{again:,} of {len(rows):,} {noun}s"
    return f"all {again:,} {noun}s" if again > 1 else f"the {noun}"


def _and_files(rows: Sequence[Named]) -> str:
    compared = sum(row.compared.outcome is not Outcome.IGNORED for row in rows)
    if not compared:
        return ""
    return " One further file agrees." if compared == 1 else f" {compared:,} further files agree."


def _badness(row: Named) -> tuple[bool, bool, int, float]:
    one = row.compared
    known = one.outcome is not Outcome.UNCOMPARED
    return known, one.kind == "image", _WORST_LAST.index(one.outcome), one.measure


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
        shown = [row for row in rows[1:] if row.compared.kind not in {"table", "text"}]
        figures = sum(row.compared.outcome is not Outcome.IGNORED for row in shown)
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
    return f"{sentence}." if reserved(rows) else f"{sentence}; only bytes differ that no reader sees."


def _sized(row: Named) -> bool:
    return row.compared.likeness is Likeness.SAME_PICTURE and " instead of " in row.compared.finding
