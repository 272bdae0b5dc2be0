"""What a packed bag holds: its files as the zip and its own manifests tell them, and their bytes. Calls block."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from erc.events.errors import Rejected

PIECE_BYTES = 256 << 10
PAYLOAD = "data/"
_MANIFESTS = ("manifest-sha256.txt", "tagmanifest-sha256.txt")
_MANIFEST_BYTES = 256 << 20


@dataclass(frozen=True)
class PackedFile:
    """A file of a bag: its path there, its size in bytes, and the SHA-256 that the bag's manifests give it, if any."""

    path: str
    size_bytes: int
    checksum: str | None

    @property
    def id(self) -> str:
        """What it is called in addresses: derived from its path, so that it stays the same."""
        return hashlib.sha256(self.path.encode()).hexdigest()[:32]

    def answers_to(self, name: str) -> bool:
        """Return whether somebody means it, by its id, its path or its checksum."""
        return name in {self.id, self.path, self.checksum}


def packed_files(package: Path) -> list[PackedFile]:
    """Return the files of a bag in their order; raises Rejected when it is damaged."""
    try:
        return _listed(package)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise Rejected("The package is damaged", "Ship the compendium once more.", "package_damaged") from error


def _listed(package: Path) -> list[PackedFile]:
    with zipfile.ZipFile(package) as archive:
        inner = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        checksums: dict[str, str] = {}
        for manifest in _MANIFESTS:
            if manifest in inner and inner[manifest].file_size <= _MANIFEST_BYTES:
                checksums |= dict(_lines(archive.read(inner[manifest]).decode(errors="replace")))
        return [PackedFile(path, info.file_size, checksums.get(path)) for path, info in inner.items()]


def _lines(manifest: str) -> Iterator[tuple[str, str]]:
    for line in manifest.split("\n"):
        checksum, _, path = line.partition("  ")
        if path:
            yield unquote(path) if "%" in path else path, checksum


def pieces(package: Path, path: str) -> Iterator[bytes]:
    """Yield the bytes of a file of a bag."""
    with zipfile.ZipFile(package) as archive:
        name = next(info for info in archive.infolist() if info.filename.partition("/")[2] == path)
        with archive.open(name) as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
