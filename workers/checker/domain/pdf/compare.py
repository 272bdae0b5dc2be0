"""Compares PDF files: words apart from drawings, pages as pictures, what the file says of itself only listed."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from erc.schemas.check import Likeness, Outcome
from erc.workers.checker.domain.documents import folded
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.matching import Pairing, in_order
from erc.workers.checker.domain.page_parts import TitleBlock
from erc.workers.checker.domain.pdf.placing import odd_words
from erc.workers.checker.domain.pdf.reading import Page, PdfError, PdfFile
from erc.workers.checker.domain.picture.bitmap import Pixels
from erc.workers.checker.domain.result import Change, Compared, Named, number
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import compare_passages

DRAWN_SECONDS = 100.0
"""How much processor time the pages of one pair of files may take to be drawn and compared."""
DRAWN_PAGES = 500
_LARGE_WORDS = 0.2
"""From this share of both sides of a page on, words are as large as a picture."""
ALL_PAGES, OTHER_PAGES = "The pages", "The other pages"
"""The names of the rows of pages that look the same."""
_DATES = {"CreationDate", "ModDate"}
_PROGRAMS = {"Creator", "Producer"}


def is_pdf(content: bytes) -> bool:
    """Return whether bytes are a PDF; a few bytes may stand before its mark."""
    return b"%PDF-" in content[:1024]


def compare_pdf_files(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two PDF files as one thing: a figure where both are a page, else a document."""
    try:
        theirs, ours = _Side(published), _Side(reproduced)
    except PdfError as error:
        return Compared("text", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0, published, reproduced)
    rows = _rows(theirs, ours, terms, PixelBudget())
    text, *pictures = rows
    bad = [row for row in pictures if not row.compared.agrees]
    if len(theirs.pages) == len(ours.pages) == 1 and text.compared.agrees:
        return replace(pictures[0].compared, ignored=text.compared.ignored, ignored_count=text.compared.ignored_count)
    found = folded(rows, published, reproduced)
    if not bad and found.agrees:
        redrawn = [row for row in pictures if row.compared.outcome is Outcome.OTHER_RENDERING]
        outcome = Outcome.OTHER_RENDERING if redrawn else Outcome.EQUIVALENT
        said = f"; {redrawn[0].subject} {redrawn[0].compared.finding}" if redrawn else ", and its pages look the same"
        return replace(found, outcome=outcome, finding=f"reads the same{said}")
    first = next((row.compared for row in bad if row.compared.difference), None)
    if first is None or not text.compared.agrees:
        return found
    return replace(
        found,
        kind="image",
        original=first.original,
        reproduced=first.reproduced,
        difference=first.difference,
        media_type=first.media_type,
        likeness=first.likeness,
        confidence=first.confidence,
        places=first.places,
    )


def pdf_rows(published: bytes, reproduced: bytes, terms: Terms, budget: PixelBudget) -> list[Named]:
    """Return a row for the text of two PDF files, one for each page that does not look the same, one for the others."""
    if published == reproduced:
        same = Compared("text", Outcome.IDENTICAL), Compared("image", Outcome.IDENTICAL)
        return [Named("The text", "The text", same[0]), Named(ALL_PAGES, ALL_PAGES, same[1])]
    try:
        theirs, ours = _Side(published), _Side(reproduced)
    except PdfError as error:
        compared = Compared("bytes", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0, published, reproduced)
        return [Named("The text", "The text", compared)]
    return _rows(theirs, ours, terms, budget)


class _Side:
    """One of two files, read."""

    def __init__(self, content: bytes) -> None:
        self.file = PdfFile(content)
        self.pages = self.file.pages()
        self.passages = [one for page in self.pages for one in page.passages]
        self.title = _title(self.pages[0].passages if self.pages else ())
        self.about = self.file.about()


def _title(passages: Sequence[str]) -> int:
    """Return how many of the first page's passages are the title block, in which a date is that of the run."""
    block = TitleBlock()
    so_far: list[str] = []
    for passage in passages:
        block.read(passage, so_far[0] if so_far else "", so_far)
        so_far.append(passage)
    block.end(so_far[0] if len(so_far) > 1 else "", so_far)
    return block.passages


def _rows(theirs: _Side, ours: _Side, terms: Terms, budget: PixelBudget) -> list[Named]:
    title = min(theirs.title, ours.title)
    text = compare_passages(theirs.passages, ours.passages, "passage", terms.tolerance, terms.ignore_lines, title)
    row = Named("The text", "The text", _with_about(text, _about(theirs.about, ours.about)))
    drawing = _Drawing(theirs, ours, budget)
    try:
        drawing.compare()
    finally:
        theirs.file.close()
        ours.file.close()
    return [row, *drawing.rows()]


def _with_about(text: Compared, about: tuple[Change, ...]) -> Compared:
    if not about:
        return text
    listed = replace(text, ignored=text.ignored + about, ignored_count=text.ignored_count + len(about))
    if text.outcome is not Outcome.IDENTICAL:
        return listed
    finding = "reads the same in every passage; what the file says of itself does not count"
    return replace(listed, outcome=Outcome.EQUIVALENT, finding=finding)


