"""A workspace is a value: the manifest of its files, itself a blob."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, NonNegativeInt, TypeAdapter

from erc.schemas.ids import Digest


class Entry(BaseModel):
    """One file of a workspace: relative POSIX path, digest of its bytes, size in bytes, executable or not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    digest: Digest
    size_bytes: NonNegativeInt
    executable: bool = False
    media_type: str = "application/octet-stream"


_ENTRIES = TypeAdapter(list[Entry])


class Manifest:
    """The files of a workspace, ordered by path; two equal workspaces have equal manifests and digests."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path)}

    @classmethod
    def parse(cls, document: bytes) -> Manifest:
        """Read a manifest's document; raises ValueError when it is none."""
        return cls(_ENTRIES.validate_json(document))

    def document(self) -> bytes:
        """Return the canonical JSON bytes, whose SHA-256 is the manifest's digest."""
        return _ENTRIES.dump_json(list(self._entries.values()))

    @property
    def digest(self) -> Digest:
        """The SHA-256 of the canonical document."""
        return hashlib.sha256(self.document()).hexdigest()

    @property
    def size_bytes(self) -> int:
        """The sum of the files' sizes."""
        return sum(entry.size_bytes for entry in self._entries.values())

    def entries(self) -> list[Entry]:
        """Return the files, ordered by path."""
        return list(self._entries.values())

    def get(self, path: str) -> Entry | None:
        """Return the file of this path, or None."""
        return self._entries.get(path)

    def without(self, paths: Iterable[str]) -> Manifest:
        """Return the workspace without these files."""
        hidden = set(paths)
        return Manifest(entry for entry in self._entries.values() if entry.path not in hidden)

    def with_entries(self, entries: Iterable[Entry]) -> Manifest:
        """Return the workspace with these files put over those of the same path."""
        return Manifest([*self._entries.values(), *entries])

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifest) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self.digest)
