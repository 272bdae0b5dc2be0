from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from erc.events.errors import Rejected
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.domain import unpack

MIB = 1 << 20


def deflate(content: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


def member(name: bytes | str = b"a.txt", content: bytes = b"content", **changes: Any) -> dict[str, Any]:
    """A stored member; `local_…` changes only its local header, `central_…` only its entry in the directory."""
    name = name.encode() if isinstance(name, str) else name
    fields = {
        "name": name, "data": content, "flags": 0, "method": 0, "crc": zlib.crc32(content), "packed": len(content),
        "size": len(content), "extra": b"", "attributes": 0o100644 << 16, "gap": b"", "disk": 0, "offset": None,
    }  # fmt: skip
    for key, value in list(fields.items()):
        fields[f"local_{key}"] = fields[f"central_{key}"] = value
    for key, value in changes.items():
        fields[key] = value
        if not key.startswith(("local_", "central_")):
            fields[f"local_{key}"] = fields[f"central_{key}"] = value
    return fields


def raw_zip(
    *members: dict[str, Any], prefix: bytes = b"", before_directory: bytes = b"", end: bytes | None = None
) -> bytes:
    body, directory = prefix, b""
    for one in members:
        offset = len(body) if one["offset"] is None else one["offset"]
        body += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20, one["local_flags"], one["local_method"], 0, 33, one["local_crc"],
            one["local_packed"], one["local_size"], len(one["local_name"]), len(one["local_extra"]),
        ) + one["local_name"] + one["local_extra"] + one["data"] + one["gap"]  # fmt: skip
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | 20, 20, one["central_flags"], one["central_method"], 0, 33,
            one["central_crc"], one["central_packed"], one["central_size"], len(one["central_name"]),
            len(one["central_extra"]), 0, one["disk"], 0, one["attributes"], offset,
        ) + one["central_name"] + one["central_extra"]  # fmt: skip
    body += before_directory
    return body + directory + (end or end_of(len(members), len(directory), len(body)))


def end_of(entries: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, size, offset, len(comment)) + comment


def unicode_extra(raw: bytes, name: str) -> bytes:
    data = struct.pack("<BL", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(data)) + data


ASI_LINK = struct.pack("<HH", 0x756E, 14) + struct.pack("<LHLHH", 0, 0o120777, 0, 0, 0)
DESCRIPTOR = struct.pack("<LLL", zlib.crc32(b"content"), 7, 7)
NARROW_ZIP64 = struct.pack("<HHQQ", 1, 16, 7, 7)


def test_a_stored_file_is_read(opened: Callable[..., Any]) -> None:
    assert opened(raw_zip(member())).files == {"a.txt": b"content"}


@pytest.mark.parametrize(
    "one",
    [
        member(flags=8, gap=b"PK\x07\x08" + DESCRIPTOR, local_crc=0, local_packed=0, local_size=0),
        member(flags=8, gap=DESCRIPTOR, local_crc=0, local_packed=0, local_size=0),
        member(flags=8, gap=DESCRIPTOR[:4] + struct.pack("<QQ", 7, 7), local_crc=0, local_packed=0, local_size=0),
        member(local_packed=0xFFFFFFFF, local_size=0xFFFFFFFF, local_extra=NARROW_ZIP64),
        member(central_packed=0xFFFFFFFF, central_size=0xFFFFFFFF, central_extra=NARROW_ZIP64),
        member(central_size=0xFFFFFFFF, central_extra=struct.pack("<HHQ", 1, 8, 7)),
        member(local_extra=NARROW_ZIP64),
        member(local_extra=struct.pack("<HHL", 0xCAFE, 4, 0)),
        member(extra=unicode_extra(b"a.txt", "a.txt")),
        member(data=deflate(b"content"), method=8, packed=len(deflate(b"content"))),
    ],
)
def test_what_honest_programs_write_is_read(one: dict[str, Any], opened: Callable[..., Any]) -> None:
    assert opened(raw_zip(one, member("b.txt"))).files == {"a.txt": b"content", "b.txt": b"content"}


ZIP64_END = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 51, 42)
ZIP64_LOCATOR = struct.pack("<4sLQL", b"PK\x06\x07", 0, 93, 1)


