"""Compares a reproduced display with the published one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from erc.events.errors import Rejected
from erc.schemas.check import ChangedPart, CheckReport, Comparison, IgnoredPart, Outcome, Verdict
from erc.schemas.media import media_type
from erc.workers.checker.domain.apart import Apart, compared_apart, directly, lost
from erc.workers.checker.domain.document import MAX_DOCUMENT_BYTES, Document, Figure, read_document
from erc.workers.checker.domain.documents import (
    is_notebook,
    notebook_figures,
    notebook_rows,
    read_notebook,
    text_and_tables,
    unread,
)
from erc.workers.checker.domain.figures import Pair, Resources, pairs, shown
from erc.workers.checker.domain.files import compare_content, compare_pair
from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.origins import Origins, Trace
from erc.workers.checker.domain.pdf.compare import is_pdf, pdf_rows
from erc.workers.checker.domain.report import page
from erc.workers.checker.domain.result import Change, Compared, Named, number
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.texts import excerpt
from erc.workers.checker.domain.verdict import conclude

Put = Callable[[bytes], str]
"""Keeps bytes as a blob and returns its digest."""

FIGURES_COMPARED = 1000
"""How many figures of a document get a row each."""
IGNORED_LISTED = 50
"""How much of what does not count is listed for each row; all of it is counted."""
CHANGES_LISTED, ALL_CHANGES_LISTED = 20, 2_000
"""How many differences are listed for each row, and for all rows together; all of them are counted."""
UNCLAIMED_LISTED = 200


@dataclass(frozen=True)
class Beside:
    """What is compared beside the display; `rows` is asked when the display was read, and knows what that showed."""

    rows: Callable[[], list[Named]] = list
    terms: Terms = PLAIN
    """The terms for the display itself."""
    warnings: Sequence[str] = ()
    unclaimed: Sequence[str] = ()
    main: str = ""
    """The path of the main file."""
    source: bytes = b""
    """What the main file holds, as it was published."""


NOTHING_BESIDE = Beside()


def check(
    published: bytes | None,
    reproduced: bytes | None,
    display: str,
    resources: Resources,
    put: Put,
    beside: Beside = NOTHING_BESIDE,
) -> CheckReport:
    """Compare the display file's published and reproduced bytes (None: there is no such file).

    `display` is its path from the workspace's root; `beside` is what is compared beside it.
    """
    if reproduced is None:
        reason = f"No display was made: the run ended without writing {_shown_name(display)}."
        return _nothing(Verdict.FAILED, "no_display", reason, display, put)
    if published is None:
        name = _shown_name(display)
        reason = f"There is no published display to compare with: the workspace holds no {name} from its author."
        return _nothing(Verdict.NOT_COMPARABLE, "not_comparable", reason, display, put)
    found, cells = _rows(published, reproduced, display, resources, beside.terms)
    rows = [replace(row, compared=_under(row.compared, beside.terms)) for row in found]
    return _report(rows, display, put, beside, same_bytes=published == reproduced, cells=cells)


def not_comparable(
    display: str, sizes: tuple[int, int], put: Put, beside: Beside = NOTHING_BESIDE, *, same_bytes: bool
) -> CheckReport:
    """Return the report of two files, of these sizes in bytes, that are too large to be read."""
    name = _shown_name(display)
    outcome = Outcome.IDENTICAL if same_bytes else Outcome.UNCOMPARED
    finding = "" if same_bytes else f"is too large to compare: {sizes[1]:,} bytes, the published one {sizes[0]:,}"
    row = Named(name, name, Compared("bytes", outcome, finding, 0.0 if same_bytes else 1.0))
    return _report([row], display, put, beside, same_bytes=same_bytes)


def _rows(
    published: bytes, reproduced: bytes, display: str, resources: Resources, terms: Terms
) -> tuple[list[Named], int]:
    """Return the rows of the display, and how many cells of a notebook it shows."""
    name, trace = _shown_name(display), Trace(source=display)
    if is_notebook(published, display) and is_notebook(reproduced, display):
        return _notebook(published, reproduced, display, resources, terms)
    if is_pdf(published) and is_pdf(reproduced):
        return _pdf(published, reproduced, name, resources.apart, terms), 0
    if media_type(display) != "text/html":

        def compare(budget: PixelBudget) -> Compared:
            return compare_content(published, reproduced, display, budget, terms)

        compared, _ = compared_apart(resources.apart, compare, PixelBudget(), "bytes")
        return [Named(name, name, compared, trace)], 0
    if max(len(published), len(reproduced)) > MAX_DOCUMENT_BYTES:
        return [Named(name, name, _too_large(published, reproduced), trace)], 0
    theirs = read_document(published)
    ours = theirs if published == reproduced else read_document(reproduced)
    if published != reproduced and not (theirs.shows or ours.shows):
        finding = "could not be compared: neither page shows anything before its scripts run"
        return [Named(name, name, Compared("bytes", Outcome.UNCOMPARED, finding, 1.0, published, reproduced), trace)], 0
    text, *tables = _text_and_tables(theirs, ours, terms, resources.apart)
    text = Named(f"Text of {name}", text.subject, text.compared)
    figures = _figures(theirs.figures, ours.figures, display, resources)
    return [text, *figures, *tables, *unread(theirs.unread, ours.unread)], theirs.cells


def _pdf(published: bytes, reproduced: bytes, name: str, apart: Apart, terms: Terms) -> list[Named]:
    try:
        text, *pages = apart(lambda: pdf_rows(published, reproduced, terms, PixelBudget()))
    except Rejected as error:
        return [Named(name, name, lost("text", error), Trace(source=name))]
    return [Named(f"Text of {name}", text.subject, text.compared, Trace(source=name)), *pages]


def _text_and_tables(theirs: Document, ours: Document, terms: Terms, apart: Apart) -> list[Named]:
    try:
        return apart(lambda: text_and_tables(theirs, ours, terms))
    except Rejected as error:
        return [Named("The text", "The text", lost("text", error))]


def _notebook(
    published: bytes, reproduced: bytes, display: str, resources: Resources, terms: Terms
) -> tuple[list[Named], int]:
    name = _shown_name(display)
    try:
        theirs = read_notebook(published)
        ours = theirs if published == reproduced else read_notebook(reproduced)
    except ValueError:
        return [Named(name, name, compare_content(published, reproduced, display, PixelBudget(), terms))], 0
    figures = _figures(notebook_figures(theirs), notebook_figures(ours), display, resources)
    return [*notebook_rows(theirs, ours, terms), *figures], len(theirs)


def _under(compared: Compared, terms: Terms) -> Compared:
    """Name the tolerance of the display's rule beside what it may have let pass."""
    named = compared.kind in {"text", "table"} and compared.outcome is Outcome.EQUIVALENT and not compared.asked
    return replace(compared, tolerance=terms.tolerance.said) if named else compared


