"""The evidence of a verdict: what was compared, with the pictures to be seen side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from erc.events.blobs import BlobStore
from erc.events.errors import Rejected
from erc.gateway.content import read_report
from erc.gateway.determinism import amended
from erc.gateway.pages.differences import Piece, pieces
from erc.gateway.pages.words import OUTCOMES, State
from erc.gateway.services import Services
from erc.gateway.signer import Signer
from erc.gateway.views import check_view
from erc.schemas.check import ChangedPart, Comparison, IgnoredPart, Origin, Outcome
from erc.schemas.ids import Digest
from erc.schemas.job import Job
from erc.schemas.repeat import Determinism

SHOWN = 60
"""How many comparisons one page shows; the report shows all."""
IGNORED_SHOWN = 20
"""How many ignored parts of a comparison one page shows."""
THUMBNAIL_WIDTH, LARGE_BYTES = 640, 200_000
"""The width in pixels to which pictures of more bytes than that are made smaller before they are opened."""

_SAME = "Published, and this run"
_CAPTIONS = {"original": "Published", "reproduced": "This run", "difference": "Difference, framed in red"}
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
_NOUNS = {"image": ("figure", "figures"), "table": ("table", "tables"), "text": ("text", "texts")}


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its caption, its addresses, and whether a browser can show it as a picture."""

    name: str
    caption: str
    address: str
    picture: bool
    thumbnail: str


@dataclass(frozen=True)
class Shown:
    """One difference of a text or table, with what went and what came marked."""

    place: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Row:
    """One compared thing; `number` is its place in the report, from 1."""

    number: int
    name: str
    state: State
    finding: str
    agrees: bool
    sides: list[Side]
    terms: list[str] = field(default_factory=list)
    """On which terms it was compared, a phrase each: the rule, the tolerance, how sure a figure's class is."""
    made_by: Origin | None = None
    source: str = ""
    """The address of the chunk or cell that made it."""
    changes: Sequence[Shown] = ()
    changed: int = 0
    ignored: Sequence[IgnoredPart] = ()
    ignored_count: int = 0

    @property
    def pictured(self) -> bool:
        """Whether there is a picture to look at."""
        return any(side.picture for side in self.sides)

    @property
    def overlaid(self) -> bool:
        """Whether there are two pictures to lay over each other."""
        return {side.name for side in self.sides if side.picture} >= {"original", "reproduced"}


@dataclass(frozen=True)
class Tally:
    """How many things of a kind agree: `3 of 4 figures`."""

    agree: int
    count: int
    noun: str


@dataclass(frozen=True)
class Selection:
    """What a page shows of a report: only what differs, and from which row on."""

    differing: bool = False
    start: int = 0


@dataclass(frozen=True)
class Evidence:
    """A check as its page shows it; `report` is the address of the whole report."""

    rows: list[Row]
    count: int
    agree: int
    selected: int
    """How many comparisons the selection has."""
    selection: Selection
    tallies: list[Tally]
    report: str | None
    display: str
    warnings: Sequence[str] = ()
    unclaimed: Sequence[str] = ()

    @property
    def next(self) -> int:
        """Where the next page begins; 0 when this is the last."""
        end = self.selection.start + len(self.rows)
        return end if end < self.selected else 0

    @property
    def previous(self) -> int | None:
        """Where the page before begins; None when this is the first."""
        return max(0, self.selection.start - SHOWN) if self.selection.start else None


async def evidence_of(
    services: Services, job: Job, signer: Signer, selection: Selection, files: str, what: Determinism | None = None
) -> Evidence | None:
    """Return the evidence of a job's check, with addresses by this signer; None before there is one.

    `files` is the address under which the files of the compendium have pages, empty when it was deleted; `what` is
    what the job's repeats tell.
    """
    if not job.report:
        return None
    try:
        report = amended(await read_report(services, job.report), what)
    except Rejected:
        return None
    view = check_view(job, report, signer)
    selected = _selected(report.comparisons, selection)
    chosen = selected[selection.start : selection.start + SHOWN]
    wanted = {digest for number in chosen for digest in _digests(report.comparisons[number]).values() if digest}
    pictures = await asyncio.to_thread(_pictures, services.blobs, wanted)
    return Evidence(
        rows=[_row(number, report.comparisons[number], view["comparisons"], pictures, files) for number in chosen],
        count=len(report.comparisons),
        agree=sum(row.outcome.agrees for row in report.comparisons),
        selected=len(selected),
        selection=selection,
        tallies=_tallies(report.comparisons),
        report=view["report"],
        display=report.display or "the display",
        warnings=report.warnings,
        unclaimed=report.unclaimed,
    )


