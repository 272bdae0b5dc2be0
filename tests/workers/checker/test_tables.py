from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from erc.workers.checker.domain.tables import compare_tables, compare_workbooks
from erc.workers.checker.domain.tabular.compare import compare_table
from erc.workers.checker.domain.tabular.printed import printed_tables
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.streamed import compare_streams
from erc.workers.checker.domain.tabular.table import with_header
from erc.workers.checker.domain.tolerance import Tolerance

Check = Callable[..., Any]
CITIES = "city,mean,n\nBonn,4.2,10\nKiel,5.0,20\nUlm,6.1,30\nJena,7.4,40\n"


def finding(a: str, b: str, **rules: Any) -> str:
    found = compare_tables(a.encode(), b.encode(), TableRules(**rules))
    assert found is not None
    return "" if found.agrees else found.finding


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (CITIES.replace("5.0", "5.1"), "differs in 1 of 12 cells, first in row 3 “Kiel”, column “mean”: “5.0” became “5.1”"),
        (CITIES.replace("Kiel,5.0,20\n", ""), "has 3 rows, the published one has 4 and lacks row 3 “Kiel” (“Kiel, 5.0, 20”)"),
        (CITIES + "Köln,1,2\n", "has 5 rows, the published one has 4 and has a new row 6 “Köln” (“Köln, 1, 2”)"),
        ("city,mean,n\nKiel,5.0,20\nBonn,4.2,10\nUlm,6.1,30\nJena,7.4,40\n", "holds the same rows in another order"),
        ("mean,city,n\n4.2,Bonn,10\n5.0,Kiel,20\n6.1,Ulm,30\n7.4,Jena,40\n", "has its columns in another order"),
        ("city,n\nBonn,10\nKiel,20\nUlm,30\nJena,40\n", "lacks column “mean”"),
        (CITIES.replace("mean", "average"), "names column “mean” “average” now"),
        (CITIES.replace("Kiel,5.0", "Kiel,"), "differs in 1 of 12 cells, first in row 3 “Kiel”, column “mean”: “5.0” is missing"),
    ],
)  # fmt: skip
def test_what_differs_is_said_as_such(after: str, said: str) -> None:
    assert finding(CITIES, after) == said


def test_a_row_that_moved_and_changed_is_found_by_its_key() -> None:
    after = "city,mean,n\nKiel,5.0,20\nUlm,6.1,30\nJena,7.4,40\nBonn,4.9,10\n"
    assert finding(CITIES, after).endswith("first in row 2 “Bonn”, column “mean”: “4.2” became “4.9”")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1", "1.0"),
        ("NA", ""),
        ("NaN", "NA"),
        ("TRUE", "true"),
        ("1e3", "1,000"),
        ("0.1", "0.1000000000001"),
        ("−3", "-3"),
    ],
)
def test_cells_may_be_written_in_another_way(a: str, b: str) -> None:
    assert finding(f'k,v\nx,"{a}"\ny,2\n', f'k,v\nx,"{b}"\ny,2\n') == ""


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1", "NA"),
        ("0", ""),
        ("1000000001", "1000000002"),
        ("007", "7"),
        ("TRUE", "1"),
        ("x", "X"),
        ("1e-300", "2e-300"),
        ("1e999", "1e998"),
    ],
)
def test_other_values_differ(a: str, b: str) -> None:
    assert finding(f"k,v\nx,{a}\ny,2\n", f"k,v\nx,{b}\ny,2\n") != ""


def test_rules_of_a_table_are_kept() -> None:
    assert finding(CITIES, CITIES.replace("5.0", "5.1"), tolerance=Tolerance(absolute=0.2)) == ""
    assert finding(CITIES, CITIES.replace("5.0", "5.1"), tolerance=Tolerance(relative=0.01)) != ""
    assert finding(CITIES, CITIES.replace("5.0", "5.1"), ignore_columns=("me*",)) == ""
    turned = "city,mean,n\nKiel,5.0,20\nBonn,4.2,10\nUlm,6.1,30\nJena,7.4,40\n"
    assert finding(CITIES, turned, any_order=True) == ""
    assert "differs in 1" in finding(CITIES, turned.replace("4.2", "4.3"), any_order=True, key=("city",))