def _too_large(published: bytes, reproduced: bytes) -> Compared:
    if published == reproduced:
        return Compared("bytes", Outcome.IDENTICAL)
    mib = max(len(published), len(reproduced)) / (1 << 20)
    return Compared("bytes", Outcome.UNCOMPARED, f"is too large to compare: {mib:,.0f} MiB of HTML", 1.0)


def _figures(theirs: Sequence[Figure], ours: Sequence[Figure], display: str, resources: Resources) -> list[Named]:
    before = shown(theirs[:FIGURES_COMPARED], display, resources.published)
    after = shown(ours[:FIGURES_COMPARED], display, resources.reproduced)
    budget, rows = PixelBudget(), list[Named]()
    for pair in pairs(before, after):
        row, budget = _figure(pair, budget, resources.apart)
        rows.append(row)
    rest = theirs[FIGURES_COMPARED:], ours[FIGURES_COMPARED:]
    return [*rows, _others(*rest)] if any(rest) else rows


def _others(published: Sequence[Figure], reproduced: Sequence[Figure]) -> Named:
    compared = Compared("image", Outcome.IDENTICAL)
    if list(published) != list(reproduced) or any(one.drawn is None and one.source[:5] != "data:" for one in published):
        finding = f"were not compared: a check compares the first {FIGURES_COMPARED:,}"
        compared = Compared("image", Outcome.UNCOMPARED, finding, 1.0)
    return Named("Further figures", "Further figures", compared)


