"""The table of a workspace's files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from erc.events.blobs import BlobStore, read_manifest
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.schemas.workspace import Entry, Manifest

SHOWN = 200
"""How many files one page lists."""


@dataclass(frozen=True)
class Files:
    """The first files of a manifest, how many there are, and their size in all; `address` is where they are served."""

    address: str
    entries: list[Entry]
    count: int
    size_bytes: int

    @property
    def pages(self) -> str:
        """Where each file has a page of its own."""
        return self.address.removeprefix("/api/v1").removesuffix("/data") + "/files"

    @property
    def left(self) -> int:
        """How many files are not listed."""
        return self.count - len(self.entries)


async def files_of(blobs: BlobStore, digest: Digest | None, address: str) -> Files | None:
    """Return the files of a manifest; None when there is none or its bytes are gone."""
    if digest is None:
        return None
    try:
        manifest = await asyncio.to_thread(read_manifest, blobs, digest)
    except Rejected:
        return None
    return files(manifest, address)


def files(manifest: Manifest, address: str) -> Files:
    """Return the files of a manifest."""
    entries: list[Any] = manifest.entries()
    return Files(address, entries[:SHOWN], len(entries), manifest.size_bytes)
