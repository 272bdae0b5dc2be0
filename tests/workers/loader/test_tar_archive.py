from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from erc.events.errors import Rejected
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.domain.meter import EXTENSIONS_BYTES, Meter
from erc.workers.loader.domain.streams import GZIP_PARTS

MIB = 1 << 20
ZERO = bytes(512)


def block(
    name: bytes = b"a.txt",
    kind: bytes = b"0",
    size: int = 7,
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    mode: bytes = b"0000644\0",
) -> bytes:
    head = name.ljust(100, b"\0") + mode + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0" + b" " * 8 + kind
    head = (head.ljust(257, b"\0") + magic).ljust(345, b"\0") + prefix
    head = head.ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def record(key: str, value: str) -> bytes:
    length = len(f" {key}={value}\n".encode())
    total = length + len(str(length + len(str(length))))
    return f"{total} {key}={value}\n".encode()


def pax(kind: bytes = b"x", **records: str) -> bytes:
    body = b"".join(record(key.replace("__", "."), value) for key, value in records.items())
    return block(b"PaxHeader", kind, len(body)) + padded(body)


def gnu(kind: bytes, content: bytes) -> bytes:
    return block(b"././@LongLink", kind, len(content)) + padded(content)


A_FILE = block() + padded(b"content")
END = ZERO * 2


@pytest.mark.parametrize(
    ("archive", "path"),
    [
        (A_FILE + END, "a.txt"),
        (block(magic=b"") + padded(b"content") + END, "a.txt"),
        (block(magic=b"ustar  \0", prefix=b"times of GNU") + padded(b"content") + END, "a.txt"),
        (block(prefix=b"long") + padded(b"content") + b"" + END, "a.txt"),
        (block(b"./a.txt") + padded(b"content") + END, "a.txt"),
        (block(kind=b"\0") + padded(b"content") + END, "a.txt"),
        (pax(path="ü.txt", mtime="1.5", size="7") + A_FILE + END, "ü.txt"),
        (pax(b"g", comment="a commit of git archive") + A_FILE + END, "a.txt"),
        (gnu(b"L", b"n" * 200 + b"\0") + A_FILE + END, "n" * 200),
        (A_FILE + END + bytes(10240), "a.txt"),
    ],
)
def test_what_honest_programs_write_is_read(archive: bytes, path: str, opened: Callable[..., Any]) -> None:
    assert opened(archive).files == {path: b"content"}
    assert opened(gzip.compress(archive)).files == {path: b"content"}


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (block(kind=b"2", size=0) + END, "archive_link"),
        (block(kind=b"1", size=0) + END, "archive_link"),
        (pax(linkpath="/etc/passwd") + A_FILE + END, "archive_link"),
        (gnu(b"K", b"/etc/passwd\0") + A_FILE + END, "archive_link"),
        (block(kind=b"3", size=0) + END, "archive_special_file"),
        (block(kind=b"4", size=0) + END, "archive_special_file"),
        (block(kind=b"6", size=0) + END, "archive_special_file"),
        (block(kind=b"S", magic=b"ustar  \0") + padded(b"content") + END, "archive_special_file"),
        (block(kind=b"M") + padded(b"content") + END, "archive_special_file"),
        (pax(GNU__sparse__major="1", GNU__sparse__realsize="1099511627776") + A_FILE + END, "archive_special_file"),
        (block(b"../a.txt") + padded(b"content") + END, "archive_name"),
        (block(b"/a.txt") + padded(b"content") + END, "archive_name"),
        (block(prefix=b"..") + padded(b"content") + END, "archive_name"),
        (block(b"a\0b") + padded(b"content") + END, "archive_name"),
        (block(b"\xff") + padded(b"content") + END, "archive_name"),
        (block(b"folder/") + padded(b"content") + END, "archive_name"),
        (pax(path="../../etc/cron.d/x") + A_FILE + END, "archive_name"),
        (pax(path="a\0b") + A_FILE + END, "archive_name"),
        (pax(path="") + A_FILE + END, "archive_name"),
        (gnu(b"L", b"../x\0") + A_FILE + END, "archive_name"),
        (gnu(b"L", b"a\0b\0") + A_FILE + END, "archive_name"),
        (gnu(b"L", b"x/" * 30000) + A_FILE + END, "archive_name"),
        (A_FILE + A_FILE + END, "archive_collision"),
        (A_FILE + block(b"./a.txt") + padded(b"content") + END, "archive_collision"),
        (pax(size="0") + A_FILE + END, "archive_ambiguous"),
        (pax(size="1024") + A_FILE + END, "archive_ambiguous"),
        (block(b"x", b"x", 20) + padded(b"10 path=x\n10 path=y\n") + A_FILE + END, "archive_ambiguous"),
        (pax(b"g", path="x") + A_FILE + END, "archive_ambiguous"),
        (pax(b"g", size="9") + A_FILE + END, "archive_ambiguous"),
        (pax(path="x") + pax(path="y") + A_FILE + END, "archive_ambiguous"),
        (pax(path="x") + pax(path="x") + A_FILE + END, "archive_ambiguous"),
        (pax(path="x") + gnu(b"L", b"y\0") + A_FILE + END, "archive_ambiguous"),
        (block(b"folder/", b"5") + padded(b"content") + END, "archive_ambiguous"),
        (A_FILE + END + A_FILE + END, "archive_ambiguous"),
        (A_FILE + ZERO + A_FILE + END, "archive_ambiguous"),
        (A_FILE + END + b"x", "archive_ambiguous"),
        (A_FILE + END + bytes(2 * MIB), "archive_broken"),
        (pax(path="x") + END, "archive_broken"),
        (A_FILE, "archive_broken"),
        (A_FILE + ZERO, "archive_broken"),
        (A_FILE[:600], "archive_broken"),
        (A_FILE + b"garbage".ljust(512) + END, "archive_broken"),
        (block(b"x", b"x", 12) + padded(b"99 path=xxx\n") + A_FILE + END, "archive_broken"),
        (block(b"x", b"x", 12) + padded(b"-1 path=xxx\n") + A_FILE + END, "archive_broken"),
        (block(b"x", b"x", 8 << 29) + A_FILE + END, "archive_broken"),
        (block(b"x", b"L", 2 * MIB) + bytes(2 * MIB) + A_FILE + END, "archive_broken"),
        (pax(size="x") + A_FILE + END, "archive_broken"),
        (END, "archive_empty"),
        (block(b"folder/", b"5", 0) + END, "archive_empty"),
    ],
)
def test_what_is_not_taken_is_refused_by_its_reason(archive: bytes, code: str, refused: Callable[..., str]) -> None:
    assert refused(archive) == code
    assert refused(gzip.compress(archive)) == code


