"""Makes a row for each claim of a compendium beside its display."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from erc.events.errors import Rejected
from erc.schemas.check import Outcome
from erc.schemas.workspace import Entry
from erc.workers.checker.domain.apart import Apart, compared_apart, directly, lost
from erc.workers.checker.domain.claims import MOST_CLAIMS, Claim, Claimed, Claims
from erc.workers.checker.domain.columnar.compare import compare_columnar_streams
from erc.workers.checker.domain.columnar.reading import is_columnar
from erc.workers.checker.domain.files import MAX_FILE_BYTES, compare_content
from erc.workers.checker.domain.grid.files import compare_large_hdf5, is_hdf5
from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.origins import Trace
from erc.workers.checker.domain.result import Compared, Named, number
from erc.workers.checker.domain.tables import reads_separated
from erc.workers.checker.domain.tabular.result import as_compared
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.streamed import compare_streams
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import excerpt

Open = Callable[[Entry], BinaryIO]
"""Opens a file for reading."""
Read = Callable[[Entry], bytes]
"""Returns the bytes of a file; raises Rejected when they are too many."""
_HEAD_BYTES = 100_000
KEPT_BYTES = 4 << 20
"""The largest file that is kept in a report to be seen side by side."""


READ_BYTES = 4 << 30
"""How much of files is read in one check, both sides together."""
SHOWN_BYTES = 128 << 20
"""How much of files is kept in one report, both sides together."""


_UNREAD = {
    Claimed.SAME: Compared("bytes", Outcome.IDENTICAL),
    Claimed.MISSING: Compared(
        "bytes", Outcome.MISSING, "is missing: erc.yml names it and this run did not make it", 1.0
    ),
    Claimed.EXTRA: Compared("bytes", Outcome.EXTRA, "is new: erc.yml names it and it was not published", 1.0),
}


@dataclass
class _Room:
    """What may still be read and kept, in bytes."""

    read: int = field(default_factory=lambda: READ_BYTES)
    shown: int = field(default_factory=lambda: SHOWN_BYTES)
    pixels: PixelBudget = field(default_factory=PixelBudget)

    def take(self, claim: Claim) -> bool:
        """Return whether a file may still be read."""
        sizes = (entry.size_bytes for entry in (claim.published, claim.reproduced) if entry is not None)
        self.read -= sum(sizes)
        return self.read >= 0

    def kept(self, compared: Compared) -> Compared:
        """Leave out what is too large to be seen side by side, and what is too much together."""
        size = len(compared.original or b"") + len(compared.reproduced or b"")
        if size <= self.shown and (compared.kind == "image" or size <= KEPT_BYTES):
            self.shown -= size
            return compared
        return replace(compared, original=None, reproduced=None, media_type="")


def file_rows(found: Claims, read: Read, stream: Open, shown: Collection[str], apart: Apart = directly) -> list[Named]:
    """Return the rows in the order of the claims; `shown` are files that the display shows, which have rows already.

    Each file is compared in a place apart. Claims for which there is no room share one row, which says that they were
    not compared.
    """
    hidden = set(shown)
    further = sum(claim.path not in hidden for claim in found.further)
    return [*_rows(found.items, _Reader(read, stream, apart), hidden), *([_further(further)] if further else [])]


def _further(count: int) -> Named:
    name = number(count, "further file")
    finding = f"{'was' if count == 1 else 'were'} not compared: a check compares {MOST_CLAIMS:,} files"
    return Named(name, name, Compared("bytes", Outcome.UNCOMPARED, finding, 1.0))


@dataclass(frozen=True)
class _Reader:
    """How files are read, and where."""

    read: Read
    open: Open
    apart: Apart


def _rows(items: Collection[Claim], reader: _Reader, shown: set[str]) -> Iterator[Named]:
    room = _Room()
    for claim in items:
        if claim.path in shown and claim.state is not Claimed.IGNORED:
            continue
        name = excerpt(claim.path, 200)
        yield Named(name, name, _compared(claim, reader, room), Trace(source=claim.path))


def _compared(claim: Claim, reader: _Reader, room: _Room) -> Compared:
    if claim.state is Claimed.IGNORED:
        return Compared("bytes", Outcome.IGNORED, f"does not count: {claim.rule}", rule=claim.rule)
    if claim.state is not Claimed.COMPARE:
        return _UNREAD[claim.state]
    assert claim.published is not None
    assert claim.reproduced is not None
    if claim.terms.comparator == "size":
        return _sizes(claim.published, claim.reproduced, claim.terms)
    if not room.take(claim):
        finding = f"was not compared: a check reads {READ_BYTES >> 30} GiB of files"
        return Compared("bytes", Outcome.UNCOMPARED, finding, 1.0)
    try:
        return room.kept(_both(claim, claim.published, claim.reproduced, reader, room))
    except Rejected as error:
        return lost("bytes", error)


def _both(claim: Claim, published: Entry, reproduced: Entry, reader: _Reader, room: _Room) -> Compared:
    """Compare two files; they are read here, for a place apart may not reach where they lie."""
    if max(published.size_bytes, reproduced.size_bytes) > MAX_FILE_BYTES:
        with reader.open(published) as theirs, reader.open(reproduced) as ours:
            apart = reader.apart if _lies_here(theirs) and _lies_here(ours) else directly
            found = apart(lambda: _in_pieces(theirs, ours, claim))
        if found is not None:
            return replace(found, tolerance=claim.terms.tolerance.said)
    before, after = reader.read(published), reader.read(reproduced)

    def both(budget: PixelBudget) -> Compared:
        return compare_content(before, after, claim.path, budget, claim.terms)

    compared, room.pixels = compared_apart(reader.apart, both, room.pixels, "bytes")
    return compared


def _lies_here(stream: BinaryIO) -> bool:
    """Return whether a file is one of this machine; another is read through threads, which no fork has."""
    try:
        return stream.fileno() >= 0
    except OSError:
        return False


def _in_pieces(theirs: BinaryIO, ours: BinaryIO, claim: Claim) -> Compared | None:
    """Compare two large files of columns, arrays or separated values without holding them; None when they are none."""
    heads, terms = (theirs.read(_HEAD_BYTES), ours.read(_HEAD_BYTES)), claim.terms
    theirs.seek(0)
    ours.seek(0)
    if terms.comparator in {"auto", "table"} and all(map(is_columnar, heads)):
        return compare_columnar_streams((theirs, heads[0]), (ours, heads[1]), terms.table())
    if terms.comparator in {"auto", "data"} and all(map(is_hdf5, heads)):
        return compare_large_hdf5(theirs, ours, terms)
    if terms.comparator in {"auto", "table"} and all(reads_separated(head, claim.path) for head in heads):
        return _streamed(theirs, ours, terms.table())
    return None


def _sizes(published: Entry, reproduced: Entry, terms: Terms) -> Compared:
    a, b = published.size_bytes, reproduced.size_bytes
    outcome = Outcome.EQUIVALENT if terms.size.allows(a, b) else Outcome.DIFFERENT
    return Compared("bytes", outcome, f"has {b:,} bytes, the published one has {a:,}", asked="the size")


def _streamed(theirs: BinaryIO, ours: BinaryIO, rules: TableRules) -> Compared:
    found = compare_streams(theirs, ours, rules)
    if found is None:
        return Compared("table", Outcome.UNCOMPARED, "could not be compared: a row of it has no end", 1.0)
    return as_compared(found, None, None)
