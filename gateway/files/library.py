"""What the routes look files up, make them smaller and inspect them with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erc.events.blobs import BlobStore, place_of
from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.gateway.files.checksums import Checksums
from erc.gateway.files.kept import Folder
from erc.gateway.files.manifests import Manifests
from erc.gateway.files.smaller import Smaller
from erc.gateway.inspecting.door import MOST_BYTES, READERS, inspected
from erc.schemas.ids import Digest

_MEMORY_MIB, _SECONDS, _AT_ONCE = 1536, 20.0, 2
_UNDERSTOOD = ["erc.gateway.files.pictures", "erc.gateway.inspecting.door", *sorted(set(READERS.values()))]


@dataclass(frozen=True)
class Inspected:
    """What a file holds: objects of {name, kind, shape, value}, and the names that were asked for and are not there."""

    objects: list[dict[str, Any]]
    missing: list[str]


class Library:
    """Everything about the bytes of a compendium but who may see them; hostile ones are read in limited children."""

    def __init__(self, blobs: BlobStore, home: Path) -> None:
        self._blobs = blobs
        self._reader = Limited(_UNDERSTOOD, _MEMORY_MIB, _SECONDS)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self.manifests = Manifests(blobs)
        self.checksums = Checksums(blobs)
        self.smaller = Smaller(blobs, Folder(home / "cache" / "pictures"), self._reader)

    async def inspected(self, digest: Digest, extension: str, names: Sequence[str], most_rows: int | None) -> Inspected:
        """Return what a binary file holds; raises Rejected when it cannot be read or asks too much."""
        async with self._places:
            path = await place_of(self._blobs, digest)
            said = await self._reader.read(MOST_BYTES, inspected, path, extension, names, most_rows)
        try:
            document = await asyncio.to_thread(json.loads, said)
            return Inspected([_object(one) for one in document["objects"]], [str(one) for one in document["missing"]])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Rejected(
                "Error loading objects", "The reader said nothing that can be read.", "unreadable"
            ) from error


def _object(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(said["name"]),
        "kind": str(said["kind"]),
        "shape": [int(one) for one in said["shape"]],
        "value": said["value"],
    }
