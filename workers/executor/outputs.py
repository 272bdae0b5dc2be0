"""What a run writes: the job's own copy-on-write folder, and the files collected from it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from erc.events.blobs import CHUNK_BYTES, BlobStore
from erc.events.errors import Unavailable
from erc.schemas.workspace import Manifest
from erc.workers.executor.domain import (
    Collected,
    CollectLimits,
    Collector,
    Found,
    Kind,
    Mechanism,
    Mount,
    Owner,
    Unreadable,
)

__all__ = ["CollectLimits", "JobFolders"]

_DEPTH = 64
_DEPTH_WATCHED = 200
_VISITS = 500_000
_TOO_MUCH = 1 << 62
_OTHER_KINDS = {stat.S_IFLNK: Kind.LINK, stat.S_IFIFO: Kind.PIPE, stat.S_IFSOCK: Kind.SOCKET}
_INODE_BYTES = 4096
"""What a file counts at least: an empty one costs an inode."""
_PRACTICE = "practice"
_JOB_ID = re.compile(r"[0-9a-z-]{1,64}")


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
        copy, collector = self._folder(job_id) / "copy", Collector(blobs, limits, original)
        whole = copy.exists()
        for visit in _walk(copy if whole else self._folder(job_id) / "upper", _DEPTH):
            executable = bool(visit.status.st_mode & stat.S_IXUSR)
            collector.take(Found(visit.path, _kind(visit, tree if whole else None), executable, visit.open))
        return collector.collected(whole=whole)

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


@dataclass(frozen=True)
class _Visit:
    """Something below a folder: its path there, its status, and the folder that holds it, as a descriptor."""

    path: str
    name: str
    holder: int
    status: os.stat_result
    fault: Kind | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Read the bytes in pieces, without following links or waiting for a writer."""
        try:
            descriptor = _open(self.name, self.holder, os.O_NONBLOCK)
        except OSError as error:
            raise Unreadable(error.strerror) from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            yield iter(lambda: file.read(CHUNK_BYTES), b"")


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
        fault = Kind.TOO_DEEP if deepest < 0 else Kind.TOO_MANY if budget[0] < 0 else None
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


def _kind(visit: _Visit, tree: Path | None) -> Kind:
    """Say what a visit found in a layer, or in a changed copy of a tree."""
    mode = visit.status.st_mode
    if visit.fault:
        return visit.fault
    if stat.S_ISDIR(mode):
        return Kind.REPLACED if _opaque(visit) else Kind.FOLDER
    if stat.S_ISREG(mode):
        return Kind.UNCHANGED if tree and _same(visit.status, tree, visit.path) else Kind.FILE
    if stat.S_ISCHR(mode) and visit.status.st_rdev == 0 and tree is None:
        return Kind.WHITEOUT
    return _OTHER_KINDS.get(stat.S_IFMT(mode), Kind.DEVICE)


def _opaque(visit: _Visit) -> bool:
    # Only the superuser may read this attribute; for others such deletions stay unlisted, which harms nobody.
    try:
        folder = _open(visit.name, visit.holder, os.O_DIRECTORY)
    except OSError:
        return False
    try:
        return os.getxattr(folder, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False
    finally:
        os.close(folder)


def _same(status: os.stat_result, tree: Path, path: str) -> bool:
    try:
        before = (tree / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (status.st_size, status.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
