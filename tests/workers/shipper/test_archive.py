"""Bags are written as zips; nobody waits, nothing stays."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from erc.events.blobs import FileBlobStore
from erc.workers.shipper.archive import Stopped, write_zip
from erc.workers.shipper.domain import BagFile


def test_a_zip_that_nobody_waits_for_any_more_is_left_off_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    digest = blobs.put(bytes(8 << 20))
    files = [BagFile(path=f"data/{number}", digest=digest, size_bytes=8 << 20) for number in range(4)]
    for asked in (0, 3):
        count = itertools.count()
        with pytest.raises(Stopped):
            write_zip(blobs, "bag", files, lambda count=count, asked=asked: next(count) >= asked)  # type: ignore[misc]
    assert list((tmp_path / "partial").iterdir()) == []
    assert len([path for path in (tmp_path / "sha256").rglob("*") if path.is_file()]) == 1