def test_numbers_of_rows_that_a_program_adds_do_not_hide_a_dropped_row() -> None:
    before = ",v\n1,4.0\n2,5.0\n3,6.0\n"
    assert finding(before, ",v\n1,4.0\n2,6.0\n") == "has 2 rows, the published one has 3 and lacks row 3 (“2, 5.0”)"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (",v\n0,4.0\n1,5.0\n", ",v\n1,4.0\n2,5.0\n"),
        ("x,v\n1,4.0\n2,5.0\n", "x,v\n0,4.0\n1,5.0\n"),
        ("x,v\n1,4.0\n2,5.0\n", "x,v\nNA,4.0\nNA,5.0\n"),
        ("index,v\n1,4.0\n2,5.0\n", "index,v\n,4.0\n,5.0\n"),
        ("x,v\n1,4.0\n2,5.0\n", "v\n4.0\n5.0\n"),
        ("index,v,w\n1,4.0,1\n2,5.0,2\n", "rownames,v\n0,4.0\n1,5.0\n"),
    ],
    ids=["from 0", "x from 0", "x is lost", "index is lost", "x is gone", "another index"],
)
def test_a_first_column_with_other_values_is_no_number_of_the_row(a: str, b: str) -> None:
    assert finding(a, b) != ""
    assert finding(b, a) != ""


def test_row_numbers_that_only_one_program_adds_do_not_count() -> None:
    assert finding(",v\n1,4.0\n2,5.0\n", "v\n4.0\n5.0\n") == ""
    assert finding("v\n4.0\n5.0\n", "index,v\n0,4.0\n1,5.0\n") == ""


def test_a_header_on_one_side_only_is_told() -> None:
    assert finding("k,v\nx,1\ny,2\n", "x,1\ny,2\n") == "lacks header row"
    assert finding("x,1\ny,2\n", "k,v\nx,1\ny,2\n") == "has the new header row"


def test_a_table_is_known_by_its_content(checked: Check) -> None:
    found = checked("a;b\n1,5;2\n3,5;4\n", "a;b\n1,5;2\n3,6;4\n", "result.dat")
    assert found.report.comparisons[0].kind == "table"
    assert "“3.5” became “3.6”" in found.reason


SUMMARY = """\
##             Estimate Std. Error t value Pr(>|t|)    
## (Intercept)  37.2851     1.8776  19.858  < 2e-16 ***
## wt           -5.3445     0.5591  -9.559 1.29e-10 ***
## ---
## Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
"""  # noqa: W291


def test_a_print_out_of_r_is_a_table(checked: Check) -> None:
    (one,) = printed_tables(SUMMARY.splitlines())
    assert one.table.columns == ("", "Estimate", "Std. Error", "t value", "Pr(>|t|)")
    assert one.table.rows[1] == ("wt", "-5.3445", "0.5591", "-9.559", "1.29e-10 ***")
    page = f"<h2>Model</h2><pre>{SUMMARY.replace('<', '&lt;')}</pre>"
    found = checked(page, page.replace("0.5591", "0.6591"))
    assert found.reason == (
        "Print-out 1 (Model) differs in 1 of 10 cells, first in row 2 “wt”, column “Std. Error”: “0.5591” became “0.6591”."
    )
    assert checked(page, page.replace("## ", "")).verdict == "reproduced"


def test_a_table_of_a_page_has_its_own_row(checked: Check) -> None:
    page = (
        "<h2>Rain</h2><table><caption>Table 2: By city</caption><tr><th>city</th><th>mean</th></tr>"
        "<tr><td>Bonn</td><td>4.2</td></tr><tr><td>Kiel</td><td>5.0</td></tr></table><p>End.</p>"
    )
    found = checked(page, page.replace("4.2", "4.3"))
    assert found.reason == (
        "Table 2 (By city) differs in 1 of 4 cells, first in row 1 “Bonn”, column “mean”: “4.2” became “4.3”."
    )
    assert found.outcomes == ["identical", "different"]
    assert checked(page, page.replace("4.2", "4.20")).verdict == "reproduced"
    assert checked(page, page).reason == "The text and the table agree with the published display.html."
    gone = checked(page, page[: page.index("<table>")] + "<p>End.</p>")
    assert gone.row("Table 2").outcome == "missing"


def workbook(cells: list[list[Any]], sheet: str = "Data", *more: str) -> bytes:
    book = Workbook()
    book.active.title = sheet
    for row in cells:
        book.active.append(row)
    for name in more:
        book.create_sheet(name)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_workbooks_are_compared_sheet_by_sheet() -> None:
    cells = [["city", "mean"], ["Bonn", 4.2], ["Kiel", 5]]
    assert compare_workbooks(workbook(cells), workbook(cells)).agrees
    found = compare_workbooks(workbook(cells), workbook([*cells[:2], ["Kiel", 5.5]]))
    assert found.finding == "differs in 1 of 4 cells, first in row 3 “Kiel”, column “mean”: “5” became “5.5”"
    assert not compare_workbooks(workbook(cells), workbook(cells, "Data", "New")).agrees
    assert compare_workbooks(workbook(cells), b"PK\x03\x04 xl/workbook.xml").outcome == "uncompared"


