"""The evidence of a verdict: what was compared, with the pictures to be seen side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from erc.events.blobs import BlobStore
from erc.events.errors import Rejected
from erc.gateway.content import read_report
from erc.gateway.determinism import amended
from erc.gateway.pages.words import OUTCOMES, State
from erc.gateway.services import Services
from erc.gateway.signer import Signer
from erc.gateway.views import check_view
from erc.schemas.check import CheckReport, Comparison, IgnoredPart, Outcome
from erc.schemas.ids import Digest
from erc.schemas.job import Job
from erc.schemas.repeat import Determinism

SHOWN = 60
"""How many comparisons one page shows; the report shows all."""
IGNORED_SHOWN = 20
"""How many ignored parts of a comparison one page shows."""

_AGREE = {Outcome.IDENTICAL, Outcome.EQUIVALENT, Outcome.OTHER_RENDERING, Outcome.IGNORED}
_CAPTIONS = {"original": "Published", "reproduced": "This run", "difference": "Difference"}
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its caption, its address, and whether a browser can show it as a picture."""

    caption: str
    address: str
    picture: bool


@dataclass(frozen=True)
class Row:
    """One compared thing."""

    name: str
    state: State
    finding: str
    sides: list[Side]
    terms: list[str] = field(default_factory=list)
    """On which terms it was compared, a phrase each: the rule, the tolerance, how sure a figure's class is."""
    ignored: Sequence[IgnoredPart] = ()
    ignored_count: int = 0

    @property
    def pictured(self) -> bool:
        """Whether there is a picture to look at."""
        return any(side.picture for side in self.sides)


@dataclass(frozen=True)
class Evidence:
    """A check as its page shows it; `report` is the address of the whole report."""

    rows: list[Row]
    count: int
    agree: int
    report: str | None
    display: str
    warnings: Sequence[str] = ()
    unclaimed: Sequence[str] = ()

    @property
    def left(self) -> int:
        """How many comparisons are not shown here."""
        return self.count - len(self.rows)


async def evidence_of(services: Services, job: Job, signer: Signer, what: Determinism | None = None) -> Evidence | None:
    """Return the evidence of a job's check, with addresses by this signer; None before there is one."""
    if not job.report:
        return None
    try:
        report = amended(await read_report(services, job.report), what)
    except Rejected:
        return None
    view = check_view(job, report, signer)
    chosen = _worst_first(report.comparisons)[:SHOWN]
    wanted = {digest for number in chosen for digest in _digests(report.comparisons[number]).values() if digest}
    pictures = await asyncio.to_thread(_pictures, services.blobs, wanted)
    return Evidence(
        rows=[_row(report.comparisons[number], view["comparisons"][number], pictures) for number in chosen],
        count=len(report.comparisons),
        agree=sum(row.outcome in _AGREE for row in report.comparisons),
        report=view["report"],
        display=_display(report),
        warnings=report.warnings,
        unclaimed=report.unclaimed,
    )


def _worst_first(rows: Sequence[Comparison]) -> list[int]:
    """What differs comes first, otherwise the order of the document."""
    return sorted(range(len(rows)), key=lambda number: rows[number].outcome in _AGREE)


def _digests(row: Comparison) -> dict[str, Digest | None]:
    return {"original": row.original, "reproduced": row.reproduced, "difference": row.difference}


def _row(row: Comparison, view: dict[str, Any], pictures: set[Digest]) -> Row:
    sides = [Side(_CAPTIONS[side], view[side], digest in pictures) for side, digest in _digests(row).items() if digest]
    return Row(
        row.name,
        OUTCOMES[row.outcome],
        row.finding,
        sides,
        terms=_terms(row),
        ignored=row.ignored[:IGNORED_SHOWN],
        ignored_count=row.ignored_count,
    )


def _terms(row: Comparison) -> list[str]:
    sure = "" if row.confidence is None else f" (confidence {row.confidence:.2f} of 1)"
    terms = {
        "Ignored by": row.rule,
        "Tolerance": row.tolerance,
        "Class of the figure": f"{row.likeness.value}{sure}" if row.likeness else "",
    }
    return [f"{name}: {said}" for name, said in terms.items() if said]


def _pictures(blobs: BlobStore, digests: set[Digest]) -> set[Digest]:
    return {digest for digest in digests if _is_picture(blobs, digest)}


def _is_picture(blobs: BlobStore, digest: Digest) -> bool:
    try:
        with blobs.open(digest) as file:
            return file.read(16).startswith(_PICTURES)
    except Rejected:
        return False


def _display(report: CheckReport) -> str:
    return report.display or "the display"
