"""What a run left is kept within its limits, whatever it pretends to be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from erc.events.blobs import FileBlobStore
from erc.schemas.workspace import Manifest
from erc.workers.executor.domain import CollectLimits, Collector, Found, Kind


class Files:
    """Files full of zeros, and how many bytes of them were read."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def found(self, path: str, size_bytes: int) -> Found:
        @contextlib.contextmanager
        def pieces() -> Iterator[Iterator[bytes]]:
            def reading() -> Iterator[bytes]:
                for begin in range(0, size_bytes, 100):
                    piece = bytes(min(100, size_bytes - begin))
                    self.read_bytes += len(piece)
                    yield piece

            yield reading()

        return Found(path, Kind.FILE, size_bytes, executable=False, open=pieces)


def test_files_of_holes_are_not_read_when_they_cannot_be_kept(tmp_path: Path) -> None:
    files, collector = Files(), Collector(FileBlobStore(tmp_path), CollectLimits(size_bytes=5000), Manifest([]))

    for number in range(100):
        collector.take(files.found(f"hole{number}", 3000))

    collected = collector.collected(whole=False)
    assert [entry.path for entry in collected.made.entries()] == ["hole0"]
    assert files.read_bytes == 3000
    assert collected.notes[0] == "'hole1' is too large, 5000 bytes are kept in all."


def test_a_file_that_is_larger_than_it_said_is_not_kept(tmp_path: Path) -> None:
    files, collector = Files(), Collector(FileBlobStore(tmp_path), CollectLimits(size_bytes=500), Manifest([]))
    grown = files.found("grown", 1000)

    collector.take(Found("grown", Kind.FILE, 10, executable=False, open=grown.open))

    assert len(collector.collected(whole=False).made) == 0
    assert files.read_bytes <= 600
