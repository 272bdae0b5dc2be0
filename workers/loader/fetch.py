"""Fetches one commit of a git repository into the blob store; meant to run in a limited child process."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from erc.events import git_process
from erc.events.blob_place import BlobPlace
from erc.events.blobs import BlobStore
from erc.events.errors import Rejected, Unavailable
from erc.events.holding import held, holding
from erc.schemas.git_source import GitSource
from erc.schemas.ids import Digest
from erc.schemas.limits import ArchiveLimits
from erc.schemas.workspace import Manifest
from erc.workers.loader.domain import Extracted, unpack
from erc.workers.loader.extract import keep

FETCHING = "fetching"
"""The folder of fetches in the service's home."""
FORGOTTEN_SECONDS = 86_400.0
_ATTRIBUTES = "* -export-ignore -export-subst -text -eol -ident -filter -working-tree-encoding\n"
"""Files come as they lie in the repository, whatever its own `.gitattributes` say."""
_POINTER, _POINTER_BYTES, _POINTERS_READ = b"version https://git-lfs.github.com/spec/", range(100, 200), 2000


@dataclass(frozen=True)
class FetchLimits:
    """What one fetch may take."""

    seconds: float = 600.0
    pack_bytes: int = 2 << 30
    """How large the pack of the commit may be."""
    loopback: bool = False
    """Whether the repository may be on this machine, over http: for tests and development."""


def fetch(place: BlobPlace, source: Digest, limits: ArchiveLimits, fetching: FetchLimits) -> Extracted:
    """Fetch what the document `source` names and keep its files; raises Rejected with what the author can mend."""
    blobs = place.store()
    wanted = GitSource.model_validate_json(blobs.read(source, 1 << 16))
    with _folder(place.home / FETCHING) as folder:
        archive = _archived(wanted, folder, limits, fetching)
        with archive.open("rb") as file:
            unpacked = unpack(file, blobs.put, limits)
    _refuse_pointers(unpacked.manifest, blobs)
    return keep(unpacked, blobs)


def _archived(wanted: GitSource, folder: Path, limits: ArchiveLimits, fetching: FetchLimits) -> Path:
    """Return the tar of the wanted commit or folder."""
    common = git_process.options(wanted.url, loopback=fetching.loopback)
    deadline = time.monotonic() + fetching.seconds

    def ran(*verb: str, most: int = fetching.pack_bytes, output: int | None = None) -> CompletedProcess[bytes]:
        left = max(deadline - time.monotonic(), 0.1)
        return git_process.run([*common, *verb], folder, left, most, loopback=fetching.loopback, output=output)

    def git(*verb: str) -> str | None:
        done = ran(*verb)
        return None if done.returncode == 0 else done.stderr[-2000:].decode("utf-8", "replace")

    if git("init", "--quiet", "--bare", "--template=", ".") is not None:
        raise Unavailable("git cannot make a repository here")
    (folder / "info").mkdir()
    (folder / "info" / "attributes").write_text(_ATTRIBUTES, encoding="ascii")
    flags = ["--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"]
    said = git("fetch", *flags, "--", wanted.url, wanted.commit)
    if said is not None:
        raise _too_large(fetching) if _full(folder, fetching) else _not_fetched(wanted, said)
    tree = f"{wanted.commit}:{wanted.folder}" if wanted.folder else wanted.commit
    if wanted.folder and ran("cat-file", "-t", tree).stdout.strip() != b"tree":
        detail = f"There is no folder “{wanted.folder}” in it."
        raise Rejected(f"{wanted.named}#{wanted.folder} was not found", detail, code="not_found")
    target = folder / "workspace.tar"
    with target.open("wb") as file:
        if ran("archive", "--format=tar", tree, most=limits.unpacked_bytes, output=file.fileno()).returncode == 0:
            return target
    raise Rejected(f"{wanted.named} cannot be read", "Its commit is damaged or too large.", code="source_unreadable")


def _full(folder: Path, fetching: FetchLimits) -> bool:
    """Return whether the pack came to its limit, which ends git without a word."""
    packs = (folder / "objects" / "pack").glob("*")
    return any(pack.stat().st_size >= fetching.pack_bytes for pack in packs)


def _too_large(fetching: FetchLimits) -> Rejected:
    detail = f"Its files may take {fetching.pack_bytes >> 20} MiB packed. Upload the folder instead."
    return Rejected("The repository is too large", detail, code="source_too_large")


def _not_fetched(wanted: GitSource, said: str) -> Rejected | Unavailable:
    words = said.lower()
    if "not our ref" in words or "remote ref" in words:
        detail = "The repository no longer has this commit; its branch was changed meanwhile. Send it again."
        return Rejected(f"{wanted.named} was not found", detail, code="not_found")
    return git_process.failed(wanted.named, wanted.url, said)


def _refuse_pointers(manifest: Manifest, blobs: BlobStore) -> None:
    """Raise Rejected when Git LFS keeps files elsewhere: the workspace would lack them."""
    small = [entry for entry in manifest.entries() if entry.size_bytes in _POINTER_BYTES]
    for entry in small[:_POINTERS_READ]:
        if blobs.read(entry.digest).startswith(_POINTER):
            raise Rejected(
                "The repository keeps files in Git LFS",
                f"“{entry.path}” is only a pointer there. Upload the folder with the files themselves.",
                code="source_lfs",
            )


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[Path]:
    """Make a folder that is held, and gone afterwards."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as folder, holding(Path(folder)):
        yield Path(folder)


def sweep_fetches(home: Path, older_than_seconds: float, now: float) -> int:
    """Remove the folders of fetches that no process holds any more; return how many.

    Spares what was changed within so many seconds of `now` (Unix time). Where the file system knows no locks, those
    of yesterday go.
    """
    removed = 0
    for left in (home / FETCHING).glob("*"):
        with contextlib.suppress(FileNotFoundError):
            age = now - left.stat().st_mtime
            if age > older_than_seconds and (age > FORGOTTEN_SECONDS or not held(left)):
                shutil.rmtree(left)
                removed += 1
    return removed
