from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pdf_files import a_pdf, lines, points, words

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker.compare_files import CheckRequest, check_files
from erc.workers.checker.domain.pdf import reading
from erc.workers.checker.domain.pdf.compare import compare_pdf_files
from erc.workers.checker.domain.pdf.reading import passages
from erc.workers.checker.domain.terms import PLAIN

Check = Callable[..., Any]
TEXT = lines("Rain in Bonn", "A short study of rain.", "The mean is 4.2 mm and the maximum is 9.1 mm.")
PLACES = [(60.0 + 17 * at, 50.0 + 9 * at) for at in range(16)]
PAPER = a_pdf(TEXT, points(*PLACES))


def moved(at: int, by: float) -> list[tuple[float, float]]:
    return [(x, y + (by if place == at else 0)) for place, (x, y) in enumerate(PLACES)]


def test_a_paper_made_again_on_another_day_is_reproduced(checked: Check) -> None:
    found = checked(PAPER, a_pdf(TEXT, points(*PLACES), date="20261130"), "paper.pdf")
    assert (found.verdict, found.outcomes) == ("reproduced", ["equivalent", "equivalent"])
    assert found.reason == (
        "The text and the pages agree with the published paper.pdf; only bytes differ that no reader sees."
    )
    rules = {part.rule for part in found.row("Text").ignored}
    assert rules == {"date of the file", "program that wrote the file", "identifier of the file"}


def test_a_changed_number_is_named_and_its_page_is_not_held_against_it(checked: Check) -> None:
    found = checked(PAPER, a_pdf(TEXT.replace("4.2", "4.3"), points(*PLACES)), "paper.pdf")
    assert found.outcomes == ["different", "equivalent"]
    assert "“mean is 4.2 mm” became “mean is 4.3 mm”" in found.reason


def test_a_moved_point_is_found_on_its_page(checked: Check) -> None:
    found = checked(PAPER, a_pdf(TEXT, points(*moved(4, 30))), "paper.pdf")
    assert found.outcomes == ["identical", "different", "equivalent"]
    row = found.row("Page 2")
    assert row.finding.startswith("Page 2 differs in its marks")
    assert row.places
    assert found.blobs[row.original].startswith(b"\x89PNG")
    assert found.blobs[row.difference].startswith(b"\x89PNG")


def test_a_moved_point_is_found_beside_changed_words(checked: Check) -> None:
    before = a_pdf(f"{points(*PLACES)}\n{words('Rain of 2020')}")
    found = checked(before, a_pdf(f"{points(*moved(4, 30))}\n{words('Rain of 2021')}"), "paper.pdf")
    assert found.outcomes == ["different", "different"]


def test_a_date_of_the_run_hides_no_moved_point(checked: Check) -> None:
    title = "Rain in Bonn", "Rendered on 2020-01-01"
    before = a_pdf(f"{lines(*title, y=290)}\n{points(*PLACES)}")
    other = lines(title[0], "Rendered on 2026-11-30", y=290)
    assert checked(before, a_pdf(f"{other}\n{points(*PLACES)}"), "paper.pdf").verdict == "reproduced"
    assert checked(before, a_pdf(f"{other}\n{points(*moved(4, 30))}"), "paper.pdf").verdict == "differs"


def test_words_at_another_place_are_another_rendering(checked: Check) -> None:
    before, after = a_pdf(words("Rain in Bonn")), a_pdf(words("Rain in Bonn", x=60, size=13))
    found = checked(before, after, "paper.pdf")
    assert found.verdict == "reproduced, rendered differently"
    assert "in another font or at another place" in found.reason


def test_a_page_too_few_and_a_page_too_many_are_said(checked: Check) -> None:
    found = checked(PAPER, a_pdf(TEXT), "paper.pdf")
    assert "Page 2 is missing: this run did not make it." in [row.finding for row in found.report.comparisons]
    assert checked(a_pdf(TEXT), PAPER, "paper.pdf").row("Page 2").outcome == "extra"


def test_a_figure_that_is_a_pdf_is_shown_as_a_picture() -> None:
    found = compare_pdf_files(a_pdf(points(*PLACES)), a_pdf(points(*moved(4, 30))), PLAIN)
    assert (found.kind, found.outcome, found.media_type) == ("image", "different", "image/png")


def test_a_turned_page_is_read_and_its_words_are_covered_where_they_stand(checked: Check) -> None:
    extra = "/Rotate 90"
    before = a_pdf(f"{points(*PLACES)}\n{words('Rain of 2020')}", extra=extra)
    after = a_pdf(f"{points(*PLACES)}\n{words('Rain of 2021')}", extra=extra)
    assert checked(before, after, "paper.pdf").outcomes == ["different", "equivalent"]
    after = a_pdf(f"{points(*moved(4, 30))}\n{words('Rain of 2020')}", extra=extra)
    assert checked(before, after, "paper.pdf").row("Page 1").outcome == "different"