def _figure(pair: Pair, budget: PixelBudget, apart: Apart) -> tuple[Named, PixelBudget]:
    named = pair.published or pair.reproduced
    assert named is not None
    figure = named.figure
    label = max(figure.caption, figure.alt, key=len)
    place = apart if pair.unlike else directly  # a place apart costs more than a look at equal bytes
    compared, left = compared_apart(place, lambda budget: compare_pair(pair, budget), budget, "image")
    return Named(named.name, named.name, compared, Trace(label, figure.source, figure.cell)), left


def _nothing(verdict: Verdict, code: str, reason: str, display: str, put: Put) -> CheckReport:
    html = put(page(verdict, reason, display, []))
    return CheckReport(verdict=verdict, reason=reason, display=display, code=code, html=html)


def _report(
    rows: Sequence[Named], display: str, put: Put, beside: Beside, *, same_bytes: bool, cells: int = 0
) -> CheckReport:
    files = beside.rows()
    origins, room = Origins(beside.main, beside.source, cells), _Listing()
    verdict, reason = conclude([*rows, *files], _shown_name(display), same_bytes=same_bytes, files=len(files))
    notes = [*beside.warnings, *_about_unclaimed(beside.unclaimed)]
    return CheckReport(
        verdict=verdict,
        reason=reason,
        display=display,
        comparisons=[
            *(_comparison(row, put, origins, room) for row in rows),
            *(_comparison(row, put, origins, room, row.trace.source) for row in files),
        ],
        html=put(page(verdict, reason, display, [*rows, *files], notes)),
        warnings=list(beside.warnings),
        unclaimed=list(beside.unclaimed[:UNCLAIMED_LISTED]),
    )


def _about_unclaimed(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    named = ", ".join(excerpt(path, 80) for path in paths[:20])
    more = f" and {len(paths) - 20:,} more" if len(paths) > 20 else ""
    return [f"The run made {number(len(paths), 'file')} that nothing claims; they were not compared: {named}{more}."]


class _Listing:
    """How many differences a report may still list."""

    def __init__(self) -> None:
        self._left = ALL_CHANGES_LISTED

    def of(self, one: Compared) -> list[ChangedPart]:
        listed = [
            ChangedPart(
                place=excerpt(part.place, 200),
                published=excerpt(part.published, 300),
                reproduced=excerpt(part.reproduced, 300),
            )
            for part in one.changes[: min(CHANGES_LISTED, self._left)]
        ]
        self._left -= len(listed)
        return listed


def _comparison(row: Named, put: Put, origins: Origins, room: _Listing, path: str = "") -> Comparison:
    one = row.compared
    original = None if one.original is None else put(one.original)
    return Comparison(
        name=row.name,
        kind=one.kind,
        outcome=one.outcome,
        path=path,
        finding=row.sentence,
        measure=round(one.measure, 6),
        original=original,
        reproduced=original
        if one.reproduced == one.original
        else None
        if one.reproduced is None
        else put(one.reproduced),
        difference=None if one.difference is None else put(one.difference),
        likeness=one.likeness,
        confidence=None if one.confidence is None else round(one.confidence, 3),
        places=list(one.places),
        rule=one.rule,
        tolerance=one.tolerance,
        ignored=[_ignored(part) for part in one.ignored[:IGNORED_LISTED]],
        ignored_count=max(one.ignored_count, len(one.ignored)),
        changes=room.of(one),
        changed=one.changed,
        made_by=origins.of(row.trace),
    )


def _ignored(part: Change) -> IgnoredPart:
    place = f"{part.place}: " if part.place else ""
    published, reproduced = excerpt(part.published, 200), excerpt(part.reproduced, 200)
    return IgnoredPart(rule=part.rule, published=f"{place}{published}" if published else "", reproduced=reproduced)


def _shown_name(display: str) -> str:
    return excerpt(display, 120) or "the display"
