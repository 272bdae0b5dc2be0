"""The cells of a notebook, for the page of its file. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

MOST_CELLS, MOST_TEXT = 500, 20_000


@dataclass(frozen=True)
class Cell:
    """A cell: its number from 1, its kind (`code`, `markdown` …) and its source."""

    number: int
    kind: str
    source: str


def cells(text: str) -> list[Cell]:
    """Return the first cells of a notebook; nothing when it is none that can be read."""
    try:
        found = json.loads(text)["cells"][:MOST_CELLS]
        return [
            Cell(number, str(cell.get("cell_type", "")), _source(cell.get("source", "")))
            for number, cell in enumerate(found, 1)
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _source(source: object) -> str:
    joined = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return joined[:MOST_TEXT]
