"""Collects the tables of a document while it is read: those of its markup, and those among printed lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from erc.workers.checker.domain.tabular.printed import printed_tables
from erc.workers.checker.domain.tabular.table import Table, with_header
from erc.workers.checker.domain.texts import excerpt

MARKER = "[table]"
"""The passage that stands where a table was taken out of the text, so that its place counts."""
MOST_TABLES = 500
"""How many tables of a document get a row each; further ones stay in the text."""
_SPAN = 200


@dataclass
class ShownTable:
    """A table of a document; `printed` when a program printed it as lines."""

    table: Table
    caption: str = ""
    heading: str = ""
    printed: bool = False
    cell: int = 0
    """The cell of a notebook that it stands behind, from 1."""

    def name(self, number: int) -> str:
        """Return what a reader would call it; `number` is its place among the tables of its kind, from 1."""
        noun = "Print-out" if self.printed else "Table"
        label = excerpt(self.caption or self.heading, 80).rstrip(".: ¶")
        own, _, rest = label.partition(":")
        if self.caption and own.startswith("Table ") and len(own) < 12:
            return f"{own} ({rest.strip()})" if rest.strip() else own
        return f"{noun} {number} ({label})" if label else f"{noun} {number}"


@dataclass
class _Scope:
    """A `<table>` that is being read: where its passages and figures begin, its rows, and the cell that is open."""

    since: int
    figures: int
    rows: list[list[str]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)
    """For each row, whether all of its cells are headers."""
    cell: int = -1
    span: int = 1
    down: int = 1
    """Over how many rows the cell that is open reaches."""
    reaching: dict[int, tuple[int, str]] = field(default_factory=dict)
    """For a column, over how many further rows a cell above reaches, and what it says."""
    caption: str = ""
    layout: bool = False
    """Whether it holds what is no table: another table, or a figure."""


class TableReader:
    """Takes the tags of tables; `passages` is the text read so far, which it may take back."""

    def __init__(self, passages: list[str]) -> None:
        self._passages, self.tables = passages, list[ShownTable]()
        self.cells = 0
        """How many cells of a notebook began so far."""
        self._scopes: list[_Scope] = []
        self._lines: list[tuple[str, int]] | None = None

    def open(self, tag: str, attributes: Mapping[str, str], figures: int) -> None:
        """Take a start tag; the passage before it has ended."""
        if tag == "table":
            for scope in self._scopes[-1:]:
                scope.layout = True
            self._scopes.append(_Scope(len(self._passages), figures))
        elif self._scopes and tag == "tr":
            self._close_cell(self._scopes[-1])
            self._scopes[-1].rows.append([])
            self._scopes[-1].heads.append(True)
        elif self._scopes and tag in {"td", "th"}:
            self._open_cell(self._scopes[-1], tag, attributes)
        elif tag == "pre":
            self._lines = []

    def close(self, tag: str, heading: str, figures: int) -> None:
        """Take an end tag; the passage before it has ended."""
        if tag == "pre":
            self._close_printed(heading)
        scope = self._scopes[-1] if self._scopes else None
        if scope is None:
            return
        if tag in {"td", "th"}:
            self._close_cell(scope)
        elif tag == "caption":
            scope.caption = " ".join(self._passages[scope.since :])[:2000]
        elif tag == "table":
            self._close_table(self._scopes.pop(), heading, figures)

    def line(self, text: str, *, kept: bool) -> None:
        """Take a printed line as it stands; `kept` says whether it became the last passage."""
        if self._lines is not None:
            self._lines.append((text, len(self._passages) - 1 if kept else -1))

    def _open_cell(self, scope: _Scope, tag: str, attributes: Mapping[str, str]) -> None:
        if not scope.rows:
            scope.rows.append([])
            scope.heads.append(True)
        self._close_cell(scope)
        scope.cell = len(self._passages)
        scope.span, scope.down = _span(attributes, "colspan"), _span(attributes, "rowspan")
        scope.heads[-1] = scope.heads[-1] and tag == "th"

    def _close_cell(self, scope: _Scope) -> None:
        if scope.cell >= 0:
            _reach(scope)
            text, at = " ".join(self._passages[scope.cell :]), len(scope.rows[-1])
            scope.rows[-1] += [text, *[""] * (scope.span - 1)]
            if scope.down > 1:
                scope.reaching |= {at + step: (scope.down - 1, text if not step else "") for step in range(scope.span)}
            scope.cell = -1

    def _close_table(self, scope: _Scope, heading: str, figures: int) -> None:
        self._close_cell(scope)
        rows = [(row, head) for row, head in zip(scope.rows, scope.heads, strict=True) if any(row)]
        width = max((len(row) for row, _ in rows), default=0)
        if scope.layout or figures > scope.figures or len(rows) * width < 2 or len(self.tables) >= MOST_TABLES:
            return
        table = with_header([row for row, _ in rows], likely=True if rows[0][1] and len(rows) > 1 else None)
        del self._passages[scope.since :]
        self._passages += [scope.caption] if scope.caption else []
        self._passages.append(MARKER)
        self.tables.append(ShownTable(replace(table, first_row=1), scope.caption, heading, cell=self.cells))

    def _close_printed(self, heading: str) -> None:
        lines, self._lines = self._lines or [], None
        found = printed_tables([text for text, _ in lines]) if not self._scopes else []
        for one in reversed(found[: max(0, MOST_TABLES - len(self.tables))]):
            places = [at for _, at in lines[one.start : one.end] if at >= 0]
            self._passages[places[0] : places[-1] + 1] = [MARKER]
        for one in found[: max(0, MOST_TABLES - len(self.tables))]:
            self.tables.append(ShownTable(one.table, heading=heading, printed=True, cell=self.cells))


def _span(attributes: Mapping[str, str], name: str) -> int:
    span = attributes.get(name, "1")
    return max(1, min(_SPAN, int(span))) if span.isdecimal() and len(span) < 6 else 1


def _reach(scope: _Scope) -> None:
    """Put in what reaches down from the rows above, up to the next column that is free."""
    row = scope.rows[-1]
    while (at := len(row)) in scope.reaching:
        left, text = scope.reaching.pop(at)
        row.append(text)
        if left > 1:
            scope.reaching[at] = (left - 1, text)