def test_only_whether_a_file_can_be_executed_is_kept_of_its_mode(opened: Callable[..., Any]) -> None:
    files = [
        block(b"setuid", mode=b"0004755\0"),
        block(b"plain", mode=b"0002644\0"),
        block(b"group", mode=b"0000610\0"),
    ]
    manifest = opened(b"".join(head + padded(b"content") for head in files) + END).unpacked.manifest
    assert {entry.path: entry.executable for entry in manifest.entries()} == {
        "setuid": True,
        "plain": False,
        "group": True,
    }


def test_a_negative_size_is_refused(refused: Callable[..., str]) -> None:
    head = bytearray(block())
    head[124:136] = b"\xff" * 12
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    assert refused(bytes(head) + padded(b"content") + END) == "archive_broken"


def test_gzip_parts_one_after_the_other_are_read(opened: Callable[..., Any]) -> None:
    archive = A_FILE + END
    assert opened(gzip.compress(archive[:700]) + gzip.compress(b"") + gzip.compress(archive[700:])).files == {
        "a.txt": b"content"
    }


@pytest.mark.parametrize("tail", [b"x", bytes(100), b"\x1f\x8b", gzip.compress(b"x", mtime=0)])
def test_a_tail_behind_a_gzip_file_is_refused(tail: bytes, refused: Callable[..., str]) -> None:
    assert refused(gzip.compress(A_FILE + END) + tail) in {"archive_broken", "archive_ambiguous"}


def test_a_wrong_gzip_checksum_is_refused(refused: Callable[..., str]) -> None:
    packed = bytearray(gzip.compress(A_FILE + END))
    packed[-6] ^= 1
    assert refused(bytes(packed)) == "archive_broken"


def test_a_gzip_file_without_an_archive_is_of_unknown_kind(refused: Callable[..., str]) -> None:
    assert refused(gzip.compress(b"a,b\n1,2\n")) == "archive_unknown"
    assert refused(gzip.compress(b"a,b\n1,2\n" * 1000)) == "archive_unknown"


def test_a_bomb_is_stopped_by_what_comes_out(opened: Callable[..., Any], refused: Callable[..., str]) -> None:
    bomb = gzip.compress(block(size=64 * MIB) + bytes(64 * MIB) + END)
    assert refused(bomb, ratio_from_bytes=MIB) == "archive_too_large"
    assert refused(bomb, file_bytes=MIB) == "archive_too_large"
    assert refused(bomb, unpacked_bytes=MIB) == "archive_too_large"
    assert opened(bomb).largest_piece <= MIB
    padding = gzip.compress(A_FILE + END + bytes(64 * MIB))
    assert refused(padding) == "archive_broken"


def test_endless_headers_are_stopped(refused: Callable[..., str]) -> None:
    folders = block(b"./", b"5", 0) * 1000
    assert refused(folders + END, entries=999) == "archive_too_large"
    globals_ = pax(b"g", comment="x") * 1000
    assert refused(globals_ + END, entries=999) == "archive_too_large"
    heavy = pax(comment="x" * (MIB - 100)) + A_FILE
    many = b"".join(heavy.replace(b"a.txt", b"%05d" % number) for number in range(2))
    assert refused(many + END) == "archive_broken"


def test_a_deep_tree_costs_as_many_entries_as_it_has_folders(refused: Callable[..., str]) -> None:
    deep = pax(path="/".join("x" * 60)) + A_FILE + END
    assert refused(deep, entries=60) == "taken"
    assert refused(deep, entries=59) == "archive_too_large"


def test_a_gnu_archive_of_the_standard_library_is_read(a_tar: Callable[..., bytes], opened: Callable[..., Any]) -> None:
    files = {"ä" * 120 + "/" + "b" * 200: b"x" * 1000, "c": b""}
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert opened(a_tar(files, layout=layout)).files == files


def test_a_size_beyond_the_octal_field_is_understood_and_refused(refused: Callable[..., str]) -> None:
    info = tarfile.TarInfo("huge")
    info.size = 11 << 30
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        out.write(info.tobuf(layout))
        assert refused(out.getvalue() + END) == "archive_too_large"


def test_endless_gzip_parts_are_stopped(refused: Callable[..., str]) -> None:
    assert refused(gzip.compress(b"") * (GZIP_PARTS + 1) + gzip.compress(A_FILE + END)) == "archive_broken"


def test_extended_headers_are_limited_together() -> None:
    meter = Meter(ArchiveLimits(), 1)
    meter.extension(EXTENSIONS_BYTES)
    with pytest.raises(Rejected, match="too much"):
        meter.extension(1)
