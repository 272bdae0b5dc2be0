"""Compares a reproduced display with the published one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.schemas.media import media_type
from erc.workers.checker.domain.document import MAX_DOCUMENT_BYTES, Document, Figure, read_document
from erc.workers.checker.domain.figures import Pair, Resources, pairs, shown
from erc.workers.checker.domain.files import compare_content, compare_pair
from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.report import page
from erc.workers.checker.domain.result import Compared, Named
from erc.workers.checker.domain.texts import compare_passages, excerpt
from erc.workers.checker.domain.verdict import conclude

Put = Callable[[bytes], str]
"""Keeps bytes as a blob and returns its digest."""

FIGURES_COMPARED = 1000
"""How many figures of a document get a row each."""


def check(
    published: bytes | None, reproduced: bytes | None, display: str, resources: Resources, put: Put
) -> CheckReport:
    """Compare the display file's published and reproduced bytes (None: there is no such file).

    `display` is its path from the workspace's root; its extension says how it is compared.
    """
    if reproduced is None:
        reason = f"No display was made: the run ended without writing {_shown_name(display)}."
        return _failed("no_display", reason, display, put)
    if published is None:
        name = _shown_name(display)
        reason = f"There is no published display to compare with: the workspace holds no {name} from its author."
        return _failed("not_comparable", reason, display, put)
    rows = _rows(published, reproduced, display, resources)
    return _report(rows, display, put, same_bytes=published == reproduced)


def not_comparable(display: str, sizes: tuple[int, int], put: Put, *, same_bytes: bool) -> CheckReport:
    """Return the report of two files, of these sizes in bytes, that are too large to be read."""
    name = _shown_name(display)
    outcome = Outcome.IDENTICAL if same_bytes else Outcome.UNCOMPARED
    finding = "" if same_bytes else f"is too large to compare: {sizes[1]:,} bytes, the published one {sizes[0]:,}"
    row = Named(name, name, Compared("bytes", outcome, finding, 0.0 if same_bytes else 1.0))
    return _report([row], display, put, same_bytes=same_bytes)


def _rows(published: bytes, reproduced: bytes, display: str, resources: Resources) -> list[Named]:
    name = _shown_name(display)
    if media_type(display) != "text/html":
        return [Named(name, name, compare_content(published, reproduced, display, PixelBudget()))]
    if max(len(published), len(reproduced)) > MAX_DOCUMENT_BYTES:
        return [Named(name, name, _too_large(published, reproduced))]
    theirs = read_document(published)
    ours = theirs if published == reproduced else read_document(reproduced)
    if published != reproduced and not (theirs.passages or theirs.figures or ours.passages or ours.figures):
        finding = "could not be compared: neither page shows anything before its scripts run"
        return [Named(name, name, Compared("bytes", Outcome.UNCOMPARED, finding, 1.0, published, reproduced))]
    text = compare_passages(theirs.passages, ours.passages, "passage")
    return [Named(f"Text of {name}", "The text", text), *_figures(theirs, ours, display, resources)]


def _too_large(published: bytes, reproduced: bytes) -> Compared:
    if published == reproduced:
        return Compared("bytes", Outcome.IDENTICAL)
    mib = max(len(published), len(reproduced)) / (1 << 20)
    return Compared("bytes", Outcome.UNCOMPARED, f"is too large to compare: {mib:,.0f} MiB of HTML", 1.0)


def _figures(theirs: Document, ours: Document, display: str, resources: Resources) -> list[Named]:
    before = shown(theirs.figures[:FIGURES_COMPARED], display, resources.published)
    after = shown(ours.figures[:FIGURES_COMPARED], display, resources.reproduced)
    budget = PixelBudget()
    rows = [_figure(pair, budget) for pair in pairs(before, after)]
    rest = theirs.figures[FIGURES_COMPARED:], ours.figures[FIGURES_COMPARED:]
    return [*rows, _others(*rest)] if any(rest) else rows


def _others(published: Sequence[Figure], reproduced: Sequence[Figure]) -> Named:
    compared = Compared("image", Outcome.IDENTICAL)
    if list(published) != list(reproduced) or any(one.drawn is None and one.source[:5] != "data:" for one in published):
        finding = f"were not compared: a check compares the first {FIGURES_COMPARED:,}"
        compared = Compared("image", Outcome.UNCOMPARED, finding, 1.0)
    return Named("Further figures", "Further figures", compared)


def _figure(pair: Pair, budget: PixelBudget) -> Named:
    named = pair.published or pair.reproduced
    assert named is not None
    compared = compare_pair(pair, budget)
    return Named(named.name, named.name, compared)


def _failed(code: str, reason: str, display: str, put: Put) -> CheckReport:
    html = put(page(Verdict.FAILED, reason, display, []))
    return CheckReport(verdict=Verdict.FAILED, reason=reason, display=display, code=code, html=html)


def _report(rows: Sequence[Named], display: str, put: Put, *, same_bytes: bool) -> CheckReport:
    verdict, reason = conclude(rows, _shown_name(display), same_bytes=same_bytes)
    return CheckReport(
        verdict=verdict,
        reason=reason,
        display=display,
        comparisons=[_comparison(row, put) for row in rows],
        html=put(page(verdict, reason, display, rows)),
    )


def _comparison(row: Named, put: Put) -> Comparison:
    one = row.compared
    original = None if one.original is None else put(one.original)
    return Comparison(
        name=row.name,
        kind=one.kind,
        outcome=one.outcome,
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
    )


def _shown_name(display: str) -> str:
    return excerpt(display, 120) or "the display"
