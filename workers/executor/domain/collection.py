"""Which of the things that a run left are kept, and what is said about the others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum

from erc.events.blobs import BlobStore
from erc.schemas.ids import Digest
from erc.schemas.media import media_type
from erc.schemas.workspace import Entry, Manifest

PATH_BYTES = 1024
NOTES = 50

Pieces = Callable[[], AbstractContextManager[Iterator[bytes]]]


class Kind(StrEnum):
    """What something below a run's folder is."""

    FILE = "a file"
    UNCHANGED = "an unchanged file"
    FOLDER = "a folder"
    REPLACED = "a folder in place of an earlier one"
    WHITEOUT = "a deletion"
    LINK = "a link"
    PIPE = "a pipe"
    SOCKET = "a socket"
    DEVICE = "a device"
    TOO_DEEP = "too deep"
    TOO_MANY = "one too many to look at"


class Unreadable(Exception):  # noqa: N818
    """A file cannot be read, and why."""


@dataclass(frozen=True)
class Found:
    """Something below a run's folder: its path there, and for a file its size, its mode and how to read it."""

    path: str
    kind: Kind
    size_bytes: int
    executable: bool
    open: Pieces


@dataclass(frozen=True)
class CollectLimits:
    """How much is kept of what a run made; size in bytes."""

    files: int = 20_000
    size_bytes: int = 20 << 30


@dataclass(frozen=True)
class Collected:
    """What a run made or changed, what it deleted, and sentences about what was not kept."""

    made: Manifest
    deleted: list[str]
    notes: list[str]


@dataclass
class Collector:
    """Takes what a run left, one thing after another, and keeps its files as blobs."""

    blobs: BlobStore
    limits: CollectLimits
    original: Manifest
    _paths: list[str] = field(init=False)
    _entries: list[Entry] = field(default_factory=list)
    _gone: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _notes: list[str] = field(default_factory=list)
    _skipped: int = 0
    _used_bytes: int = 0

    def __post_init__(self) -> None:
        self._paths = [entry.path for entry in self.original.entries()]

    def take(self, found: Found) -> None:
        """Keep a file, remember a deletion, note anything else."""
        self._seen.add(found.path)
        if found.kind in {Kind.WHITEOUT, Kind.REPLACED}:
            self._gone.update(self._below(found.path))
        elif found.kind is Kind.FILE:
            self._take_file(found)
        elif found.kind not in {Kind.UNCHANGED, Kind.FOLDER}:
            self._skip(found, f"is {found.kind}, only regular files are kept")

    def _below(self, path: str) -> list[str]:
        """Return the original files that a deleted path stood for: itself, or all below it."""
        if path in self.original:
            return [path]
        after_slash = chr(ord("/") + 1)
        return self._paths[bisect_left(self._paths, f"{path}/") : bisect_left(self._paths, f"{path}{after_slash}")]

    def _take_file(self, found: Found) -> None:
        if not found.path.isprintable() or len(found.path.encode()) > PATH_BYTES:
            self._skip(found, "has a name that cannot be kept")
            return
        if len(self._entries) >= self.limits.files:
            self._skip(found, f"is one too many, at most {self.limits.files} files are kept")
            return
        try:
            kept = self._keep(found)
        except Unreadable as error:
            self._skip(found, f"cannot be read: {error}")
            return
        if kept is None:
            self._skip(found, f"is too large, {self.limits.size_bytes} bytes are kept in all")
            return
        digest, size_bytes = kept
        self._used_bytes += size_bytes
        media = media_type(found.path)
        self._entries.append(
            Entry(path=found.path, digest=digest, size_bytes=size_bytes, executable=found.executable, media_type=media)
        )

    def _keep(self, found: Found) -> tuple[Digest, int] | None:
        # Before it is read: holes cost the run nothing, and reading many to the limit would cost hours.
        if self._used_bytes + found.size_bytes > self.limits.size_bytes:
            return None
        with found.open() as pieces, self.blobs.writer() as writer:
            for piece in pieces:
                if self._used_bytes + writer.size_bytes + len(piece) > self.limits.size_bytes:
                    return None
                writer.write(piece)
            return writer.commit(), writer.size_bytes

    def _skip(self, found: Found, reason: str) -> None:
        self._skipped += 1
        if len(self._notes) < NOTES:
            shown = found.path if len(found.path) <= 200 else f"{found.path[:200]}…"
            self._notes.append(f"{shown!r} {reason}.")

    def collected(self, *, whole: bool) -> Collected:
        """Return everything taken; `whole` when all that was not taken is gone, not only what was said to be."""
        made = Manifest(self._entries)
        if whole:
            self._gone.update(entry.path for entry in self.original.entries() if entry.path not in self._seen)
        more = self._skipped - len(self._notes)
        notes = [*self._notes, f"{more} more were not kept."] if more else self._notes
        return Collected(made, sorted(path for path in self._gone if path not in made), notes)