cell = st.one_of(st.integers(-99, 99).map(str), st.sampled_from(["a", "b", "NA", "", "1.50", "1.5"]))
tables = st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(tables, tables, st.booleans())
def test_tables_are_compared_the_same_both_ways(a: list[list[str]], b: list[list[str]], any_order: bool) -> None:
    one, other = with_header([["k", "v", "w"], *a]), with_header([["k", "v", "w"], *b])
    rules = TableRules(any_order=any_order)
    assert compare_table(one, one, rules).same
    assert compare_table(one, other, rules).same == compare_table(other, one, rules).same


@settings(max_examples=100, deadline=None)
@given(tables, st.randoms(use_true_random=False), st.floats(0, 3), st.floats(0, 3))
def test_a_wider_tolerance_finds_no_more_cells(
    a: list[list[str]], chance: random.Random, small: float, more: float
) -> None:
    b = [[str(int(one) + chance.randint(-3, 3)) if one.lstrip("-").isdigit() else one for one in row] for row in a]
    one, other = with_header([["k", "v", "w"], *a]), with_header([["k", "v", "w"], *b])
    narrow = compare_table(one, other, TableRules(Tolerance(small)))
    wide = compare_table(one, other, TableRules(Tolerance(small + more)))
    assert wide.changed <= narrow.changed


@settings(max_examples=100, deadline=None)
@given(tables, tables)
def test_a_streamed_table_is_judged_as_one_in_memory(a: list[list[str]], b: list[list[str]]) -> None:
    a, b = ([["k", "v", "w"], *side] for side in (a, b))
    sides = ["".join(",".join(row) + "\n" for row in side).encode() for side in (a, b)]
    streamed = compare_streams(io.BytesIO(sides[0]), io.BytesIO(sides[1]), TableRules())
    held = compare_tables(*sides)
    assert streamed is not None
    assert held is not None
    assert streamed.same == held.agrees


class Endless(io.RawIOBase):
    """A stream of rows, never held as a whole; the row `odd` has another value."""

    def __init__(self, rows: int, odd: int = -1, gone: int = -1) -> None:
        self._rows, self._odd, self._gone, self._at, self._rest = rows, odd, gone, 0, b"id,value\n"

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and self._at < self._rows:
            block = range(self._at, min(self._rows, self._at + 10_000))
            self._rest += b"".join(
                b"%d,%s\n" % (at, b"9.75" if at == self._odd else b"4.25") for at in block if at != self._gone
            )
            self._at = block.stop
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def test_a_large_table_is_streamed_and_its_one_odd_cell_is_named() -> None:
    found = compare_streams(Endless(400_000), Endless(400_000, odd=323_456), TableRules())
    assert found is not None
    assert (found.changed, found.changes[0].place) == (1, "row 323,458, column “value”")
    assert found.rows == (400_000, 400_000)


def test_a_row_gone_from_a_large_table_is_one_missing_row() -> None:
    found = compare_streams(Endless(60_000), Endless(60_000, gone=20_000), TableRules())
    assert found is not None
    assert (found.changed, found.rows_missing, found.rows_new) == (0, 1, 0)


def test_a_row_without_end_is_refused() -> None:
    assert compare_streams(io.BytesIO(b'a,"' + b"x" * (20 << 20)), io.BytesIO(b"a,b\n"), TableRules()) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("".join(f"{at % 7},{at % 3}\n" for at in range(30_000)), "".join(f"{at % 5},{at % 3}\n" for at in range(30_000))),
        ("," * 300_000 + "\n1", "," * 300_000 + "\n2"),
        ("".join(f"{at},x\n" for at in range(30_000)), "".join(f"{at},x\n" for at in reversed(range(30_000)))),
        ("a b\n" * 50_000, "a c\n" * 50_000),
    ],
    ids=["repeated", "wide", "turned", "spaces"],
)  # fmt: skip
def test_a_hostile_table_is_compared_in_bounded_time(checked: Check, a: str, b: str) -> None:
    started = time.process_time()
    assert checked(a, b, "t.csv").verdict == "differs"
    assert time.process_time() - started < 8


def test_printed_lines_without_end_take_no_long_time() -> None:
    started = time.process_time()
    printed_tables(["a b c" + " 1" * 1900] * 3_000)
    printed_tables([" " * at for at in range(3000)])
    assert time.process_time() - started < 8


def test_a_cell_that_reaches_over_rows_keeps_the_columns_of_a_table_in_place(checked: Check) -> None:
    page = (
        "<table><tr><th>flour</th><th>at</th><th>rise</th></tr>"
        '<tr><th rowspan="2">rye</th><th>18</th><td>5</td></tr><tr><th>24</th><td>{}</td></tr>'
        "<tr><th>oat</th><th>18</th><td>9</td></tr></table><p>x</p>"
    )
    found = checked(page.format(6), page.format(7)).row("Table 1")
    assert found.finding.endswith("column “rise”: “6” became “7”.")
    assert (len(found.changes), "rye" in found.changes[0].place) == (1, True)
