"""Asks the workers what environment a workspace would need; nothing is built, no compendium is made."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable

from erc.events.asking import DESCRIBE, PLAN, Asking
from erc.events.blobs import BlobStore
from erc.gateway.documents.plan import FileSeen
from erc.gateway.errors import Refused
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.media import media_type
from erc.schemas.workspace import Entry, Manifest

SECONDS = 30.0
"""How long each of the two workers may take."""
MOST_TEXTS = 2000
"""How many texts of files are kept for a plan."""
_EMPTY = hashlib.sha256(b"").hexdigest()


async def planned(blobs: BlobStore, asking: Asking, files: Iterable[FileSeen]) -> Plan:
    """Return the plan for the files of a workspace. Raises Refused, Rejected with the fault, or Unavailable."""
    manifest = await asyncio.to_thread(_kept, blobs, files)
    description = await asking.ask(DESCRIBE, {"manifest": manifest}, SECONDS)
    digest = await asking.ask(PLAN, {"manifest": manifest, "description": description}, SECONDS)
    return await read_plan(blobs, digest)


async def read_plan(blobs: BlobStore, digest: Digest) -> Plan:
    """Return a plan that is kept; raises Rejected when it is not there any more."""
    return Plan.model_validate_json(await asyncio.to_thread(blobs.read, digest))


def _kept(blobs: BlobStore, files: Iterable[FileSeen]) -> Digest:
    """Keep what was sent; a file without its text stands there as an empty one of its size."""
    files = list(files)
    if sum(bool(file.text) for file in files) > MOST_TEXTS:
        raise Refused(400, "Too many texts were sent", f"Send at most {MOST_TEXTS} of them.")
    blobs.put(b"")
    seen: dict[str, Entry] = {}
    for file in files:
        if not _is_path(file.path) or file.path in seen:
            raise Refused(400, "The request cannot be read", f"{file.path[:200]!r} is no path, or there twice.")
        data = _encoded(file)
        seen[file.path] = Entry(
            path=file.path,
            digest=blobs.put(data) if data else _EMPTY,
            size_bytes=file.size_bytes if file.text is None else len(data),
            media_type=media_type(file.path),
        )
    return blobs.put(Manifest(seen.values()).document())


def _encoded(file: FileSeen) -> bytes:
    try:
        return (file.text or "").encode()
    except UnicodeEncodeError as error:
        raise Refused(400, "The body holds what is no text", "Half a surrogate pair is none.") from error


def _is_path(path: str) -> bool:
    parts = path.split("/")
    return path.isprintable() and not any(part in {"", ".", ".."} for part in parts)
