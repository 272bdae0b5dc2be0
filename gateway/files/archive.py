"""What a download of a compendium holds, in order, and the ETag of its bytes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from erc.gateway.files.packed import Packed
from erc.schemas.ids import Digest
from erc.schemas.workspace import Manifest

IMAGE = "image.tar"
MADE = ("erc.yml", "Dockerfile")
"""Files that a job makes where the workspace has none."""


def packed_files(
    workspace: Manifest, of_job: Manifest | None, image: tuple[Digest, int] | None, *, wants_image: bool
) -> list[Packed] | None:
    """Return the files of a download by their names; None when the image is wanted and there is none.

    `of_job` is the workspace as the newest job used it, `image` the blob of the saved image and its size in bytes.
    """
    entries = {entry.path: entry for entry in workspace.entries()}
    for name in MADE:
        if made := of_job.get(name) if of_job else None:
            entries.setdefault(name, made)
    its_own = entries.pop(IMAGE, None)
    files = [
        Packed(entry.path.encode("utf-8", "replace"), entry.size_bytes, entry.digest, entry.executable)
        for entry in entries.values()
    ]
    if wants_image:
        if image is None and its_own is None:
            return None
        digest, size = image or (its_own.digest, its_own.size_bytes)  # type: ignore[union-attr]
        files.append(Packed(IMAGE.encode(), size, digest))
    return sorted(files, key=lambda file: file.name)


def etag_of(kind: str, files: Sequence[Packed]) -> str:
    """Return the quoted ETag of an archive: equal for equal names, bytes and modes."""
    summary = hashlib.sha256(kind.encode())
    for file in files:
        content = file.content if isinstance(file.content, str) else hashlib.sha256(file.content).hexdigest()
        summary.update(b"\0".join((file.name, content.encode(), b"x" if file.executable else b"-", b"")))
    return f'"{summary.hexdigest()}"'