def test_paragraphs_are_joined_and_numbers_stand_alone() -> None:
    text = "A title\r\nThe first line of a paragraph that goes\r\non here. And some\x02thing more of that is here.\r\n1.5\r\n2.5"
    assert passages(text) == [
        "A title", "The first line of a paragraph that goes on here. And something more of that is here.", "1.5", "2.5",
    ]  # fmt: skip


def test_lines_that_break_elsewhere_are_no_difference(checked: Check) -> None:
    before = a_pdf(lines("The mean of all of the rain of the", "last year is 4.2 mm in the city."))
    after = a_pdf(lines("The mean of all of the rain", "of the last year is 4.2 mm in the city."))
    assert checked(before, after, "paper.pdf").row("Text").outcome == "equivalent"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.4\nnothing", "it cannot be read as a PDF"),
        (PAPER[: len(PAPER) // 3], "it cannot be read as a PDF"),
        (a_pdf(*[""] * (reading.MOST_PAGES + 1)), "it has 2,001 pages; 2,000 are read"),
        (a_pdf(lines(*["x" * 500] * 500, y=0)), "a page of it has more than 200,000 characters"),
    ],
    ids=["no-pdf", "cut-off", "endless", "wordy"],
)
def test_what_cannot_be_read_is_said(checked: Check, content: bytes, sentence: str) -> None:
    found = checked(PAPER, content, "paper.pdf")
    assert found.outcomes == ["uncompared"]
    assert sentence in found.reason


def test_a_huge_page_is_drawn_coarsely_and_an_endless_one_is_left(checked: Check) -> None:
    huge = (14_400.0, 14_400.0)
    before, after = a_pdf(points(*PLACES), size=huge), a_pdf(points(*PLACES, (5000, 5000), size=900), size=huge)
    began = time.process_time()
    assert checked(before, after, "paper.pdf").verdict == "differs"
    slow = "\n".join(f"0 {at} m 400 {300 - at} 0 200 399 {at} c S" for at in range(200)) * 300
    with pytest.raises(reading.PdfError, match="takes too long to draw"):
        reading.PdfFile(a_pdf(slow)).picture(1, seconds=0.05)
    assert time.process_time() - began < 15


async def test_a_form_that_draws_itself_a_thousand_million_times_ends_with_its_child(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path / "blobs")

    def kept(content: bytes) -> str:
        entry = Entry(path="paper.pdf", digest=blobs.put(content), size_bytes=len(content))
        return blobs.put(Manifest([entry]).document())

    request = CheckRequest(BlobPlace(tmp_path), kept(PAPER), kept(_nested(12)), "paper.pdf")
    began = time.monotonic()
    try:
        report = await Limited(["erc.workers.checker.compare_files"], 2048, 5).call(check_files, request)
    except Rejected as error:
        assert error.problem.code == "too_demanding"
    else:
        assert report.verdict in {"differs", "not comparable"}
    assert time.monotonic() - began < 30


def _nested(depth: int) -> bytes:
    """Return a PDF whose page draws a form ten times, which draws another one ten times, and so on."""
    plain = a_pdf("/X0 Do").decode("cp1252")
    forms = []
    for at in range(depth):
        body = f"/X{at + 1} Do\n" * 10 if at + 1 < depth else "0 0 9 9 re f"
        forms.append(
            f"{100 + at} 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 400 300] /Resources << /XObject << "
            f"/X{at + 1} {101 + at} 0 R >> >> /Length {len(body)} >>\nstream\n{body}\nendstream\nendobj\n"
        )
    broken = plain.replace("/Font << /F1 3 0 R >>", "/XObject << /X0 100 0 R >>")
    return (broken.partition("xref")[0] + "".join(forms) + "trailer\n<< /Root 1 0 R >>\n").encode("cp1252")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_pdf_gives_a_report(checked: Check, data: st.DataObject) -> None:
    damaged = bytearray(PAPER)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert checked(PAPER, bytes(damaged), "paper.pdf").verdict in {
        "reproduced", "reproduced, rendered differently", "differs", "not comparable",
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abc 14.,", max_size=30), max_size=6), st.lists(st.text("abc 14.,", max_size=30), max_size=6))
def test_a_pdf_agrees_with_itself_and_both_ways(checked: Check, a: list[str], b: list[str]) -> None:
    one, other = a_pdf(lines(*a)), a_pdf(lines(*b), date="20261130")
    assert checked(one, a_pdf(lines(*a), date="20261130"), "paper.pdf").verdict == "reproduced"
    assert checked(one, other, "paper.pdf").verdict == checked(other, one, "paper.pdf").verdict
