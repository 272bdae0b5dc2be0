"""What tests of files share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore, read_manifest
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.extract import extract


@pytest.fixture
def accepted(tmp_path: Path) -> Callable[[bytes], dict[str, str]]:
    """Put an archive through the loader and return the digests of its files by their paths."""
    blobs = FileBlobStore(tmp_path / "loaded" / "blobs")

    def load(archive: bytes) -> dict[str, str]:
        found = extract(BlobPlace(tmp_path / "loaded"), blobs.put(archive), ArchiveLimits())
        return {entry.path: entry.digest for entry in read_manifest(blobs, found.manifest).entries()}

    return load
