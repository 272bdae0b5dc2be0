from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker import compare_files
from erc.workers.checker.compare_files import CheckRequest, check_files


def kept(blobs: FileBlobStore, files: dict[str, bytes]) -> str:
    entries = [Entry(path=path, digest=blobs.put(content), size_bytes=len(content)) for path, content in files.items()]
    return blobs.put(Manifest(entries).document())


def request(folder: Path, published: dict[str, bytes], made: dict[str, bytes], display: str) -> CheckRequest:
    blobs = FileBlobStore(folder / "blobs")
    return CheckRequest(BlobPlace(folder), kept(blobs, published), kept(blobs, made), display)


async def test_a_limited_child_compares_and_keeps_the_page(tmp_path: Path) -> None:
    asked = request(tmp_path, {"a/d.html": b"<p>4.2</p>", "main.R": b""}, {"a/d.html": b"<p>4.3</p>"}, "a/d.html")
    report = await Limited(["erc.workers.checker.compare_files"]).call(check_files, asked)
    assert report.verdict == "differs"
    assert report.html is not None
    assert b"<del>4.2</del>" in FileBlobStore(tmp_path / "blobs").read(report.html)


def test_a_linked_figure_counts_only_when_the_run_made_it(tmp_path: Path) -> None:
    page = b'<p>x</p><img src="a.bin" alt="rain">'
    both = {"d.html": page, "a.bin": b"12"}
    assert check_files(request(tmp_path, both, both, "d.html")).verdict == "reproduced"
    report = check_files(request(tmp_path, both, {"d.html": page}, "d.html"))
    assert report.reason == "Figure 1 (rain) was not made by this run, although the display links it."


def test_a_display_on_one_side_only_is_a_failure(tmp_path: Path) -> None:
    files = {"d.html": b"<p>x</p>"}
    assert check_files(request(tmp_path, files, {}, "d.html")).reason.startswith("No display was made")
    assert check_files(request(tmp_path, {}, files, "d.html")).reason.startswith("There is no published display")


def test_files_too_large_to_read_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_files, "DISPLAY_BYTES", 10)
    asked = request(tmp_path, {"d.html": b"<p>0123456789</p>"}, {"d.html": b"<p>1</p>"}, "d.html")
    assert check_files(asked).comparisons[0].outcome == "uncompared"


def test_a_manifest_that_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    broken = FileBlobStore(tmp_path / "blobs").put(b"{")
    with pytest.raises(Rejected, match="cannot be read"):
        check_files(CheckRequest(BlobPlace(tmp_path), broken, broken, "d.html"))


async def test_a_picture_that_claims_to_be_huge_fits_into_little_memory(tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 999)), (b"IEND", b""))
    )
    asked = request(tmp_path, {"d.png": bomb}, {"d.png": bomb + b"\0"}, "d.png")
    report = await Limited(["erc.workers.checker.compare_files"], memory_mib=512).call(check_files, asked)
    assert report.comparisons[0].outcome == "uncompared"
    assert "too large to compare" in report.reason
