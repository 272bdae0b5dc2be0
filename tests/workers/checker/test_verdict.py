"""The sentence that a person would say."""

from __future__ import annotations

import pytest

from erc.schemas.check import Outcome, Verdict
from erc.workers.checker.domain.result import Compared, Named
from erc.workers.checker.domain.verdict import conclude

SAME, OTHER, UNKNOWN, NEW = Outcome.IDENTICAL, Outcome.DIFFERENT, Outcome.UNCOMPARED, Outcome.EXTRA
MOVED = "Figure 1 differs: two points moved"
SAID = {SAME: "", OTHER: "differs: two points moved", UNKNOWN: "could not be compared: too large", NEW: "is new"}


def rows(kind: str, name: str, *outcomes: Outcome) -> list[Named]:
    return [
        Named(f"{name} {number}", f"{name} {number}", Compared(kind, outcome, SAID[outcome]))
        for number, outcome in enumerate(outcomes, 1)
    ]


@pytest.mark.parametrize(
    ("figures", "tables", "sentence"),
    [
        (
            [SAME] * 3 + [OTHER] + [SAME] * 4,
            [SAME] * 3,
            "7 of 8 figures and all 3 tables come out again; Figure 4 differs: two points moved.",
        ),
        ([SAME, OTHER], [], "1 of 2 figures comes out again; Figure 2 differs: two points moved."),
        ([OTHER], [SAME], "The table comes out again; Figure 1 differs: two points moved."),
        ([OTHER], [], "Figure 1 differs: two points moved."),
        ([SAME, NEW], [], "The figure comes out again; Figure 2 is new."),
        (
            [OTHER, OTHER],
            [SAME],
            f"None of 2 figures and the table come out again; {MOVED}; 2 of 4 compared things differ.",
        ),
    ],
)
def test_what_differs_is_told_beside_what_comes_out_again(
    figures: list[Outcome], tables: list[Outcome], sentence: str
) -> None:
    compared = [*rows("text", "The text", SAME), *rows("image", "Figure", *figures), *rows("table", "Table", *tables)]
    assert conclude(compared, "d.html", same_bytes=False) == (Verdict.DIFFERS, sentence)


def test_files_are_counted_apart() -> None:
    compared = [*rows("text", "The text", SAME), *rows("bytes", "File", SAME, OTHER)]
    said = conclude(compared, "d.html", same_bytes=False, files=2)[1]
    assert said == "1 of 2 files comes out again; File 2 differs: two points moved."


def test_what_cannot_be_compared_is_not_called_different() -> None:
    compared = [*rows("text", "The text", SAME), *rows("image", "Figure", SAME, UNKNOWN)]
    verdict, said = conclude(compared, "d.html", same_bytes=False)
    assert verdict is Verdict.NOT_COMPARABLE
    assert said == "1 of 2 figures comes out again; Figure 2 could not be compared: too large."


def test_a_difference_counts_more_than_what_cannot_be_compared() -> None:
    compared = [*rows("text", "The text", OTHER), *rows("image", "Figure", UNKNOWN)]
    verdict, said = conclude(compared, "d.html", same_bytes=False)
    assert verdict is Verdict.DIFFERS
    assert said.startswith("The text 1 differs: two points moved; 2 of 2")
