"""Reads the sheets of an `.xlsx`: values as they were saved, no formulas, links or macros."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from erc.gateway.inspecting.numbers import number


def objects(path: Path, _extension: str, names: frozenset[str], most_rows: int | None) -> list[dict[str, Any]]:
    """Return the sheets of a workbook, each a list of rows."""
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            return [_sheet(sheet, most_rows) for sheet in book.worksheets if not names or sheet.title in names]
        finally:
            book.close()


def _sheet(sheet: Any, most_rows: int | None) -> dict[str, Any]:
    rows = [[_plain(value) for value in row] for row in islice(sheet.iter_rows(values_only=True), most_rows)]
    shape = [sheet.max_row or len(rows), sheet.max_column or 0]
    return {"name": sheet.title, "kind": "sheet", "shape": shape, "value": rows}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return number(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