def _about(a: dict[str, str], b: dict[str, str]) -> tuple[Change, ...]:
    """Return what the files say of themselves and does not count, with why."""

    def rule(key: str) -> str:
        known = "date of the file" if key in _DATES else "program that wrote the file" if key in _PROGRAMS else ""
        return known or ("identifier of the file" if key == "ID" else "description of the file")

    keys = [key for key in dict.fromkeys([*a, *b]) if a.get(key, "") != b.get(key, "")]
    return tuple(Change(key, a.get(key, ""), b.get(key, ""), rule(key)) for key in keys)


@dataclass
class _Drawing:
    """Compares the pages of two files as pictures."""

    theirs: _Side
    ours: _Side
    budget: PixelBudget
    seconds: float = DRAWN_SECONDS
    seen: list[Named] = field(default_factory=list)
    same: int = 0
    left: int = 0

    def compare(self) -> None:
        """Look at all pages that there is time for."""
        until = time.process_time() + self.seconds
        pairs = _pairs(self.theirs.pages, self.ours.pages)
        for at, (i, k) in enumerate(pairs):
            if at >= DRAWN_PAGES or time.process_time() > until:
                self.left = len(pairs) - at
                return
            self._page(None if i is None else self.theirs.pages[i], None if k is None else self.ours.pages[k])

    def rows(self) -> list[Named]:
        """Return a row for each page that does not look the same, and for the others together."""
        found = list(self.seen)
        if self.same:
            name = OTHER_PAGES if self.seen or self.left else ALL_PAGES
            finding = f"look the same ({number(self.same, 'page')})"
            found.append(Named(name, name, Compared("image", Outcome.EQUIVALENT, finding)))
        if self.left:
            finding = f"were not compared as pictures: drawing them takes too long ({number(self.left, 'page')})"
            found.append(Named("Further pages", "Further pages", Compared("image", Outcome.UNCOMPARED, finding, 1.0)))
        return found

    def _page(self, before: Page | None, after: Page | None) -> None:
        name = f"Page {(before or after or Page(0, (), 0, 0)).number:,}"
        if before is None or after is None:
            self._alone(name, before)
            return
        try:
            compared = self._both(before, after)
        except (PdfError, ValueError) as error:
            compared = Compared("image", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0)
        if compared is None:
            self.same += 1
        else:
            self.seen.append(Named(name, name, compared))

    def _alone(self, name: str, before: Page | None) -> None:
        made = "this run did not make it" if before is not None else "the published file does not have it"
        outcome = Outcome.MISSING if before is not None else Outcome.EXTRA
        state = "missing" if before is not None else "new"
        self.seen.append(Named(name, name, Compared("image", outcome, f"is {state}: {made}", 1.0)))

    def _both(self, before: Page, after: Page) -> Compared | None:
        """Compare two pages as pictures; None when they look the same."""
        one, words = self.theirs.file.picture(before.number)
        other, more = self.ours.file.picture(after.number)
        if one.shape == other.shape and bool((one == other).all()):
            return None
        # The words were compared as words, which is exact and costs little; what is left are the drawings.
        bare = _covered(one, [*words, *more]), _covered(other, [*words, *more])
        if one.shape == other.shape and bool((bare[0] == bare[1]).all()):
            if before.passages != after.passages:
                return None
            odd = odd_words(one, other, words, more) if bool((bare[0] < 255).any()) else ""
            return _different(odd, one, other) if odd else _redrawn(one, other)
        compared = compare_images(_png(bare[0]), _png(bare[1]), self.budget)
        if compared.likeness is Likeness.SAME_PICTURE and one.shape == other.shape:
            return None
        return replace(compared, original=_png(one), reproduced=_png(other), media_type="image/png")


def _different(finding: str, one: Pixels, other: Pixels) -> Compared:
    kept, likeness = (_png(one), _png(other)), Likeness.DIFFERENT
    return Compared(
        "image", Outcome.DIFFERENT, finding, 0.01, *kept, media_type="image/png", likeness=likeness, confidence=0.9
    )


def _redrawn(one: Pixels, other: Pixels) -> Compared:
    finding = "shows the same content, its words in another font or at another place"
    return Compared(
        "image",
        Outcome.OTHER_RENDERING,
        finding,
        0.0,
        _png(one),
        _png(other),
        media_type="image/png",
        likeness=Likeness.OTHER_RENDERING,
        confidence=1.0,
    )


def _pairs(a: Sequence[Page], b: Sequence[Page]) -> list[Pairing]:
    """Pair pages by place where both files have equally many, else the most alike."""
    return in_order(*([{word for text in page.passages for word in text.split()} for page in side] for side in (a, b)))


def _covered(pixels: Pixels, boxes: Sequence[tuple[int, int, int, int]]) -> Pixels:
    """Leave words out; those as large as a picture stay, for they may lie unseen over one."""
    bare = pixels.copy()
    high, wide = (_LARGE_WORDS * side for side in pixels.shape[:2])
    for left, top, right, bottom in boxes:
        if bottom - top < high or right - left < wide:
            bare[top:bottom, left:right] = 255
    return bare


def _png(pixels: Pixels) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "PNG", compress_level=3)
    return kept.getvalue()
