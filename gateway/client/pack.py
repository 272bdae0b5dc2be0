"""Packs a folder as a tar archive while it is sent: nothing is written anywhere, equal folders give equal bytes."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.ignore import IGNORE_FILE, Ignored
from erc.schemas.problem import Problem

MOMENT = 315_532_800
"""The time that every file gets: 1980-01-01, the earliest that a zip can hold too."""
PIECE_BYTES = 1 << 18
_END = bytes(2 * tarfile.BLOCKSIZE)
_JUNCTION = 0xA0000003
"""How Windows marks a folder that is a link."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class _Member:
    """A file or folder as it was found; `size_bytes` is 0 for a folder."""

    path: str
    source: Path
    size_bytes: int
    folder: bool
    executable: bool

    def header(self) -> bytes:
        """Return the blocks before its content."""
        info = tarfile.TarInfo(self.path)
        info.type = tarfile.DIRTYPE if self.folder else tarfile.REGTYPE
        info.size, info.mtime = self.size_bytes, MOMENT
        info.mode = 0o755 if self.folder or self.executable else 0o644
        return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")

    @property
    def padding_bytes(self) -> int:
        """How many zero bytes follow the content."""
        return -self.size_bytes % tarfile.BLOCKSIZE


class Packed:
    """A folder to be sent: what is in it, found once, with the exact size of the archive in bytes."""

    def __init__(self, folder: Path) -> None:
        """Look through the folder; raises ClientError with what cannot be packed."""
        self._members = list(_members(folder))
        if all(member.folder for member in self._members):
            raise _refused("pack_empty", f"There is no file in {folder}", "Name the folder that holds the analysis.")
        self.files = sum(not member.folder for member in self._members)
        self.size_bytes = len(_END) + sum(
            len(member.header()) + member.size_bytes + member.padding_bytes for member in self._members
        )

    def entries(self) -> list[tuple[str, Path, int]]:
        """Return the path of each file in the archive, where it lies, and its size in bytes."""
        return [(member.path, member.source, member.size_bytes) for member in self._members if not member.folder]

    def pieces(self) -> Iterator[bytes]:
        """Yield the archive; raises ClientError when a file is not what it was when the folder was looked through."""
        for member in self._members:
            yield member.header()
            if not member.folder:
                yield from _content(member)
                yield bytes(member.padding_bytes)
        yield _END


class Reader(io.RawIOBase):
    """The archive as a file that can be read once from its beginning; tells `progress` how many bytes were read.

    It knows its length, so that the upload can announce it.
    """

    def __init__(self, pieces: Iterator[bytes], size_bytes: int, progress: Callable[[int], None]) -> None:
        super().__init__()
        self._pieces, self._size, self._progress = pieces, size_bytes, progress
        self._rest = memoryview(b"")
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Only look at the end and come back: the archive is made while it is read."""
        if whence == os.SEEK_END and offset == 0:
            return self._size
        if whence == os.SEEK_SET and offset == self._place:
            return offset
        raise io.UnsupportedOperation("an archive that is made while it is read cannot be read again")

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        target = memoryview(buffer)
        done = 0
        while done < len(target) and self._fill():
            piece = self._rest[: len(target) - done]
            target[done : done + len(piece)] = piece
            self._rest = self._rest[len(piece) :]
            done += len(piece)
        self._place += done
        self._progress(done)
        return done

    def _fill(self) -> bool:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._rest = memoryview(piece)
        return True


def file_pieces(file: Path) -> tuple[Iterator[bytes], int]:
    """Return the pieces of an archive that is there already, and its size in bytes; raises ClientError."""
    try:
        status = file.stat()
    except OSError as error:
        raise _unreadable(str(file), error) from error
    if not stat.S_ISREG(status.st_mode):
        raise _refused("pack_special", f"“{file}” is neither a file nor a folder", "Name an archive or a folder.")
    member = _Member(str(file), file.resolve(), status.st_size, folder=False, executable=False)
    return _content(member), status.st_size


def _members(folder: Path) -> Iterator[_Member]:
    try:
        ignored = Ignored((folder / IGNORE_FILE).read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        ignored = Ignored([])
    except (OSError, ValueError) as error:
        raise _refused("pack_ignore", f"{IGNORE_FILE} cannot be read", str(error)) from error
    yield from _within(folder, "", ignored)


def _within(folder: Path, above: str, ignored: Ignored) -> Iterator[_Member]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(above or str(folder), error) from error
    for entry in entries:
        path = f"{above}{entry.name}"
        if ignored(path, folder=entry.is_dir(follow_symlinks=False)):
            continue
        member = _member(entry, path)
        yield member
        if member.folder:
            yield from _within(Path(entry.path), f"{path}/", ignored)


def _member(entry: os.DirEntry[str], path: str) -> _Member:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode(errors="backslashreplace").decode()
        raise _refused("pack_name", f"The name “{shown}” is not written in UTF-8", "Rename it.") from error
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        raise _unreadable(path, error) from error
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION:
        raise _refused("pack_link", f"“{path}” is a link", f"Put the file itself in its place, or {_leave_out(path)}")
    if stat.S_ISDIR(status.st_mode):
        return _Member(path, Path(entry.path), 0, folder=True, executable=False)
    if stat.S_ISREG(status.st_mode):
        executable = bool(status.st_mode & stat.S_IXUSR) and os.name == "posix"
        return _Member(path, Path(entry.path), status.st_size, folder=False, executable=executable)
    raise _refused("pack_special", f"“{path}” is neither a file nor a folder", f"Remove it, or {_leave_out(path)}")


def _leave_out(path: str) -> str:
    return f"leave it out by this line in {IGNORE_FILE}: /{path}"


def _content(member: _Member) -> Iterator[bytes]:
    left = member.size_bytes
    try:
        with os.fdopen(os.open(member.source, os.O_RDONLY | _NO_LINKS), "rb", buffering=0) as file:
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece
            grown = file.read(1)
    except OSError as error:
        raise _unreadable(member.path, error) from error
    if left or grown:
        raise _refused(
            "pack_changed", f"“{member.path}” changed while it was sent", "Try again when nothing writes to it."
        )


def _unreadable(path: str, error: OSError) -> ClientError:
    return _refused("pack_unreadable", f"“{path}” cannot be read", f"{error.strerror}. Make it readable.")


def _refused(code: str, title: str, detail: str) -> ClientError:
    return ClientError(Problem(code=code, title=title, detail=detail), ExitCode.FAILED)
