from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import arro3.core
import arro3.io
import pytest
from support.crashing import Crashing

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.events.limited import Limited
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker import compare_files
from erc.workers.checker.compare_files import CheckRequest, check_files
from erc.workers.checker.domain import Named, claims, file_rows, read_rules


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


def beside(folder: Path, apart: Crashing) -> list[Named]:
    """Compare three files that the run wrote over published ones, in a place apart."""
    blobs = FileBlobStore(folder / "blobs")
    sides = [
        Manifest([Entry(path=f"{name}.json", digest=blobs.put(b"[%d]" % value), size_bytes=3) for name in "abc"])
        for value in (1, 2)
    ]
    found = claims(sides[0], sides[1], "d.html", read_rules(b"", b""))
    return file_rows(found, lambda one: blobs.read(one.digest), lambda one: blobs.open(one.digest), (), apart)


def test_a_file_that_ends_its_reader_is_lost_alone(tmp_path: Path) -> None:
    rows = beside(tmp_path, Crashing({2}))
    assert [row.compared.outcome for row in rows] == ["different", "uncompared", "different"]
    assert rows[1].sentence == (
        "b.json could not be compared: its reader crashed or ran out of memory; it may be damaged."
    )


def test_the_time_of_a_check_is_not_lost_with_one_file(tmp_path: Path) -> None:
    asked = request(
        tmp_path,
        {"d.html": b"<p>4.2</p>", "a.csv": b"a\n1\n"},
        {"d.html": b"<p>4.2</p> ", "a.csv": b"a\n2\n"},
        "d.html",
    )
    report = check_files(replace(asked, seconds=0))
    assert [row.outcome for row in report.comparisons] == ["uncompared", "uncompared"]
    assert report.verdict == "not comparable"
    assert "the time for all files is used up" in report.reason


def test_a_display_and_a_figure_that_end_their_reader_are_not_compared(checked: Callable[..., Any]) -> None:
    for display in ("d.pdf", "d.txt", "d.html"):
        content = b"%PDF-1.4" if display == "d.pdf" else b"<p>x</p>"
        found = checked(content + b"1", content + b"2", display, apart=Crashing({1}))
        assert found.verdict == "not comparable"
        assert "its reader crashed" in found.reason
    page = "<p>{}</p><img src='a.png' alt='rain'>"
    found = checked(page.format(1), page.format(2), files={"a.png": b"1"}, made={"a.png": b"2"}, apart=Crashing({2}))
    assert found.outcomes == ["different", "uncompared"]


def test_damaged_files_of_arrays_and_columns_are_lost_alone(tmp_path: Path) -> None:
    kinds = {"a.h5": b"\x89HDF\r\n\x1a\n", "b.parquet": b"PAR1", "c.feather": b"ARROW1\0\0", "d.tif": b"II*\0"}
    published = {name: magic + b"\xff" * 999 for name, magic in kinds.items()}
    made = {name: magic + b"\xfe" * 999 for name, magic in kinds.items()}
    also = {"d.html": b"<p>4.2</p>", "e.csv": b"a,b\n1,2\n"}
    report = check_files(
        request(tmp_path, {**published, **also}, {**made, "d.html": b"<p>4.2</p>", "e.csv": b"a,b\n1,3\n"}, "d.html")
    )
    assert [row.outcome for row in report.comparisons] == ["identical", *["uncompared"] * 4, "different"]
    assert report.verdict == "differs"


def feather(*lines: str) -> bytes:
    kept, text = io.BytesIO(), arro3.core.DataType.string()
    arro3.io.write_ipc(arro3.core.Table.from_pydict({"site": arro3.core.Array(list(lines), type=text)}), kept)
    return kept.getvalue()


async def test_a_damaged_feather_file_that_ends_its_reader_does_not_end_the_check(tmp_path: Path) -> None:
    good = feather(*map(str, range(500)))
    at = good.index(b"\x04\x22\x4d\x18") - 8  # of a compressed piece its size unpacked stands before it
    damaged = good[:at] + (1 << 61).to_bytes(8, "little") + good[at + 8 :]
    others = {"d.html": b"<p>4.2</p>", "b.csv": b"a,b\n1,2\n"}
    asked = request(
        tmp_path, {"a.feather": good, **others}, {"a.feather": damaged, **others, "b.csv": b"a,b\n1,3\n"}, "d.html"
    )
    report = await Limited(["erc.workers.checker.compare_files"]).call(check_files, asked)
    assert [row.outcome for row in report.comparisons] == ["identical", "uncompared", "different"]
    assert "its reader crashed or ran out of memory" in report.comparisons[1].finding
