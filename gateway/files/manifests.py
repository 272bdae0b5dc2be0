"""Manifests that were read lately, and lists of files made from them: a digest never means anything else."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from erc.events.blobs import BlobStore, read_manifest
from erc.gateway.files.tree import file_tree
from erc.schemas.ids import Digest
from erc.schemas.workspace import Manifest

K = TypeVar("K")
V = TypeVar("V")

MOST_ENTRIES = 400_000
MOST_TREE_BYTES = 64 << 20


class Manifests:
    """Reads manifests from the blob store, once each while there is room: so many files in all are kept."""

    def __init__(self, blobs: BlobStore, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_TREE_BYTES) -> None:
        self._blobs = blobs
        self._kept = Kept[Digest, Manifest](most_entries, len)
        self._trees = Kept[tuple[Digest, str], bytes](most_bytes, len)

    async def of(self, digest: Digest) -> Manifest:
        """Return the manifest; raises Rejected when it cannot be read."""
        found = self._kept.get(digest)
        if found is None:
            found = await asyncio.to_thread(read_manifest, self._blobs, digest)
            self._kept.put(digest, found)
        return found

    async def tree(self, digest: Digest, address: str, name: str) -> bytes:
        """Return the tree of files as JSON; `address` is where they are served. Raises Rejected as `of`."""
        found = self._trees.get((digest, address))
        if found is None:
            manifest = await self.of(digest)
            found = await asyncio.to_thread(_tree, address, name, manifest)
            self._trees.put((digest, address), found)
        return found


def with_files(document: dict[str, Any], tree: bytes | None) -> bytes:
    """Return a document as JSON with a tree of files put in; without one it says that they are missing."""
    if tree is None:
        return json.dumps(document | {"filesMissing": True}, ensure_ascii=False, separators=(",", ":")).encode()
    said = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b'%b,"files":%b}' % (said[:-1], tree)


def _tree(address: str, name: str, manifest: Manifest) -> bytes:
    return json.dumps(file_tree(address, name, manifest), ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


class Kept(Generic[K, V]):
    """The things asked for last, as many as weigh no more than `most` together."""

    def __init__(self, most: int, weight: Callable[[V], int]) -> None:
        self._most, self._weight, self._all = most, weight, 0
        self._things: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._things:
            self._things.move_to_end(key)
        return self._things.get(key)

    def put(self, key: K, thing: V) -> None:
        weight = self._weight(thing)
        if key in self._things or weight > self._most:
            return
        self._things[key] = thing
        self._all += weight
        while self._all > self._most:
            _, old = self._things.popitem(last=False)
            self._all -= self._weight(old)