def selection_of(show: str | None, start: str | None) -> Selection:
    """Return what the query `show` and `from` asks for; what cannot be read is left out."""
    begins = int(start) if start and start.isascii() and start.isdecimal() and len(start) < 7 else 0
    return Selection(show == "differences", begins)


def _selected(rows: Sequence[Comparison], selection: Selection) -> list[int]:
    """What differs comes first, otherwise the order of the document."""
    ordered = sorted(range(len(rows)), key=lambda number: rows[number].outcome.agrees)
    return [number for number in ordered if not (selection.differing and rows[number].outcome.agrees)]


def _tallies(rows: Sequence[Comparison]) -> list[Tally]:
    counts: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        if row.outcome is not Outcome.IGNORED:
            counts.setdefault(_nouns(row), []).append(row.outcome.agrees)
    return [Tally(sum(of), len(of), nouns[len(of) > 1]) for nouns, of in counts.items()]


def _nouns(row: Comparison) -> tuple[str, str]:
    return ("file", "files") if row.path else _NOUNS.get(row.kind, ("other thing", "other things"))


def _digests(row: Comparison) -> dict[str, Digest | None]:
    return {"original": row.original, "reproduced": row.reproduced, "difference": row.difference}


def _row(number: int, row: Comparison, views: list[dict[str, Any]], pictures: dict[Digest, int], files: str) -> Row:
    return Row(
        number + 1,
        row.name,
        OUTCOMES[row.outcome],
        _told(row),
        row.outcome.agrees,
        _sides(row, views[number], pictures),
        terms=_terms(row),
        made_by=row.made_by,
        source=_source(row.made_by, files),
        changes=[_shown(change) for change in row.changes],
        changed=row.changed,
        ignored=row.ignored[:IGNORED_SHOWN],
        ignored_count=row.ignored_count,
    )


def _told(row: Comparison) -> str:
    """Return the finding without the name, which stands above it."""
    said = row.finding.removeprefix(row.name).strip()
    return said[:1].upper() + said[1:]


def _sides(row: Comparison, view: dict[str, Any], pictures: dict[Digest, int]) -> list[Side]:
    digests = _digests(row)
    captions = dict(_CAPTIONS)
    if row.original and row.original == row.reproduced:
        captions["original"] = _SAME
        del digests["reproduced"]
    sides = []
    for name, digest in digests.items():
        if digest:
            large = pictures.get(digest, 0) > LARGE_BYTES
            thumbnail = f"{view[name]}?size={THUMBNAIL_WIDTH}" if large else view[name]
            sides.append(Side(name, captions[name], view[name], digest in pictures, thumbnail))
    return sides


def _shown(change: ChangedPart) -> Shown:
    return Shown(change.place, pieces(change.published, change.reproduced))


def _source(made_by: Origin | None, files: str) -> str:
    if made_by is None or not files:
        return ""
    place = f"cell-{made_by.cell}" if made_by.cell else f"line-{made_by.line}"
    return f"{files}/{quote(made_by.path)}#{place}"


def _terms(row: Comparison) -> list[str]:
    sure = "" if row.confidence is None else f" (confidence {row.confidence:.2f} of 1)"
    terms = {
        "Ignored by": row.rule,
        "Tolerance": row.tolerance,
        "Class of the figure": f"{row.likeness.value}{sure}" if row.likeness else "",
    }
    return [f"{name}: {said}" for name, said in terms.items() if said]


def _pictures(blobs: BlobStore, digests: set[Digest]) -> dict[Digest, int]:
    """Return the sizes in bytes of those that a browser shows as pictures."""
    sizes = {digest: _picture_bytes(blobs, digest) for digest in digests}
    return {digest: size for digest, size in sizes.items() if size}


def _picture_bytes(blobs: BlobStore, digest: Digest) -> int:
    try:
        with blobs.open(digest) as file:
            head = file.read(16)
            shown = head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
            return file.seek(0, 2) if shown else 0
    except Rejected:
        return 0