def test_a_zip64_end_is_read(opened: Callable[..., Any]) -> None:
    end = ZIP64_END + ZIP64_LOCATOR + end_of(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    assert opened(raw_zip(member(), end=end)).files == {"a.txt": b"content"}


@pytest.mark.parametrize(
    "archive",
    [
        raw_zip(member(local_name=b"b.txt")),
        raw_zip(member(local_flags=1 << 11)),
        raw_zip(member(local_method=8)),
        raw_zip(member(local_crc=1)),
        raw_zip(member(local_size=6)),
        raw_zip(member(local_packed=6)),
        raw_zip(member(local_extra=struct.pack("<HHQQ", 1, 16, 6, 7))),
        raw_zip(member(extra=unicode_extra(b"a.txt", "b.txt"))),
        raw_zip(member(extra=unicode_extra(b"c.txt", "a.txt"))),
        raw_zip(member(b"\x81.txt", local_extra=unicode_extra(b"\x81.txt", "ü1.txt"))),
        raw_zip(member(extra=NARROW_ZIP64 + NARROW_ZIP64)),
        raw_zip(member(extra=struct.pack("<HHQQ", 1, 16, 6, 7))),
        raw_zip(member(gap=b"hidden")),
        raw_zip(member(flags=8, gap=b"x" * 12)),
        raw_zip(member(flags=8)),
        raw_zip(member(gap=DESCRIPTOR)),
        raw_zip(member(), before_directory=raw_zip(member())[:42]),
        raw_zip(member(), prefix=raw_zip(member("hidden"))[:43]),
        raw_zip(member(), member("b.txt", offset=0)),
        raw_zip(member(), member("a.txt", offset=0)),
        raw_zip(member()) + b"tail",
        raw_zip(member()) + raw_zip(member("b.txt")),
        raw_zip(member(), end=end_of(1, 51, 42, comment=end_of(0, 0, 0))),
        raw_zip(member(), end=end_of(1, 51, 41)),
        raw_zip(member(), end=end_of(1, 51, 42)[:-2] + b"\5\0"),
        raw_zip(member(), end=ZIP64_END + struct.pack("<4sLQL", b"PK\x06\x07", 0, 42, 1) + end_of(1, 51, 42)),
        raw_zip(member(), end=ZIP64_END + ZIP64_LOCATOR + end_of(2, 51, 42)),
        raw_zip(member(), end=ZIP64_END + struct.pack("<4sLQL", b"PK\x06\x07", 0, 93, 2) + end_of(1, 51, 42)),
        raw_zip(member(), end=ZIP64_END + b"gap" + ZIP64_LOCATOR + end_of(1, 51, 42)),
        raw_zip(member(), end=b"\0" * 46 + end_of(1, 97, 42)),
        raw_zip(member("folder/")),
        raw_zip(member(data=deflate(b"content") + bytes(200_000), method=8, packed=len(deflate(b"content")) + 200_000)),
        raw_zip(member("folder", b"", attributes=0x10)),
        raw_zip(member("folder/", b"", attributes=0o100644 << 16)),
        raw_zip(member("d/", b"x", attributes=0o40755 << 16)),
        raw_zip(member(data=deflate(b"content") + b"hidden", method=8, packed=len(deflate(b"content")) + 6)),
    ],
)
def test_an_archive_that_two_programs_would_read_differently_is_refused(
    archive: bytes, refused: Callable[..., str]
) -> None:
    assert refused(archive) == "archive_ambiguous"


@pytest.mark.parametrize(
    "archive",
    [
        raw_zip(member(crc=1)),
        raw_zip(member(size=5)),
        raw_zip(member(size=9)),
        raw_zip(member(method=8)),
        raw_zip(member(data=deflate(b"content")[:-1], method=8, packed=len(deflate(b"content")) - 1)),
        raw_zip(member(disk=1)),
        raw_zip(member(extra=b"\1\0\xff")),
        raw_zip(member(extra=unicode_extra(b"a.txt", "")[:2] + b"\6\0" + unicode_extra(b"a.txt", "")[4:] + b"\xff")),
        raw_zip(member(extra=b"\1\0\xff\xff")),
        raw_zip(member(central_size=0xFFFFFFFF, central_extra=struct.pack("<HH", 1, 0))),
        raw_zip(member(), end=end_of(9, 51, 42)),
        raw_zip(member())[:-1],
        raw_zip(member())[:60],
        b"PK\x03\x04",
        raw_zip(member(), member("b.txt"))
        .replace(b"PK\x03\x04", b"PK\x03\x05")
        .replace(b"PK\x03\x05", b"PK\x03\x04", 1),
        raw_zip(member(), end=struct.pack("<4s4H2LH", b"PK\x05\x06", 1, 0, 1, 1, 51, 42, 0)),
        raw_zip(member(), end=struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 2, 51, 42, 0)),
        raw_zip(member()).replace(b"\5\0\0\0\0\0\0\0\0\0", b"\xff\xff\0\0\0\0\0\0\0\0"),
    ],
)
def test_a_damaged_archive_is_refused(archive: bytes, refused: Callable[..., str]) -> None:
    assert refused(archive) == "archive_broken"


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (member("link", b"/etc/passwd", attributes=0o120777 << 16), "archive_link"),
        (member("link", b"", attributes=0x400), "archive_link"),
        (member("link", extra=ASI_LINK), "archive_link"),
        (member(attributes=0o010644 << 16), "archive_special_file"),
        (member(attributes=0o020644 << 16), "archive_special_file"),
        (member(attributes=0o140644 << 16), "archive_special_file"),
        (member(flags=1), "archive_encrypted"),
        (member(flags=1 << 13), "archive_encrypted"),
        (member(method=12), "archive_method"),
        (member(method=14), "archive_method"),
        (member(method=99), "archive_method"),
        (member("../a.txt"), "archive_name"),
        (member("a\\b.txt"), "archive_name"),
        (member("a\0.txt"), "archive_name"),
        (member("x" * 5000), "archive_name"),
        (member(b"\xff.txt", flags=1 << 11), "archive_broken"),
        (member(b"\x81.txt", extra=unicode_extra(b"\x81.txt", "../\u00fc.txt")), "archive_name"),
    ],
)
def test_what_is_not_taken_is_refused_by_its_reason(
    one: dict[str, Any], code: str, refused: Callable[..., str]
) -> None:
    assert refused(raw_zip(member("first.txt"), one)) == code


