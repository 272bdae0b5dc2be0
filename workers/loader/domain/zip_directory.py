"""The central directory of a zip archive: found in one way only, read entry by entry."""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from typing import BinaryIO

from erc.events.errors import Rejected
from erc.workers.loader.domain.meter import Meter
from erc.workers.loader.domain.names import PATH_BYTES
from erc.workers.loader.domain.refusals import a_link, ambiguous, broken, shown, special_file
from erc.workers.loader.domain.streams import exact
from erc.workers.loader.domain.zip_fields import FULL32, final_name, parse_fields, unix_mode, widened

END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
ENTRY = struct.Struct("<4s6H3L5H2L")
END_SIGN, LOCATOR_SIGN, END64_SIGN, ENTRY_SIGN = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06", b"PK\x01\x02"
FULL16 = 0xFFFF
STORED, DEFLATED = 0, 8
METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}
ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
PATCHED = 1 << 5
DOS_FOLDER, REPARSE_POINT = 0x10, 0x400


@dataclass(frozen=True, slots=True)
class Record:
    """A member as the central directory describes it; sizes in bytes."""

    raw_name: bytes
    name: str
    legacy_name: bool
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    folder: bool
    executable: bool


@dataclass(frozen=True, slots=True)
class _Extent:
    entries: int
    size_bytes: int
    offset: int


def read_directory(file: BinaryIO, archive_bytes: int, meter: Meter) -> tuple[list[Record], int]:
    """Return the records, ordered by their place in the file, and where the directory begins.

    Raises `Rejected` when there is more than one way to find it, or an entry asks for what is not taken.
    """
    extent = _find(file, archive_bytes)
    meter.expect_members(extent.entries)
    file.seek(extent.offset)
    records, left = [], extent.size_bytes
    for _ in range(extent.entries):
        record, used_bytes = _read_entry(file, meter)
        records.append(record)
        left -= used_bytes
    if left:
        raise ambiguous("Its directory has another size than it says.")
    meter.expect_content(sum(record.size_bytes for record in records))
    return sorted(records, key=lambda record: record.offset), extent.offset


def _find(file: BinaryIO, archive_bytes: int) -> _Extent:
    tail_bytes = min(archive_bytes, END.size + FULL16)
    file.seek(archive_bytes - tail_bytes)
    tail = exact(file, tail_bytes)
    at = tail.rfind(END_SIGN)
    if at < 0 or at + END.size > len(tail):
        raise broken("It has no end.")
    _, disk, first_disk, here, entries, size_bytes, offset, comment_bytes = END.unpack_from(tail, at)
    if at + END.size + comment_bytes != len(tail):
        raise ambiguous("There is something behind its end.")
    end = archive_bytes - tail_bytes + at
    narrow = (disk, first_disk, here, entries, size_bytes, offset)
    if end >= LOCATOR.size:
        file.seek(end - LOCATOR.size)
        locator = exact(file, LOCATOR.size)
        if locator.startswith(LOCATOR_SIGN):
            return _find_wide(file, end - LOCATOR.size, locator, narrow)
    return _extent((disk, first_disk, here, entries, size_bytes, offset), end)


def _find_wide(file: BinaryIO, end: int, locator: bytes, narrow: tuple[int, ...]) -> _Extent:
    _, disk, at, disks = LOCATOR.unpack(locator)
    if disk or disks != 1 or at + END64.size > end:
        raise ambiguous("Its ZIP64 end is not where it should be.")
    file.seek(at)
    sign, record_bytes, _, _, *wide = END64.unpack(exact(file, END64.size))
    if sign != END64_SIGN or at + 12 + record_bytes != end:
        raise ambiguous("Its ZIP64 end is not where it should be.")
    limits = (FULL16, FULL16, FULL16, FULL16, FULL32, FULL32)
    if any(value not in {other, limit} for value, other, limit in zip(narrow, wide, limits, strict=True)):
        raise ambiguous("It has two ends that disagree.")
    return _extent(tuple(wide), at)


def _extent(values: tuple[int, ...], end: int) -> _Extent:
    disk, first_disk, here, entries, size_bytes, offset = values
    if disk or first_disk or here != entries:
        raise broken("It is one part of several.")
    if offset + size_bytes != end:
        raise ambiguous("Its directory does not end where the archive does.")
    return _Extent(entries, size_bytes, offset)


def _read_entry(file: BinaryIO, meter: Meter) -> tuple[Record, int]:
    (sign, _, _, flags, method, _, _, crc, packed_bytes, size_bytes, name_bytes, fields_bytes, comment_bytes, disk, _,
     attributes, offset) = ENTRY.unpack(exact(file, ENTRY.size))  # fmt: skip
    if sign != ENTRY_SIGN or disk:
        raise broken("An entry of its directory cannot be read.")
    raw_name = exact(file, name_bytes)
    fields = parse_fields(exact(file, fields_bytes))
    exact(file, comment_bytes)
    name, legacy_name = final_name(raw_name, flags, fields)
    if len(raw_name) > 2 * PATH_BYTES:
        raise Rejected(
            "A name in the archive cannot be used",
            f"{shown(name)} is longer than {PATH_BYTES} bytes.",
            code="archive_name",
        )
    size_bytes, packed_bytes, offset = widened((size_bytes, packed_bytes, offset), fields)
    mode = unix_mode(attributes, fields)
    folder = name.endswith("/")
    _check_type(name, attributes, mode)
    _check_coding(name, flags, method)
    meter.expect_file(name, size_bytes)
    record = Record(
        raw_name, name, legacy_name, flags, method, crc, packed_bytes, size_bytes, offset,
        folder, executable=not folder and bool(mode & 0o111),
    )  # fmt: skip
    return record, ENTRY.size + name_bytes + fields_bytes + comment_bytes


def _check_type(name: str, attributes: int, mode: int) -> None:
    folder, kind = name.endswith("/"), stat.S_IFMT(mode)
    if kind == stat.S_IFLNK or attributes & REPARSE_POINT:
        raise a_link(name)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise special_file(name, "a device, a pipe or a socket")
    is_folder = kind == stat.S_IFDIR or attributes & DOS_FOLDER
    if (is_folder and not folder) or (folder and kind == stat.S_IFREG):
        raise ambiguous(f"{shown(name)} is a file to some programs and a folder to others.")


def _check_coding(name: str, flags: int, method: int) -> None:
    if flags & ENCRYPTED:
        raise Rejected(
            "The archive is encrypted",
            f"{shown(name)} needs a password. Pack it without one.",
            code="archive_encrypted",
        )
    if method not in {STORED, DEFLATED} or flags & PATCHED:
        used = METHODS.get(method, f"method {method}")
        raise Rejected(
            "The archive is compressed in a way that is not taken",
            f"{shown(name)} is compressed with {used}. Pack it with Deflate, the usual method, or uncompressed.",
            code="archive_method",
        )
