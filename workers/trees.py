"""Materialised manifests: a workspace as a folder tree of hard links to blobs, made once, shared by all its jobs."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from erc.events.blobs import BlobStore
from erc.events.errors import Rejected, Unavailable
from erc.events.holding import held, holding
from erc.schemas.ids import Digest
from erc.schemas.workspace import Entry, Manifest
from erc.workers.owner import Owner

COPIES_SECONDS = 86_400.0
FILE_MODE, EXECUTABLE_MODE, FOLDER_MODE = 0o644, 0o755, 0o755

_SOMEBODY_WAS_FASTER = {errno.EEXIST, errno.ENOTEMPTY}
_NOT_LINKABLE = {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP}


class Trees:
    """Keeps materialised workspaces under one folder, best on the blob store's file system.

    Files and folders belong to the owner, so that a run that is this user can change them through a copy-on-write
    layer; no other user gets in, as the folder itself is for the service alone. All calls block.
    """

    def __init__(self, blobs: BlobStore, root: Path, owner: Owner) -> None:
        self._blobs, self._root, self._owner = blobs, root, owner
        self._executable = root / "executable"
        self._executable.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)

    def materialise(self, digest: Digest, manifest: Callable[[], Manifest], owner: Owner | None = None) -> Path:
        """Return the folder with the files of the workspace of this digest; `manifest` is asked for when it is new.

        A tree for another owner than the service's is a copy, as a link has the owner of its blob. Raises `Rejected`
        when a path cannot be used or a blob is missing, `Unavailable` when the disk is at fault.
        """
        if owner is not None and owner != self._owner:
            return _Copies(self._blobs, self._root, owner).materialise(f"{digest}-{owner.uid}", manifest)
        target = self._root / digest
        with contextlib.suppress(FileNotFoundError):
            os.utime(target)  # looks and marks the use in one call
            return target
        partial = self._root / f"{digest}.partial-{secrets.token_hex(8)}"
        try:
            self._make_folder(str(partial))
            with holding(partial):
                self._build(partial, manifest())
                partial.rename(target)
        except OSError as error:
            if error.errno in _SOMEBODY_WAS_FASTER:
                return target
            raise Unavailable(f"The workspace cannot be laid out: {error.strerror}") from error
        finally:
            if partial.exists():
                shutil.rmtree(partial)
        return target

    def _build(self, partial: Path, manifest: Manifest) -> None:
        base = str(partial)
        made = {""}
        for entry in manifest.entries():
            _check(entry.path)
            try:
                self._make_folders(base, entry.path, made)
                self._place(entry, f"{base}/{entry.path}")
            except (FileExistsError, NotADirectoryError) as error:
                raise _unusable(entry.path, "is both a file and a folder") from error
            except FileNotFoundError as error:
                detail = f"{entry.path!r} has no bytes named {entry.digest}."
                raise Rejected("A blob is missing", detail, code="blob_missing") from error

    def _make_folders(self, base: str, path: str, made: set[str]) -> None:
        folder = path.rpartition("/")[0]
        if folder in made:
            return
        self._make_folders(base, folder, made)
        self._make_folder(f"{base}/{folder}")
        made.add(folder)

    def _make_folder(self, folder: str) -> None:
        os.mkdir(folder)  # noqa: PTH102 - ten thousand times a call: text is cheaper than Path
        os.chmod(folder, FOLDER_MODE)  # noqa: PTH101
        self._own(folder, os.stat(folder).st_uid)  # noqa: PTH116

    def _place(self, entry: Entry, target: str) -> None:
        source = self._executable_variant(entry.digest) if entry.executable else self._blobs.path(entry.digest)
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NOT_LINKABLE:
                raise
            self._copy(source, Path(target), EXECUTABLE_MODE if entry.executable else FILE_MODE)
        self._own(target, os.stat(target).st_uid)  # noqa: PTH116

    def _executable_variant(self, digest: Digest) -> Path:
        kept = self._executable / digest
        if not kept.exists():
            partial = self._executable / f"{digest}.partial-{secrets.token_hex(8)}"
            try:
                self._copy(self._blobs.path(digest), partial, EXECUTABLE_MODE)
                # Not renamed: a rename over `kept` takes the inode away under somebody who links to it just then.
                with contextlib.suppress(FileExistsError):
                    os.link(partial, kept)
            finally:
                partial.unlink(missing_ok=True)
        return kept

    def _copy(self, source: Path, target: Path, mode: int) -> None:
        shutil.copyfile(source, target)
        target.chmod(mode)
        self._own(str(target), target.stat().st_uid)

    def _own(self, path: str, uid: int) -> None:
        if uid != self._owner.uid:
            os.chown(path, self._owner.uid, self._owner.gid)

    def sweep(self, keep: set[Digest], unused_since: float, left_since: float = 0.0) -> int:
        """Remove trees that nobody asked for since then (Unix time in seconds); return how many.

        `keep` holds the digests that running jobs use. Half a tree goes when it is older than `left_since` and no
        process holds it; a copy for another owner, which shares nothing, when nobody has asked for it for a day.
        """
        removed = 0
        for folder in self._root.iterdir():
            digest, _, partial = folder.name.partition(".")
            with contextlib.suppress(FileNotFoundError):
                changed = folder.stat().st_mtime
                left = bool(partial) and changed < left_since and not held(folder)
                since = max(unused_since, left_since - COPIES_SECONDS) if "-" in digest else unused_since
                if folder == self._executable or ((digest in keep or changed >= since) and not left):
                    continue
                doomed = folder if partial else folder.rename(f"{folder}.partial-{secrets.token_hex(8)}")
                shutil.rmtree(doomed)
                removed += 1
        for kept in self._executable.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = kept.stat()
                unlinked = status.st_nlink == 1 or ".partial-" in kept.name
                if unlinked and status.st_ctime < unused_since:
                    kept.unlink()
        return removed


class _Copies(Trees):
    """Trees for another owner: nothing in them is shared."""

    def _place(self, entry: Entry, target: str) -> None:
        mode = EXECUTABLE_MODE if entry.executable else FILE_MODE
        self._copy(self._blobs.path(entry.digest), Path(target), mode)


def _check(path: str) -> None:
    parts = path.split("/")
    if "" in parts or "." in parts or ".." in parts or "\0" in path:
        raise _unusable(path, "leads out of the workspace or is no plain relative path")


def _unusable(path: str, reason: str) -> Rejected:
    return Rejected("The workspace cannot be laid out", f"{path!r} {reason}. Rename it.", code="workspace_path")
