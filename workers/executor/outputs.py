"""What a run writes: the job's own copy-on-write folder, and the files collected from it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from erc.events.blobs import CHUNK_BYTES, BlobStore
from erc.events.errors import Unavailable
from erc.schemas.media import media_type
from erc.schemas.workspace import Entry, Manifest
from erc.workers.executor.domain import Mechanism, Mount, Owner

_DEPTH = 64
_DEPTH_WATCHED = 200
_PATH_BYTES = 1024
_VISITS = 500_000
_TOO_MUCH = 1 << 62
_INODE_BYTES = 4096
"""What a file counts at least: an empty one costs an inode."""
_NOTES = 50
_PRACTICE = "practice"
_JOB_ID = re.compile(r"[0-9a-z-]{1,64}")


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


class JobFolders:
    """The folders that jobs write to, `<root>/<job id>`; on the file system of the materialised trees. Calls block."""

    def __init__(self, root: Path, owner: Owner) -> None:
        self._root, self._owner = root, owner
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)

    @property
    def root(self) -> Path:
        """Where all of them lie."""
        return self._root

    def create(self, job_id: str, tree: Path, mechanism: Mechanism) -> Mount:
        """Make the folder of a job that starts from this tree; raises `Unavailable` when the disk cannot be written."""
        folder = self._folder(job_id)
        try:
            folder.mkdir()
            if mechanism is Mechanism.COPY:
                return self._copy(tree, folder / "copy")
            for name in ("upper", "work"):
                (folder / name).mkdir()
                (folder / name).chmod(0o755)
                os.chown(folder / name, self._owner.uid, self._owner.gid)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"The folder of the job cannot be made: {error}") from error
        # Without the last two the upper layer would refer to the lower one instead of holding what was changed.
        overlay = f"lowerdir={tree},upperdir={folder}/upper,workdir={folder}/work,redirect_dir=off,metacopy=off"
        return Mount(f"erc-job-{job_id}", overlay)

    def _copy(self, tree: Path, target: Path) -> Mount:
        subprocess.run(
            ["cp", "--archive", "--reflink=auto", "--no-target-directory", "--", tree, target],
            check=True,
            capture_output=True,
        )
        return Mount(str(target))

    def used_bytes(self, job_id: str, tree: Path) -> int:
        """Return how much the job has written, as the disk counts it, while it may still be writing.

        Folders too deep and files too many to be counted count as more than any limit.
        """
        folder = self._folder(job_id)
        if (folder / "copy").exists():
            return max(0, _usage(folder / "copy") - _usage(tree))
        return _usage(folder / "upper")

    def collect(
        self, job_id: str, tree: Path, original: Manifest, blobs: BlobStore, limits: CollectLimits
    ) -> Collected:
        """Keep what the ended job made or changed of its workspace as blobs; only regular files, within the limits."""
        folder = self._folder(job_id)
        collector = _Collector(blobs, limits, original)
        if (folder / "copy").exists():
            collector.collect(folder / "copy", tree)
        else:
            collector.collect(folder / "upper", None)
        return collector.collected()

    def remove(self, job_id: str) -> None:
        """Remove the folder of a job; nothing happens when there is none."""
        folder = self._folder(job_id)
        if folder.exists():
            # These two descend as deep as a run may have built; shutil.rmtree does not.
            subprocess.run(["chmod", "-R", "u+rwX", "--", folder], check=False, capture_output=True)
            subprocess.run(["rm", "-rf", "--one-file-system", "--", folder], check=False, capture_output=True)

    def jobs(self) -> dict[str, float]:
        """Return the ids of the jobs that have a folder, and when it was made (Unix time in seconds)."""
        return {folder.name: folder.stat().st_mtime for folder in self._root.iterdir()}

    def practice(self, job_id: str) -> Path:
        """Make a tree to try a mechanism on, under the id of a job: one file, named `practice`."""
        tree = self._folder(job_id)
        tree.mkdir(mode=0o755)
        (tree / _PRACTICE).write_bytes(b"old")
        (tree / _PRACTICE).chmod(0o644)
        for path in (tree, tree / _PRACTICE):
            os.chown(path, self._owner.uid, self._owner.gid)
        return tree

    def practised(self, job_id: str, tree: Path) -> bool:
        """Return whether a run that overwrote the file `practice` is seen here, and the tree is as it was."""
        changed = [self._folder(job_id) / layer / _PRACTICE for layer in ("upper", "copy")]
        seen = [path.read_bytes() for path in changed if path.exists()]
        return seen == [b"changed\n"] and (tree / _PRACTICE).read_bytes() == b"old"

    def _folder(self, job_id: str) -> Path:
        if not _JOB_ID.fullmatch(job_id):
            raise ValueError(f"{job_id!r} is no id of a job")
        return self._root / job_id


@dataclass
class _Collector:
    blobs: BlobStore
    limits: CollectLimits
    original: Manifest
    entries: list[Entry] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    left_bytes: int = 0

    def collect(self, written: Path, tree: Path | None) -> None:
        """Take what was written; with a tree, `written` is a changed copy of it, else a layer over it."""
        self.left_bytes = self.limits.size_bytes
        for visit in _walk(written, _DEPTH):
            self._take(visit, tree)
        if tree is not None:
            self.gone.update(entry.path for entry in self.original.entries() if entry.path not in self.seen)

    def _take(self, visit: _Visit, tree: Path | None) -> None:
        path, mode = visit.path, visit.status.st_mode
        self.seen.add(path)
        if visit.fault:
            self._skip(f"{_shown(path)} {visit.fault}")
        elif stat.S_ISDIR(mode):
            self._look_for_replaced(visit)
        elif stat.S_ISCHR(mode) and visit.status.st_rdev == 0 and tree is None:
            self._whiteout(path)
        elif not stat.S_ISREG(mode):
            self._skip(f"{_shown(path)} is {_kind(mode)}, only regular files are kept")
        elif _no_name(path):
            self._skip(f"{_shown(path)} has a name that cannot be kept")
        elif tree is None or _differs(visit.status, tree / path):
            self._keep(visit)

    def _keep(self, visit: _Visit) -> None:
        if len(self.entries) >= self.limits.files:
            self._skip(f"{_shown(visit.path)} is one too many, at most {self.limits.files} files are kept")
            return
        try:
            with visit.open() as descriptor, self.blobs.writer() as writer:
                while piece := os.read(descriptor, min(CHUNK_BYTES, self.left_bytes - writer.size_bytes + 1)):
                    writer.write(piece)
                    if writer.size_bytes > self.left_bytes:
                        self._skip(f"{_shown(visit.path)} is too large, {self.limits.size_bytes} bytes are kept in all")
                        return
                digest = writer.commit()
                self.left_bytes -= writer.size_bytes
        except _Unreadable as error:
            self._skip(f"{_shown(visit.path)} cannot be read: {error}")
            return
        self.entries.append(
            Entry(
                path=visit.path,
                digest=digest,
                size_bytes=writer.size_bytes,
                executable=bool(visit.status.st_mode & stat.S_IXUSR),
                media_type=media_type(visit.path),
            )
        )

    def _whiteout(self, path: str) -> None:
        self.gone.update(e.path for e in self.original.entries() if e.path == path or e.path.startswith(f"{path}/"))

    def _look_for_replaced(self, visit: _Visit) -> None:
        # Only the superuser may read this attribute; without it such deletions stay unlisted, which harms nobody.
        with contextlib.suppress(OSError, _Unreadable), visit.open() as descriptor:
            if os.getxattr(descriptor, "trusted.overlay.opaque") == b"y":
                self._whiteout(visit.path)

    def _skip(self, note: str) -> None:
        self.skipped += 1
        if len(self.notes) < _NOTES:
            self.notes.append(f"{note}.")

    def collected(self) -> Collected:
        """Return everything taken."""
        made = Manifest(self.entries)
        notes = self.notes[:]
        if self.skipped > len(notes):
            notes.append(f"{self.skipped - len(notes)} more were not kept.")
        return Collected(made, sorted(path for path in self.gone if path not in made), notes)


class _Unreadable(Exception):  # noqa: N818
    pass


@dataclass(frozen=True)
class _Visit:
    """Something below a folder: its path there, its status, and the folder that holds it, as a descriptor."""

    path: str
    name: str
    holder: int
    status: os.stat_result
    fault: str = ""

    @contextlib.contextmanager
    def open(self) -> Iterator[int]:
        """Open for reading without following links or waiting for a writer."""
        try:
            descriptor = _open(self.name, self.holder, os.O_NONBLOCK)
        except OSError as error:
            raise _Unreadable(error.strerror) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _open(name: str, holder: int, flags: int) -> int:
    flags |= os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=holder)
    except PermissionError:
        # Ours, but made unreadable by the run: the bare handle needs no permission and cannot be a link.
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=holder)
        try:
            os.chmod(f"/proc/self/fd/{handle}", 0o700)  # noqa: PTH101
        finally:
            os.close(handle)
        return os.open(name, flags, dir_fd=holder)


def _walk(top: Path, deepest: int) -> Iterator[_Visit]:
    """Visit everything below a folder by descriptors, in order; what is too deep, too long or too much has a fault."""
    budget = [_VISITS]
    root = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield from _walk_folder(root, "", deepest, budget)
    finally:
        os.close(root)


def _walk_folder(holder: int, prefix: str, deepest: int, budget: list[int]) -> Iterator[_Visit]:
    with os.scandir(holder) as found:
        names = sorted(item.name for item, _ in zip(found, range(budget[0] + 1), strict=False))
    for name in names:
        budget[0] -= 1
        try:
            status = os.stat(name, dir_fd=holder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        path = f"{prefix}{name}"
        fault = "lies too deep" if deepest < 0 else "is one too many to look at" if budget[0] < 0 else ""
        yield _Visit(path, name, holder, status, fault)
        if not fault and stat.S_ISDIR(status.st_mode):
            yield from _walk_into(holder, name, f"{path}/", deepest - 1, budget)


def _walk_into(holder: int, name: str, prefix: str, deepest: int, budget: list[int]) -> Iterator[_Visit]:
    try:
        inner = _open(name, holder, os.O_DIRECTORY)
    except OSError:
        return  # it has vanished, or is no folder any more: the run may be going on
    try:
        yield from _walk_folder(inner, prefix, deepest, budget)
    finally:
        os.close(inner)


def _usage(top: Path) -> int:
    used, linked = 0, set()
    for visit in _walk(top, _DEPTH_WATCHED):
        if visit.fault:
            return _TOO_MUCH
        if visit.status.st_nlink > 1 and not stat.S_ISDIR(visit.status.st_mode):
            if visit.status.st_ino in linked:
                continue
            linked.add(visit.status.st_ino)
        used += max(visit.status.st_blocks * 512, _INODE_BYTES)
    return used


def _differs(status: os.stat_result, original: Path) -> bool:
    try:
        before = original.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    return (status.st_size, status.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _no_name(path: str) -> bool:
    return not path.isprintable() or len(os.fsencode(path)) > _PATH_BYTES


def _shown(path: str) -> str:
    return repr(path if len(path) <= 200 else f"{path[:200]}…")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
