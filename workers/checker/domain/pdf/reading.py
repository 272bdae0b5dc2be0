"""Reads PDF files through PDFium: the words of a page, where they stand, and the page as a picture."""

from __future__ import annotations

import ctypes
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from pypdfium2 import raw

from erc.workers.checker.domain.picture.bitmap import Pixels

MOST_PAGES = 2_000
"""How many pages are read."""
PAGE_CHARACTERS = 200_000
ALL_CHARACTERS = 8_000_000
MOST_BOXES = 20_000
"""How many pieces of text of a page are covered."""
DOTS_PER_INCH = 100
PAGE_PIXELS = 4_000_000
PAGE_SECONDS = 10.0
"""How long one page is drawn."""
_POINTS = 72
_LARGEST_SIDE = 20_000
_MARGIN = 2
_HYPHEN = re.compile("[\x02\ufffe](?:\r?\n)?")
"""What PDFium puts where a word is divided at the end of a line."""
_ENDS = re.compile(r".*[.!?:;”\"]\s*")
_NUMBERS = re.compile(r"[\W\d_eE]*")
_SHORT = 0.7
"""A line shorter than this share of the longest one ends its paragraph."""


class PdfError(ValueError):
    """Why a PDF cannot be compared, in words."""


@dataclass(frozen=True)
class Page:
    """A page: its words as passages, and its size in points."""

    number: int
    passages: tuple[str, ...]
    width: float
    height: float


class PdfFile:
    """A PDF in memory; raises PdfError when it is none, is encrypted, or has too many pages."""

    def __init__(self, content: bytes) -> None:
        try:
            self._document: Any = pdfium.PdfDocument(content)
        except pdfium.PdfiumError as error:
            locked = "assword" in str(error)
            reason = "it is encrypted" if locked else "it cannot be read as a PDF"
            raise PdfError(reason) from error
        if len(self._document) > MOST_PAGES:
            raise PdfError(f"it has {len(self._document):,} pages; {MOST_PAGES:,} are read")

    def close(self) -> None:
        """Give the memory back; the file cannot be used any more."""
        self._document.close()

    def pages(self) -> list[Page]:
        """Return all pages; raises PdfError when one is damaged or they say too much."""
        room = ALL_CHARACTERS
        found = []
        for at in range(len(self._document)):
            with _Opened(self._document, at) as page:
                text = _text(page)
                width, height = page.get_size()
            room -= len(text)
            if room < 0:
                raise PdfError(f"it has more than {ALL_CHARACTERS:,} characters")
            found.append(Page(at + 1, tuple(passages(text)), width, height))
        return found

    def about(self) -> dict[str, str]:
        """Return what the file says of itself: dates, the program that wrote it, its identifier; no content."""
        said = {key: str(value)[:500] for key, value in self._document.get_metadata_dict(skip_empty=True).items()}
        names = (self._document.get_identifier(one) for one in (raw.FILEIDTYPE_PERMANENT, raw.FILEIDTYPE_CHANGING))
        return {**said, "ID": " ".join(bytes(one or b"").hex()[:64] for one in names).strip()}

    def picture(self, number: int, seconds: float = PAGE_SECONDS) -> tuple[Pixels, list[tuple[int, int, int, int]]]:
        """Return a page (from 1) as pixels on white, and the boxes of its words in them; raises PdfError.

        A very large page is drawn coarser.
        """
        with _Opened(self._document, number - 1) as page:
            width, height = page.get_size()
            if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
                raise PdfError(f"its page {number:,} has no size that can be drawn")
            scale = min(DOTS_PER_INCH / _POINTS, (PAGE_PIXELS / (width * height)) ** 0.5)
            size = max(1, round(width * scale)), max(1, round(height * scale))
            pixels = _drawn(page, *size, seconds)
            return pixels, list(_boxes(page, size))


class _Opened:
    """A page that is closed again, for each takes memory; raises PdfError when it is damaged."""

    def __init__(self, document: Any, at: int) -> None:
        try:
            self._page = document[at]
        except (pdfium.PdfiumError, IndexError) as error:
            raise PdfError(f"its page {at + 1:,} cannot be read") from error

    def __enter__(self) -> Any:
        return self._page

    def __exit__(self, *_: object) -> None:
        self._page.close()


def passages(text: str) -> list[str]:
    """Return the paragraphs of a page's text: lines are joined, except behind an end, a short line, or numbers."""
    lines = [line.strip() for line in _HYPHEN.sub("", text).splitlines()]
    longest = max((len(line) for line in lines), default=0)
    found: list[str] = []
    open_ = False
    for line in filter(None, lines):
        alone = _NUMBERS.fullmatch(line) is not None
        if open_ and not alone:
            found[-1] = f"{found[-1]} {line}"
        else:
            found.append(line)
        open_ = not alone and len(line) >= _SHORT * longest and not _ENDS.fullmatch(line[-9:])
    return found


def _text(page: Any) -> str:
    try:
        held = page.get_textpage()
    except pdfium.PdfiumError as error:
        raise PdfError("the text of a page cannot be read") from error
    try:
        if held.count_chars() > PAGE_CHARACTERS:
            raise PdfError(f"a page of it has more than {PAGE_CHARACTERS:,} characters")
        return str(held.get_text_bounded()).replace("\0", " ")
    finally:
        held.close()


def _boxes(page: Any, size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield where words stand: left, top, right, bottom in pixels, within the picture."""
    held = page.get_textpage()
    try:
        for at in range(min(MOST_BOXES, held.count_rects())):
            left, bottom, right, top = held.get_rect(at)
            (x, y), (u, v) = (_pixel(page, size, *corner) for corner in ((left, bottom), (right, top)))
            yield (
                min(size[0], max(0, min(x, u) - _MARGIN)),
                min(size[1], max(0, min(y, v) - _MARGIN)),
                min(size[0], max(0, max(x, u) + _MARGIN)),
                min(size[1], max(0, max(y, v) + _MARGIN)),
            )
    finally:
        held.close()


def _pixel(page: Any, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    left, top = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, left, top)
    return left.value, top.value


def _drawn(page: Any, width: int, height: int, seconds: float) -> Pixels:
    """Draw step by step, so that a page that has no end can be left; raises PdfError."""
    until = time.process_time() + seconds
    pause = raw.IFSDK_PAUSE(version=1)
    asked = type(pause.NeedToPauseNow)(lambda _pause: int(time.process_time() > until))
    pause.NeedToPauseNow = asked
    bitmap = pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
        status = raw.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, width, height, 0, flags, pause)
        raw.FPDF_RenderPage_Close(page)
        if status != raw.FPDF_RENDER_DONE:
            slow = status == raw.FPDF_RENDER_TOBECONTINUED
            raise PdfError("a page of it takes too long to draw" if slow else "a page of it cannot be drawn")
        return np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
    finally:
        bitmap.close()
