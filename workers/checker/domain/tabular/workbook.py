"""Reads the sheets of a workbook (.xlsx) as values; formulas count by the value kept with them, else as text."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from erc.workers.checker.domain.tabular.table import Table, with_header
from erc.workers.checker.domain.zipped import Zipped, ZippedError

SHEETS = 100
_DRAWN = (
    "xl/media/", "xl/charts/", "xl/drawings/", "xl/chartsheets/", "xl/embeddings/", "xl/comments",
    "xl/threadedComments",
)  # fmt: skip
CELLS = 2_000_000
"""How many cells of a workbook are read."""
ROW_CELLS = 16_384
_BROKEN = (
    InvalidFileException,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
)


class WorkbookError(ValueError):
    """Why a workbook cannot be compared, in words."""


def is_workbook(content: bytes) -> bool:
    """Return whether bytes are a workbook."""
    return content.startswith(b"PK\x03\x04") and b"xl/workbook.xml" in content


def read_workbook(content: bytes) -> dict[str, Table]:
    """Return the sheets of a workbook by name, in order; raises WorkbookError."""
    try:
        held = Zipped(content)
        held.refuse_excess()
        book = _opened(content, values=True)
        formulas = _opened(content, values=False) if _has_formulas(held) else book
    except ZippedError as error:
        raise WorkbookError(str(error)) from error
    except _BROKEN as error:
        raise WorkbookError("it cannot be read as a workbook") from error
    room = [CELLS]
    try:
        _refuse_many(book)
        both = zip(book.worksheets, formulas.worksheets, strict=True)
        return {sheet.title: _sheet(sheet, None if one is sheet else one, room) for sheet, one in both}
    except WorkbookError:
        raise
    except _BROKEN as error:
        raise WorkbookError("a sheet cannot be read") from error
    finally:
        book.close()
        formulas.close()


def _refuse_many(book: Any) -> None:
    if len(book.worksheets) > SHEETS:
        raise WorkbookError(f"it has more than {SHEETS} sheets")


def unread_parts(published: bytes, reproduced: bytes) -> list[str]:
    """Return the names of pictures, charts, drawings and comments whose bytes differ; raises WorkbookError."""
    try:
        return [name for name in Zipped(published).unlike(Zipped(reproduced)) if name.startswith(_DRAWN)]
    except ZippedError as error:
        raise WorkbookError(str(error)) from error


def _opened(content: bytes, *, values: bool) -> Any:
    return load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)


def _has_formulas(held: Zipped) -> bool:
    sheets = (name for name in held.names() if name.startswith("xl/worksheets/"))
    return any(b"<f" in (held.read(name) or b"") for name in sheets)


def _sheet(sheet: Any, formulas: Any | None, room: list[int]) -> Table:
    rows = [tuple(map(_text, row)) for row in _rows(sheet, room)]
    if formulas is not None:
        written = [tuple(map(_formula, row)) for row in _rows(formulas, [CELLS])]
        pairs = zip_longest(rows, written, fillvalue=())
        rows = [tuple(value or text for value, text in zip_longest(*pair, fillvalue="")) for pair in pairs]
    while rows and not any(rows[-1]):
        rows.pop()
    return with_header(rows)


def _rows(sheet: Any, room: list[int]) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True, max_col=ROW_CELLS):
        kept = list(row)
        while kept and kept[-1] is None:
            kept.pop()
        room[0] -= max(1, len(kept))
        if room[0] < 0:
            raise WorkbookError(f"it has more than {CELLS:,} cells")
        yield tuple(kept)


def _formula(value: Any) -> str:
    """Return the text of a cell that holds a formula, nothing for other cells."""
    text = getattr(value, "text", value)
    return text if isinstance(text, str) and text.startswith("=") else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
