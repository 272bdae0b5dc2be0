"""Compares displays that lie in the blob store; meant to run in a limited child process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from erc.events.blob_place import BlobPlace
from erc.events.blobs import BlobStore, read_manifest
from erc.events.forked import forked
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker.domain import (
    IGNORE_NAME,
    MAIN_BYTES,
    PLAIN,
    READ_BYTES,
    RULES_NAME,
    Apart,
    Beside,
    Named,
    Resources,
    check,
    claims,
    file_rows,
    not_comparable,
    read_rules,
)

R = TypeVar("R")

DISPLAY_BYTES = 256 << 20
"""The largest display file that is read."""
LINKED_BYTES = 64 << 20
"""The largest file linked by a display that is read."""


@dataclass(frozen=True)
class CheckRequest:
    """What to compare: the display's path in the published workspace and among the files that the run made."""

    place: BlobPlace
    published: Digest
    """The manifest of the workspace."""
    reproduced: Digest
    """The manifest of the files that the run made."""
    display: str
    main: str = ""
    """The path of the main file, in which the places are found that made what is compared."""
    seconds: float = 240.0
    """How long all things together may take; one that is not done by then is not compared."""


def check_files(request: CheckRequest) -> CheckReport:
    """Compare, keep what is to be shown, return the report; raises Rejected when a manifest cannot be read.

    Each thing is compared in a fork of this process, for readers of damaged files may crash.
    """
    blobs, apart = request.place.store(), _Apart(request.seconds)
    published, reproduced = read_manifest(blobs, request.published), read_manifest(blobs, request.reproduced)
    before, after = published.get(request.display), reproduced.get(request.display)
    theirs, ours = _Files(blobs, published), _Files(blobs, reproduced)
    beside = _beside(request, theirs, ours, apart)
    if before is not None and after is not None and max(before.size_bytes, after.size_bytes) > DISPLAY_BYTES:
        sizes = before.size_bytes, after.size_bytes
        return not_comparable(request.display, sizes, blobs.put, beside, same_bytes=before.digest == after.digest)
    alone = before is None or after is None
    return check(
        b"" if before is not None and alone else theirs.read(request.display, DISPLAY_BYTES),
        b"" if after is not None and alone else ours.read(request.display, DISPLAY_BYTES),
        request.display,
        Resources(theirs.read, ours.read, apart),
        blobs.put,
        beside,
    )


def _beside(request: CheckRequest, theirs: _Files, ours: _Files, apart: Apart) -> Beside:
    """Return what is compared beside the display, by the rules of the published workspace."""
    display, main = request.display, request.main
    rules = read_rules(theirs.small(RULES_NAME), theirs.small(IGNORE_NAME))
    found = claims(theirs.manifest, ours.manifest, display, rules)
    named = rules.of(display)

    def rows() -> list[Named]:
        return file_rows(found, theirs.content, theirs.open, theirs.asked | ours.asked, apart)

    source = theirs.small(main, MAIN_BYTES)
    return Beside(rows, named.terms if named else PLAIN, found.warnings, found.unclaimed, main, source)


class _Apart:
    """Runs one comparison after the other in a fork each, until the time for all is over.

    Each may take half of what is left, so that one without end leaves time for the others.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def __call__(self, compare: Callable[[], R], /) -> R:
        return forked(compare, (self._until - time.monotonic()) / 2)


class _Files:
    """The files of a manifest by path."""

    def __init__(self, blobs: BlobStore, manifest: Manifest) -> None:
        self._blobs, self.manifest = blobs, manifest
        self.asked: set[str] = set()
        """The paths that a display shows."""

    def read(self, path: str, limit_bytes: int = LINKED_BYTES) -> bytes | None:
        """Return a file's bytes, None when there is none; raises Rejected when it is too large."""
        entry = self.manifest.get(path)
        self.asked.add(path)
        return None if entry is None else self._blobs.read(entry.digest, limit_bytes)

    def small(self, path: str, most_bytes: int = READ_BYTES) -> bytes:
        """Return the bytes of a file of rules or of code, empty when there is none or it is too large."""
        entry = self.manifest.get(path)
        fits = entry is not None and entry.size_bytes <= most_bytes
        return self._blobs.read(entry.digest) if entry is not None and fits else b""

    def content(self, entry: Entry) -> bytes:
        """Return a file's bytes; raises Rejected when it is too large."""
        return self._blobs.read(entry.digest, LINKED_BYTES)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file for reading."""
        return self._blobs.open(entry.digest)
