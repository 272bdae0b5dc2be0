"""Zips and tars as rows of pieces: what common readers, and our own strict one, find in them."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.blobs import FileBlobStore
from erc.gateway.files.archive import etag_of, packed_files
from erc.gateway.files.checksums import Checksums
from erc.gateway.files.packed import Packed
from erc.gateway.files.pieces import Made, Reading, Row, Stored
from erc.gateway.files.tar_row import Gzip, tar_row
from erc.gateway.files.zip_row import zip_row
from erc.schemas.workspace import Entry, Manifest

NAMES = ["main.R", ".erc/metadata.json", "data/ä b.csv", "x" * 200 + "/" + "y" * 120, "日本/語.txt", "empty"]


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")


def packed(blobs: FileBlobStore, contents: dict[str, bytes]) -> list[Packed]:
    return [
        Packed(name.encode(), len(data), blobs.put(data), executable=name.endswith("sh"))
        for name, data in sorted(contents.items())
    ]


def read(row: Row, begin: int = 0, end: int | None = None) -> bytes:
    reading = Reading(row, begin, row.size_bytes if end is None else end)
    try:
        return b"".join(iter(reading.next, b""))
    finally:
        reading.close()


@pytest.fixture
def contents() -> dict[str, bytes]:
    chance = random.Random(5)
    found = {name: chance.randbytes(chance.randrange(1, 3000)) for name in NAMES} | {"empty": b"", "run.sh": b"ls\n"}
    return found | {"large.bin": chance.randbytes(3 << 20)}


def test_a_zip_has_the_length_that_was_said_and_holds_the_files(
    blobs: FileBlobStore, contents: dict[str, bytes]
) -> None:
    row = zip_row(packed(blobs, contents), "Created by o2r [x]", blobs.path, Checksums(blobs).of)
    data = read(row)
    assert len(data) == row.size_bytes
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"Created by o2r [x]"
        assert {name: archive.read(name) for name in archive.namelist()} == contents
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o100755
        assert archive.getinfo("main.R").external_attr >> 16 == 0o100644


def test_a_zip_can_be_uploaded_again(blobs: FileBlobStore, contents: dict[str, bytes], accepted) -> None:
    row = zip_row(packed(blobs, contents), "Created by o2r", blobs.path, Checksums(blobs).of)
    assert accepted(read(row)) == {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}


def test_a_tar_has_the_length_that_was_said_and_holds_the_files(
    blobs: FileBlobStore, contents: dict[str, bytes]
) -> None:
    row = tar_row(packed(blobs, contents), blobs.path)
    data = read(row)
    assert len(data) == row.size_bytes
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert {one.name: archive.extractfile(one).read() for one in archive.getmembers()} == contents
        assert {one.mtime for one in archive.getmembers()} == {0}


def test_a_tar_can_be_uploaded_again_gzipped(blobs: FileBlobStore, contents: dict[str, bytes], accepted) -> None:
    row = tar_row(packed(blobs, contents), blobs.path)
    packing = Gzip(Reading(row, 0, row.size_bytes))
    data = b"".join(iter(packing.next, b""))
    packing.close()
    assert zlib.decompress(data, 31) == read(row)
    assert accepted(data) == {name: hashlib.sha256(one).hexdigest() for name, one in contents.items()}


def test_equal_files_give_equal_bytes_and_any_part_can_be_asked_for(
    blobs: FileBlobStore, contents: dict[str, bytes]
) -> None:
    files = packed(blobs, contents)
    for row in (zip_row(files, "c", blobs.path, Checksums(blobs).of), tar_row(files, blobs.path)):
        whole = read(row)
        assert read(row) == whole
        for begin in (1, 29, 100, 1 << 20, len(whole) - 100):
            assert read(row, begin, begin + 90) == whole[begin : begin + 90]


class _Virtual(io.RawIOBase):
    """A row as a file that can be sought in; stored bytes are noughts that nobody wrote."""

    def __init__(self, row: Row) -> None:
        self._pieces, self._size, self._at = list(row.pieces()), row.size_bytes, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = {0: 0, 1: self._at, 2: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        begin, found = 0, b""
        for piece in self._pieces:
            first, last = max(self._at, begin), min(end, begin + piece.size_bytes)
            if first < last:
                assert last - first < 1 << 20
                found += piece.make()[first - begin : last - begin] if isinstance(piece, Made) else bytes(last - first)
            begin += piece.size_bytes
        self._at = end
        return found


@pytest.mark.parametrize("size", [(1 << 32) - 2, (1 << 32) - 1, 1 << 32, 5 << 32])
def test_a_large_zip_says_where_its_files_are(size: int) -> None:
    files = [
        Packed(b"a", size, "0" * 64),
        Packed(b"b", 3, "1" * 64),
        Packed(b"c", 5 << 30, "2" * 64),
        Packed(b"d", 0, b""),
    ]
    row = zip_row(files, "large", Path, lambda digest: int(digest[0]))
    with zipfile.ZipFile(_Virtual(row)) as archive:
        assert [(one.filename, one.file_size) for one in archive.infolist()] == [
            (file.name.decode(), file.size_bytes) for file in files
        ]
        for one in archive.infolist():
            archive.open(one).close()  # its local header is where the directory says, and says the same


def test_a_zip_of_very_many_files_counts_them() -> None:
    files = [Packed(f"{number:06}".encode(), 0, b"") for number in range(65_540)]
    data = read(zip_row(files, "", Path, lambda _digest: 0))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 65_540


def entry(path: str, digest: str = "a", size: int = 1) -> Entry:
    return Entry(path=path, digest=digest * 64, size_bytes=size)


def names(files: list[Packed] | None) -> list[str]:
    return [file.name.decode() for file in files or []]


def test_a_download_holds_what_jobs_made_where_the_workspace_has_none() -> None:
    workspace = Manifest([entry("main.R"), entry("erc.yml", "b")])
    of_job = Manifest([entry("main.R"), entry("erc.yml", "c"), entry("Dockerfile", "d"), entry("out.txt", "e")])
    files = packed_files(workspace, of_job, None, wants_image=False)
    assert names(files) == ["Dockerfile", "erc.yml", "main.R"]
    assert {file.name: file.content for file in files or []}[b"erc.yml"] == "b" * 64


def test_the_image_comes_from_a_job_else_from_the_author_else_not_at_all() -> None:
    with_own = Manifest([entry("image.tar", "f", 9), entry("main.R")])
    assert names(packed_files(with_own, None, None, wants_image=False)) == ["main.R"]
    assert packed_files(with_own, None, None, wants_image=True) == [
        Packed(b"image.tar", 9, "f" * 64),
        Packed(b"main.R", 1, "a" * 64),
    ]
    assert packed_files(with_own, None, ("9" * 64, 5), wants_image=True)[0] == Packed(b"image.tar", 5, "9" * 64)
    assert packed_files(Manifest([entry("main.R")]), None, None, wants_image=True) is None


@given(st.lists(st.sampled_from("abc"), max_size=3), st.lists(st.sampled_from("abc"), max_size=3))
def test_different_files_have_different_etags(first: list[str], second: list[str]) -> None:
    one, other = ([Packed(name.encode(), 1, "0" * 64) for name in names] for names in (first, second))
    assert (etag_of("tar", one) == etag_of("tar", other)) == (first == second)
    assert etag_of("tar", one) != etag_of("zip", one)


def test_a_stored_piece_that_was_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(b"abc")
    with pytest.raises(Exception, match="damaged"):
        read(Row(5, lambda: iter([Stored(5, path)])))
