from __future__ import annotations

import io
import zipfile

from openpyxl import Workbook
from openpyxl.comments import Comment

from erc.workers.checker.domain.tables import compare_workbooks


def book(*formulas: str, sheets: int = 1, picture: bytes = b"") -> bytes:
    made, kept = Workbook(), io.BytesIO()
    for at in range(1, sheets):
        made.create_sheet(f"s{at}")
    for formula in formulas:
        made.active.append(["a", 1, formula])
    made.save(kept)
    if picture:
        with zipfile.ZipFile(kept, "a") as held:
            held.writestr("xl/media/image1.png", picture)
    return kept.getvalue()


def test_formulas_without_a_value_pictures_and_many_sheets_are_never_taken_for_equal() -> None:
    assert "“=B1+1” became “=B1+2”" in compare_workbooks(book("=B1+1"), book("=B1+2")).finding
    assert compare_workbooks(book("=B1+1"), book("=B1+1")).agrees
    drawn = compare_workbooks(book("x", picture=b"1"), book("x", picture=b"2"))
    assert (drawn.outcome, "xl/media/image1.png" in drawn.finding) == ("uncompared", True)
    assert "more than 100 sheets" in compare_workbooks(book("x", sheets=101), book("x", sheets=101)).finding


def test_comments_are_not_taken_for_equal() -> None:
    def commented(text: str) -> bytes:
        made, kept = Workbook(), io.BytesIO()
        made.active.append(["a"])
        made.active["A1"].comment = Comment(text, "an author")
        made.save(kept)
        return kept.getvalue()

    found = compare_workbooks(commented("n = 5"), commented("n = 6"))
    assert (found.outcome, "comment" in found.finding) == ("uncompared", True)
