"""Turns an uploaded archive into a workspace: bytes become blobs, names become a manifest, nothing becomes a path."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, NamedTuple

from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.schemas.limits import ArchiveLimits
from erc.schemas.media import media_type
from erc.schemas.workspace import Entry, Manifest
from erc.workers.loader.domain.meter import Member, Meter
from erc.workers.loader.domain.names import Tree, clean_path, left_out
from erc.workers.loader.domain.refusals import shown
from erc.workers.loader.domain.streams import PACKED_BYTES, gunzipped, pieces
from erc.workers.loader.domain.tar_archive import tar_members
from erc.workers.loader.domain.tar_headers import BLOCK_BYTES, looks_like_tar
from erc.workers.loader.domain.zip_archive import zip_members

Put = Callable[[Iterable[bytes]], Digest]
"""Keeps the bytes of a file that comes in pieces and returns their SHA-256."""
ZIP_SIGNS = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_SIGN = b"\x1f\x8b"
APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""Start of the files `._name` in which macOS keeps what other systems have no place for."""
NAMED_IN_NOTE = 5


@dataclass(frozen=True)
class Unpacked:
    """What an archive held."""

    manifest: Manifest
    bag: bool
    """Whether it is a BagIt bag (`bagit.txt` at its root)."""
    compendium: bool
    """Whether it has an `erc.yml`: at its root, or in the `data` folder of a bag."""
    notes: list[str]
    """Sentences for the author about what was left out or guessed."""


class _File(NamedTuple):
    path: str
    digest: Digest
    size_bytes: int
    executable: bool


@dataclass
class _Workspace:
    tree: Tree
    files: list[_File] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    legacy_names: int = 0

    def take(self, member: Member, put: Put) -> None:
        path = clean_path(member.name, folder=member.folder)
        pieces_of_it = member.pieces
        why = left_out(path)
        if path.rpartition("/")[2].startswith("._"):
            first = next(pieces_of_it, b"")
            pieces_of_it = chain([first], pieces_of_it)
            why = why or ("macOS" if first.startswith(APPLE_DOUBLE) else "")
        if why or member.folder:
            self._pass_by(path, pieces_of_it, why, folder=member.folder)
            return
        self.tree.add(path)
        self.legacy_names += member.legacy_name
        counted = _Counted(pieces_of_it)
        digest = put(counted)
        self.files.append(_File(path, digest, counted.size_bytes, member.executable))

    def _pass_by(self, path: str, content: Iterator[bytes], why: str, *, folder: bool) -> None:
        if why:
            self.dropped[why] += not folder
        elif path:
            self.tree.add(path, folder=True)
        for _ in content:
            pass


class _Counted:
    """Pieces on their way to the blob store, and how many bytes they were."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source:
            self.size_bytes += len(piece)
            yield piece


def unpack(file: BinaryIO, put: Put, limits: ArchiveLimits) -> Unpacked:
    """Read an archive (zip, tar or tar.gz, seekable) and keep each of its files with `put`.

    The one top-level folder in which everything lies is taken off the paths. Raises `Rejected` with a code
    `archive_…` at the first fault; files kept by then are blobs that nothing refers to. What `put` raises passes.
    """
    archive_bytes = file.seek(0, io.SEEK_END)
    file.seek(0)
    meter = Meter(limits, archive_bytes)
    workspace = _Workspace(Tree(meter.node))
    for member in _members(file, archive_bytes, meter):
        workspace.take(member, put)
    if not workspace.files:
        raise Rejected(
            "The archive is empty", "There is no file in it that could belong to a paper.", code="archive_empty"
        )
    manifest = _without_top(workspace)
    bag = "bagit.txt" in manifest
    return Unpacked(
        manifest=manifest,
        bag=bag,
        compendium="erc.yml" in manifest or (bag and "data/erc.yml" in manifest),
        notes=list(_notes(workspace)),
    )


def _members(file: BinaryIO, archive_bytes: int, meter: Meter) -> Iterator[Member]:
    start = file.read(BLOCK_BYTES)
    file.seek(0)
    if start.startswith(ZIP_SIGNS):
        return zip_members(file, archive_bytes, meter)
    if start.startswith(GZIP_SIGN):
        return tar_members(gunzipped(pieces(file, piece_bytes=PACKED_BYTES)), meter)
    if looks_like_tar(start):
        return tar_members(pieces(file), meter)
    if not start:
        raise Rejected("The archive is empty", "The upload has no bytes. Choose the file again.", code="archive_empty")
    raise Rejected(
        "The archive is of an unknown kind",
        "Only zip, tar and tar.gz files are taken, whatever their name ends in. Pack the files into one of these.",
        code="archive_unknown",
    )


def _without_top(workspace: _Workspace) -> Manifest:
    top = workspace.tree.only_folder()
    start = len(top) + 1 if top else 0
    return Manifest(
        Entry(
            path=file.path[start:],
            digest=file.digest,
            size_bytes=file.size_bytes,
            executable=file.executable,
            media_type=media_type(file.path),
        )
        for file in workspace.files
    )


def _notes(workspace: _Workspace) -> Iterator[str]:
    if number := workspace.dropped["macOS"]:
        yield f"Left out what macOS adds to archives (__MACOSX, .DS_Store, ._*): {_files(number)}."
    if number := workspace.dropped["git"]:
        yield f"Left out the history of git (.git): {_files(number)}."
    if folders := workspace.tree.empty_folders():
        named = ", ".join(shown(folder) for folder in folders[:NAMED_IN_NOTE])
        more = f" and {len(folders) - NAMED_IN_NOTE} more" if len(folders) > NAMED_IN_NOTE else ""
        yield f"Empty folders are not kept: {named}{more}. Code that writes there must make them, or put a file in."
    if number := workspace.legacy_names:
        yield f"{_files(number)} had names that are not in UTF-8; they were read in code page 437."


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
