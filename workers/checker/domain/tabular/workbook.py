"""Reads the sheets of a workbook (.xlsx) as values; formulas count by the value that was kept with them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from erc.workers.checker.domain.tabular.table import Table, with_header
from erc.workers.checker.domain.zipped import Zipped, ZippedError

SHEETS = 100
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
        Zipped(content).refuse_excess()
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except ZippedError as error:
        raise WorkbookError(str(error)) from error
    except _BROKEN as error:
        raise WorkbookError("it cannot be read as a workbook") from error
    room = [CELLS]
    try:
        return {sheet.title: _sheet(sheet, room) for sheet in book.worksheets[:SHEETS]}
    except WorkbookError:
        raise
    except _BROKEN as error:
        raise WorkbookError("a sheet cannot be read") from error
    finally:
        book.close()


def _sheet(sheet: Any, room: list[int]) -> Table:
    rows = [tuple(map(_text, row)) for row in _rows(sheet, room)]
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


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
