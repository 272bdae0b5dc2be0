from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]


def test_a_changed_cell_is_named_by_row_column_and_values(checked: Check) -> None:
    found = checked("city,mean\nBonn,4.2\nKiel,5.0\n", "city,mean\nBonn,4.2\nKiel,5.1\n", "out/table.csv")
    assert found.reason == (
        "out/table.csv differs in 1 of 4 cells, first in row 3 “Kiel”, column “mean”: “5.0” became “5.1”."
    )
    assert found.report.comparisons[0].kind == "table"


@pytest.mark.parametrize(("a", "b"), [("4.2", "4.20"), ("1e3", "1000"), ("0.1", "0.1000000000001"), ("x", " x")])
def test_numbers_that_differ_by_rounding_agree(checked: Check, a: str, b: str) -> None:
    assert checked(f"m,n\n{a},2\n", f"m,n\n{b},2\n", "table.csv").verdict == "reproduced"


@pytest.mark.parametrize(("a", "b"), [("1", "1.00001"), ("1", "x"), ("nan", "0"), ("1", ""), ("1_0", "10")])
def test_values_that_differ_do_not_agree(checked: Check, a: str, b: str) -> None:
    assert checked(f"m,n\n{a},2\n", f"m,n\n{b},2\n", "table.csv").verdict == "differs"


def test_counts_of_rows_are_told(checked: Check) -> None:
    found = checked("a\tb\n1\t2\n", "a\tb\n1\t2\n3\t4\n", "table.tsv")
    assert found.reason == ("table.tsv has 2 rows, the published one has 1 and has a new row 3 (“3, 4”).")


def test_the_first_line_that_differs_is_named(checked: Check) -> None:
    found = checked("one\ntwo 2\nthree\n", "one\ntwo 3\nthree\n", "display.txt")
    assert found.reason == "display.txt differs in 1 of 3 lines, first in line 2: “two 2” became “two 3”."
    row = found.row("display.txt")
    assert found.blobs[row.difference].decode().splitlines()[-3:] == ["-two 2", "+two 3", " three"]


def test_other_line_ends_are_no_difference(checked: Check) -> None:
    assert checked("a\nb\n", "a\r\nb  \r\n", "result.json").verdict == "reproduced"


def test_a_long_line_is_cut_to_where_it_differs(checked: Check) -> None:
    found = checked(f"{'1,' * 5000}4.2]", f"{'1,' * 5000}4.3]", "result.txt")
    assert "4.2]” became “" in found.reason
    assert len(found.reason) < 250


def test_a_drawing_differs_by_its_words_not_by_its_date(checked: Check) -> None:
    drawing = (
        '<svg><metadata><date>{date}</date></metadata><g id="{id}"><use href="#{id}"/><text>{text}</text></g></svg>'
    )
    first = drawing.format(date="2020", id="m1a", text="4.2")
    assert checked(first, drawing.format(date="2026", id="m9z", text="4.2"), "display.svg").verdict == "reproduced"
    found = checked(first, drawing.format(date="2026", id="m9z", text="4.3"), "display.svg")
    assert "“4.2” became “4.3”" in found.reason


def test_unknown_files_are_compared_by_bytes(checked: Check) -> None:
    assert checked(b"\0a" * 9000, b"\0a" * 9000, "model.rds").verdict == "reproduced"
    found = checked(b"\0a" * 9000, b"\0a" * 8999 + b"\0b", "model.rds")
    assert found.reason.startswith("model.rds differs from byte 18,000 on")
