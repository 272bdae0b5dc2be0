"""Counts what comes out of an archive, as it comes out: headers are never believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from erc.schemas.limits import MIB, ArchiveLimits
from erc.workers.loader.domain.refusals import shown, sized, too_large

EXTENSIONS_BYTES = 256 * MIB


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder of an archive. Its pieces must be used up before the next member is asked for."""

    name: str
    """As written; not yet clean."""
    pieces: Iterator[bytes]
    folder: bool = False
    executable: bool = False
    legacy_name: bool = False
    """Whether the name was not in UTF-8."""


class Meter:
    """The limits of one archive. Every method raises `Rejected` (`archive_too_large`) when a limit is passed."""

    def __init__(self, limits: ArchiveLimits, archive_bytes: int) -> None:
        self._limits, self._archive_bytes = limits, archive_bytes
        self._members = self._nodes = self._bytes = self._extension_bytes = 0
        if archive_bytes > limits.upload_bytes:
            raise too_large(f"It is {sized(archive_bytes)} in size, at most {sized(limits.upload_bytes)} are taken.")

    def member(self) -> None:
        """Count a member, wanted or not."""
        self._members += 1
        self.expect_members(self._members)

    def node(self) -> None:
        """Count a file or folder of the workspace, folders that only paths imply too."""
        self._nodes += 1
        self.expect_members(self._nodes)

    def expect_members(self, members: int) -> None:
        """Refuse an announced number of members that is too large; counting goes on regardless."""
        if members > self._limits.entries:
            raise too_large(
                f"It has more than {self._limits.entries} files and folders. Leave out what the paper does not need, "
                "or pack folders of many small files into one file."
            )

    def expect_file(self, name: str, size_bytes: int) -> None:
        """Refuse the announced size of a file when it is too large; counting goes on regardless."""
        if size_bytes > self._limits.file_bytes:
            raise too_large(f"{shown(name)} is larger than {sized(self._limits.file_bytes)}, the most for one file.")

    def expect_content(self, size_bytes: int) -> None:
        """Refuse an announced size of all files together when it is too large; counting goes on regardless."""
        limits = self._limits
        if size_bytes > limits.unpacked_bytes:
            raise too_large(f"Unpacked it is larger than {sized(limits.unpacked_bytes)}, the most that is taken.")
        if size_bytes > limits.ratio_from_bytes and size_bytes > limits.ratio * self._archive_bytes:
            raise too_large(
                f"Its content is more than {limits.ratio} times larger than the archive. "
                "Leave out files that hold nearly nothing but repetition, or compress them on their own."
            )

    def count(self, size_bytes: int) -> None:
        """Count bytes that came out."""
        self._bytes += size_bytes
        self.expect_content(self._bytes)

    def extension(self, size_bytes: int) -> None:
        """Count bytes that describe members beyond their plain headers."""
        self._extension_bytes += size_bytes
        if self._extension_bytes > EXTENSIONS_BYTES:
            raise too_large(f"Its extended headers are larger than {sized(EXTENSIONS_BYTES)}. Pack without attributes.")

    def file(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces of one file, each counted before it is handed on."""
        file_bytes = 0
        for piece in pieces:
            file_bytes += len(piece)
            self.expect_file(name, file_bytes)
            self.count(len(piece))
            yield piece
