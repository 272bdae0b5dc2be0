"""What a run writes: the job's own copy-on-write folder, and the files collected from it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from erc.events.blobs import CHUNK_BYTES, BlobStore
from erc.events.errors import Unavailable
from erc.schemas.workspace import Manifest
from erc.workers.executor.domain.collection import Collected, CollectLimits, Collector, Found, Kind, Unreadable
from erc.workers.executor.domain.run import Mechanism, Mount, Owner, overlay_options
from erc.workers.walk import Visit, walk

__all__ = ["CollectLimits", "JobFolders"]

_DEPTH = 64
_DEPTH_WATCHED = 200
_TOO_MUCH = 1 << 62
_OTHER_KINDS = {stat.S_IFLNK: Kind.LINK, stat.S_IFIFO: Kind.PIPE, stat.S_IFSOCK: Kind.SOCKET}
_INODE_BYTES = 4096
"""What a file counts at least: an empty one costs an inode."""
_PRACTICE = "practice"
_JOB_ID = re.compile(r"[0-9a-z-]{1,64}")


class JobFolders:
    """The folders that jobs write to, `<root>/<job id>`; on the file system of the materialised trees. Calls block."""

    def __init__(self, root: Path, owner: Owner) -> None:
        self.root, self._owner = root, owner
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)

    def create(
        self, job_id: str, layers: Sequence[PurePath], mechanism: Mechanism, owner: Owner | None = None
    ) -> Mount:
        """Make the folder of a job that starts from these layers of a tree (one, where it is copied).

        Raises `Unavailable` when the disk cannot be written.
        """
        owner = owner or self._owner
        folder = self._folder(job_id)
        try:
            folder.mkdir()
            if mechanism is Mechanism.COPY:
                return self._copy(Path(layers[0]), folder / "copy")
            for name in ("upper", "work"):
                (folder / name).mkdir()
                (folder / name).chmod(0o755)
                os.chown(folder / name, owner.uid, owner.gid)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"The folder of the job cannot be made: {error}") from error
        lower = ":".join(map(str, layers))
        folders = f"lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work"
        return Mount(f"erc-job-{job_id}", ",".join([folders, *_OVERLAY]))

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
        for visit in walk(copy if whole else self._folder(job_id) / "upper", _DEPTH):
            executable = bool(visit.status.st_mode & stat.S_IXUSR)
            kind = _kind(visit, tree if whole else None)
            pieces = functools.partial(_pieces, visit)
            collector.take(Found(visit.path, kind, visit.status.st_size, executable, pieces))
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
        return {folder.name: folder.stat().st_mtime for folder in self.root.iterdir()}

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
        return self.root / job_id


def _usage(top: Path) -> int:
    used, linked = 0, set()
    for visit in walk(top, _DEPTH_WATCHED):
        if visit.fault:
            return _TOO_MUCH
        if visit.status.st_nlink > 1 and not stat.S_ISDIR(visit.status.st_mode):
            if visit.status.st_ino in linked:
                continue
            linked.add(visit.status.st_ino)
        used += max(visit.status.st_blocks * 512, _INODE_BYTES)
    return used


def _kind(visit: Visit, tree: Path | None) -> Kind:
    """Say what a visit found in a layer, or in a changed copy of a tree."""
    mode = visit.status.st_mode
    if visit.fault:
        return Kind(visit.fault.value)
    if stat.S_ISDIR(mode):
        return Kind.REPLACED if _opaque(visit) else Kind.FOLDER
    if stat.S_ISREG(mode):
        return Kind.UNCHANGED if tree and _same(visit.status, tree, visit.path) else Kind.FILE
    if stat.S_ISCHR(mode) and visit.status.st_rdev == 0 and tree is None:
        return Kind.WHITEOUT
    return _OTHER_KINDS.get(stat.S_IFMT(mode), Kind.DEVICE)


def _opaque(visit: Visit) -> bool:
    # Only the superuser may read the second; on an old kernel others leave such deletions unlisted.
    with contextlib.suppress(OSError), visit.open(os.O_DIRECTORY) as folder:
        for attribute in ("user.overlay.opaque", "trusted.overlay.opaque"):
            with contextlib.suppress(OSError):
                if os.getxattr(folder, attribute) == b"y":
                    return True
    return False


@contextlib.contextmanager
def _pieces(visit: Visit) -> Iterator[Iterator[bytes]]:
    try:
        with visit.open() as descriptor:
            yield iter(lambda: os.read(descriptor, CHUNK_BYTES), b"")
    except PermissionError as error:
        raise Unreadable(error.strerror) from error


def _same(status: os.stat_result, tree: Path, path: str) -> bool:
    try:
        before = (tree / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (status.st_size, status.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


_OVERLAY = overlay_options(os.uname().release)
