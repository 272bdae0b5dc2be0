"""Blobs as files: nothing half-written is ever there, and what killed processes left goes. The rest: test_blobs.py."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from erc.events.blobs import FileBlobStore


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")


def test_a_write_that_is_given_up_leaves_nothing(blobs: FileBlobStore, tmp_path: Path) -> None:
    with pytest.raises(KeyError), blobs.writer() as writer:
        writer.write(b"half")
        raise KeyError
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


def test_equal_bytes_written_at_once_are_kept_once(blobs: FileBlobStore, tmp_path: Path) -> None:
    threads = [threading.Thread(target=blobs.put, args=(b"same" * 1000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_old_partial_files_are_swept(blobs: FileBlobStore, tmp_path: Path) -> None:
    partial = tmp_path / "blobs" / "partial" / "left-by-a-kill"
    partial.write_bytes(b"x")
    assert blobs.sweep(3600, now=partial.stat().st_mtime + 60) == 0
    assert blobs.sweep(3600, now=partial.stat().st_mtime + 3601) == 1


WRITER = """
import sys, time
from pathlib import Path
from erc.events.blobs import FileBlobStore
with FileBlobStore(Path(sys.argv[1])).writer() as writer:
    writer.write(b"half")
    print("half", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_was_writing_is_swept_at_once_and_what_is_being_written_is_not(
    blobs: FileBlobStore, tmp_path: Path
) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "blobs"], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"half\n"
    (partial,) = (tmp_path / "blobs" / "partial").iterdir()
    later = partial.stat().st_mtime + 30
    with blobs.writer() as writer:
        writer.write(b"ours")
        assert blobs.sweep(20, now=later) == 0
        process.kill()
        process.wait()
        assert blobs.sweep(60, now=later) == 0
        assert blobs.sweep(20, now=later) == 1
        assert blobs.read(writer.commit()) == b"ours"
