"""A table, whatever it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from erc.workers.checker.domain.tabular.cells import number_in

_INDEX_NAMES = {"", "unnamed: 0", "index", "rownames", "...1"}
"""Names that programs give to a column of row numbers, in lower case; `x` is what authors call their data."""
_YEAR = range(1500, 2200)


@dataclass(frozen=True)
class Table:
    """Rows of cells as text; `columns` are the names that its header gives, empty when there is no header."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    first_row: int = 1
    """The number that a reader gives to the first of `rows`."""

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max(len(self.columns), max((len(row) for row in self.rows), default=0))


def with_header(rows: Sequence[Sequence[str]], *, likely: bool | None = None) -> Table:
    """Return a table of rows whose first may be a header; `likely` says so where it is known."""
    if not rows:
        return Table((), [])
    header = is_header(rows[0]) if likely is None else likely
    body = [tuple(row) for row in rows[1 if header else 0 :]]
    if not header:
        return Table((), body)
    names = [one.strip() for one in rows[0]]
    if body and all(len(row) == len(names) + 1 for row in body[:50]):
        names = ["", *names]  # R's write.table leaves the name of the row names out
    return Table(tuple(names), body, 2)


def is_header(row: Sequence[str]) -> bool:
    """Return whether a first row reads like names: different words, or a word and years."""
    named = [cell.strip() for cell in row]
    if len(set(named)) < len(named) or not any(named):
        return False
    numbers = [cell for cell in named if number_in(cell) is not None]
    years = all(cell.isdigit() and int(cell) in _YEAR for cell in numbers)
    return not numbers or (years and number_in(named[0]) is None and len(named) > 1)


def index_start(name: str, cells: Sequence[str]) -> int | None:
    """Return from where (0 or 1) a column only counts the rows, as programs add one; None when it does not."""
    if name.strip().casefold() not in _INDEX_NAMES or not cells:
        return None
    for start in (0, 1):
        if all(cell.strip().strip('"') == str(number) for number, cell in enumerate(cells, start)):
            return start
    return None
