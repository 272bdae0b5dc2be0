"""Compares documents that are files beside the display, and notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from erc.schemas.check import Outcome
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.document import MAX_DOCUMENT_BYTES, Document, Figure, read_document
from erc.workers.checker.domain.origins import Trace
from erc.workers.checker.domain.outputs import show, text_of
from erc.workers.checker.domain.result import CHANGES_KEPT, Compared, Named, number
from erc.workers.checker.domain.shown_tables import ShownTable
from erc.workers.checker.domain.table_rows import compare_shown
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.texts import compare_passages, excerpt, settled
from erc.workers.checker.domain.widgets import Widgets

MOST_CELLS = 5_000


def compare_documents(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    """Compare the text and the tables of two HTML documents; None when one is too large to be looked into."""
    if max(len(published), len(reproduced)) > MAX_DOCUMENT_BYTES:
        return None
    theirs, ours = read_document(published), read_document(reproduced)
    rows = text_and_tables(theirs, ours, terms) + pictures(theirs.figures, ours.figures)
    return folded(rows + unread(theirs.unread, ours.unread), published, reproduced)


def pictures(published: Sequence[Figure], reproduced: Sequence[Figure]) -> list[Named]:
    """Return a row when the pictures of two documents are not the same, byte for byte."""
    a, b = ([(one.source, settled(one.drawn or "")) for one in side] for side in (published, reproduced))
    if a == b:
        return []
    at = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    named = (published if at < len(published) else reproduced)[at].name(at + 1)
    return [Named(named, named, Compared("image", Outcome.DIFFERENT, "is not the same, byte for byte", 1.0))]


def unread(published: Sequence[str], reproduced: Sequence[str]) -> list[Named]:
    """Return a row when what may show something, and is not read, is not the same on both sides."""
    if list(published) == list(reproduced):
        return []
    finding = "could not be compared: scripts or data that no check reads are not the same"
    compared = Compared("bytes", Outcome.UNCOMPARED, finding, 1.0)
    return [Named("What scripts draw", "What scripts draw", compared)]


def text_and_tables(theirs: Document, ours: Document, terms: Terms) -> list[Named]:
    """Return a row for the text and one for each table.

    Where the two sides do not print equally many tables, printed ones are compared as the lines that they are.
    """
    if sum(one.printed for one in theirs.tables) != sum(one.printed for one in ours.tables):
        theirs, ours = theirs.unrolled(), ours.unrolled()
    title = min(theirs.title, ours.title)
    text = compare_passages(theirs.passages, ours.passages, "passage", terms.tolerance, terms.ignore_lines, title)
    return [Named("The text", "The text", text), *compare_shown(theirs.tables, ours.tables, terms.table(printed=True))]


def folded(rows: Sequence[Named], published: bytes | None, reproduced: bytes | None) -> Compared:
    """Make one row of several; the first that differs says what."""
    ignored = tuple(one for row in rows for one in row.compared.ignored)[:CHANGES_KEPT]
    count = sum(row.compared.ignored_count for row in rows)
    bad = [row for row in rows if not row.compared.agrees]
    if not bad:
        finding = "reads the same; only bytes differ that no reader sees"
        return Compared("text", Outcome.EQUIVALENT, finding, ignored=ignored, ignored_count=count)
    first = bad[0]
    subject = f"{first.subject[0].lower()}{first.subject[1:]}"
    more = f" ({number(len(bad) - 1, 'further part')} of it differ)" if len(bad) > 1 else ""
    unsure = all(row.compared.outcome is Outcome.UNCOMPARED for row in bad)
    return Compared(
        "text",
        Outcome.UNCOMPARED if unsure else Outcome.DIFFERENT,
        f"{'is not compared in full' if unsure else 'differs'}: {subject} {first.compared.finding}{more}",
        max(row.compared.measure for row in bad),
        published,
        reproduced,
        changes=tuple(replace(one, place=_placed(row, one.place)) for row in bad for one in row.compared.changes)[
            :CHANGES_KEPT
        ],
        changed=sum(max(1, row.compared.changed) for row in bad),
        ignored=ignored,
        ignored_count=count,
    )


def _placed(row: Named, place: str) -> str:
    name = "" if row.name == "The text" else row.name
    return ", ".join(part for part in (name, place) if part)


@dataclass
class Cell:
    """A cell of a notebook: its source, and what its outputs show."""

    kind: str
    source: str
    shown: Document = field(default_factory=Document)


def is_notebook(content: bytes, path: str) -> bool:
    """Return whether bytes are a Jupyter notebook."""
    del path
    return content[:4096].lstrip().startswith(b"{") and b'"nbformat"' in content and b'"cells"' in content


def read_notebook(content: bytes) -> list[Cell]:
    """Return the cells of a notebook; execution counts and metadata are no content. Raises ValueError."""
    try:
        document = json.loads(content)
        cells = document["cells"]
        widgets = Widgets(document.get("metadata"))
        read = [_cell(cell, number, widgets) for number, cell in enumerate(cells[:MOST_CELLS], 1)]
        further = [{**cell, "execution_count": None, "metadata": None} for cell in cells[MOST_CELLS:]]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no notebook") from error
    rest = [json.dumps(further, sort_keys=True)] if further else []
    return [*read, Cell("further", "", Document(unread=rest))] if rest else read


def compare_notebooks(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    """Compare two notebooks as one thing; None when one cannot be read."""
    try:
        theirs, ours = read_notebook(published), read_notebook(reproduced)
    except ValueError:
        return None
    rows = notebook_rows(theirs, ours, terms) + pictures(notebook_figures(theirs), notebook_figures(ours))
    return folded(rows, published, reproduced)


def notebook_rows(theirs: Sequence[Cell], ours: Sequence[Cell], terms: Terms = PLAIN) -> list[Named]:
    """Return rows for the sources, for the text output of each cell that has some, and for each table."""
    sources = compare_passages(_sources(theirs), _sources(ours), "line", terms.tolerance, terms.ignore_lines)
    rows = [Named("Source of the cells", "The source of the cells", sources)]
    tables: tuple[list[ShownTable], list[ShownTable]] = ([], [])
    for at, before, after in _paired(theirs, ours):
        name = f"Output of cell {at}"
        a, b = (before or Cell("", "")).shown, (after or Cell("", "")).shown
        tables[0].extend(a.tables)
        tables[1].extend(b.tables)
        if a.passages or b.passages:
            text = compare_passages(a.passages, b.passages, "line", terms.tolerance, terms.ignore_lines)
            label = excerpt((before or after or Cell("", "")).source.strip().partition("\n")[0], 40)
            named = f"{name} ({label})" if label else name
            rows.append(Named(named, f"The output of cell {at}", text, Trace(cell=at)))
    rows += compare_shown(*tables, terms.table(printed=True))
    return rows + unread(*([one for cell in side for one in cell.shown.unread] for side in (theirs, ours)))


def notebook_figures(cells: Sequence[Cell]) -> list[Figure]:
    """Return the figures of a notebook in order."""
    return [figure for cell in cells for figure in cell.shown.figures]


def _sources(cells: Sequence[Cell]) -> list[str]:
    return [line for cell in cells for line in cell.source.splitlines()]


def _paired(theirs: Sequence[Cell], ours: Sequence[Cell]) -> Iterator[tuple[int, Cell | None, Cell | None]]:
    """Pair cells by their source, those in between by place; with the number of the published one, from 1."""
    i = k = 0
    end = (len(theirs), len(theirs), len(ours), len(ours))
    for a_from, a_to, b_from, b_to in [*differing(_keys(theirs), _keys(ours)), end]:
        yield from ((i + step + 1, theirs[i + step], ours[k + step]) for step in range(a_from - i))
        for step in range(max(a_to - a_from, b_to - b_from)):
            a = theirs[a_from + step] if a_from + step < a_to else None
            b = ours[b_from + step] if b_from + step < b_to else None
            yield (a_from if a else b_from) + step + 1, a, b
        i, k = a_to, b_to


def _keys(cells: Sequence[Cell]) -> list[str]:
    return [f"{cell.kind}\0{cell.source}" for cell in cells]


def _cell(cell: Mapping[str, Any], number: int, widgets: Widgets) -> Cell:
    made = Cell(str(cell.get("cell_type", "")), text_of(cell.get("source", "")))
    heading = excerpt(made.source.strip().rpartition("\n")[2], 40)
    if cell.get("attachments"):
        made.shown.unread.append(json.dumps(cell["attachments"], sort_keys=True))
    for output in cell.get("outputs") or []:
        show(output, made.shown, heading, widgets)
    for figure in made.shown.figures:
        figure.cell = number
    for table in made.shown.tables:
        table.cell = number
    return made