def test_a_link_is_named_in_the_refusal(opened: Callable[..., Any]) -> None:
    with pytest.raises(Exception, match="link") as caught:
        opened(raw_zip(member("figures/link", b"/etc/passwd", attributes=0o120777 << 16)))
    assert "“figures/link”" in caught.value.problem.detail  # type: ignore[attr-defined]


def test_the_names_of_old_programs_are_read_and_noted(opened: Callable[..., Any]) -> None:
    one = opened(raw_zip(member(b"\x81bersicht.csv"), member("\u00fc.txt"), member("b")))
    assert set(one.files) == {"übersicht.csv", "ü.txt", "b"}
    assert any("437" in note for note in one.unpacked.notes)


def test_a_unicode_name_of_info_zip_is_read(opened: Callable[..., Any]) -> None:
    raw = b"\x81.csv"
    assert set(opened(raw_zip(member(raw, extra=unicode_extra(raw, "ü.csv")))).files) == {"ü.csv"}


def test_a_streamed_archive_of_the_standard_library_is_read(opened: Callable[..., Any]) -> None:
    class Pipe(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            Pipe.written += bytes(piece)
            return len(piece)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 1000)
        with archive.open("b", "w", force_zip64=True) as file:
            file.write(b"y" * 1000)
    assert opened(Pipe.written).files == {"a": b"x" * 1000, "b": b"y" * 1000}


def test_an_archive_comment_is_allowed(opened: Callable[..., Any]) -> None:
    assert opened(raw_zip(member(), end=end_of(1, 51, 42, comment=b"a commit"))).files == {"a.txt": b"content"}


def test_a_bomb_is_stopped_by_what_comes_out_not_by_what_it_says(
    opened: Callable[..., Any], refused: Callable[..., str]
) -> None:
    packed = deflate(bytes(64 * MIB))
    lying = raw_zip(member(data=packed, method=8, packed=len(packed), size=10))
    assert refused(lying) == "archive_broken"
    honest = raw_zip(member(data=packed, method=8, packed=len(packed), size=64 * MIB, crc=zlib.crc32(bytes(64 * MIB))))
    assert refused(honest, ratio_from_bytes=MIB) == "archive_too_large"
    assert refused(honest, file_bytes=MIB) == "archive_too_large"
    assert refused(honest, unpacked_bytes=MIB) == "archive_too_large"
    assert opened(honest).largest_piece <= MIB


def test_too_many_members_are_refused(a_zip: Callable[..., bytes], refused: Callable[..., str]) -> None:
    archive = a_zip({f"{number}": b"" for number in range(11)})
    assert refused(archive, entries=10) == "archive_too_large"
    assert refused(archive, entries=11) == "taken"


def test_an_upload_beyond_its_limit_is_refused(a_zip: Callable[..., bytes], refused: Callable[..., str]) -> None:
    assert refused(a_zip({"a": b"x"}), upload_bytes=20) == "archive_too_large"


def test_overlapping_members_are_refused_before_a_byte_is_kept() -> None:
    inner = member("b.txt", b"x" * 100)
    quoted = raw_zip(inner)[: 30 + 5 + 100]
    outer = member("a.txt", quoted, local_packed=135, central_packed=135)
    body = raw_zip(outer, member("b.txt", b"", offset=35))
    kept: list[bytes] = []

    def put(source: Iterable[bytes]) -> str:
        kept.extend(source)
        return "0" * 64

    with pytest.raises(Rejected) as caught:
        unpack(io.BytesIO(body), put, ArchiveLimits())
    assert caught.value.problem.code == "archive_ambiguous"
    assert kept == []


def test_a_file_that_lies_about_its_size_is_stopped_at_its_first_piece() -> None:
    packed = deflate(bytes(8 * MIB))
    kept: list[bytes] = []

    def put(source: Iterable[bytes]) -> str:
        kept.extend(source)
        return "0" * 64

    with pytest.raises(Rejected):
        unpack(io.BytesIO(raw_zip(member(data=packed, method=8, packed=len(packed), size=10))), put, ArchiveLimits())
    assert kept == []
