"""Walks a zip archive: every byte of the file belongs to exactly one member or to the directory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from erc.workers.loader.domain.meter import Member, Meter
from erc.workers.loader.domain.refusals import ambiguous, broken, shown
from erc.workers.loader.domain.streams import PACKED_BYTES, PIECE_BYTES, exact, inflated, pieces
from erc.workers.loader.domain.zip_directory import DEFLATED, Record, read_directory
from erc.workers.loader.domain.zip_fields import FULL32, final_name, parse_fields, widened

LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_SIGN, DESCRIPTOR_SIGN = b"PK\x03\x04", b"PK\x07\x08"
FLAG_DESCRIPTOR = 1 << 3
DESCRIPTOR_BYTES = 24


def zip_members(file: BinaryIO, archive_bytes: int, meter: Meter) -> Iterator[Member]:
    """Yield the members of a zip archive in the order of their bytes; raises `Rejected` at the first fault."""
    records, directory = read_directory(file, archive_bytes, meter)
    ends = [*(record.offset for record in records), directory][1:]
    _check_places(records, ends, directory)
    for record, end in zip(records, ends, strict=True):
        meter.member()
        data = _enter(file, record)
        yield Member(
            name=record.name,
            pieces=_content(file, record, meter),
            folder=record.folder,
            executable=record.executable,
            legacy_name=record.legacy_name,
        )
        _check_rest(file, record, data + record.packed_bytes, end)


def _check_places(records: list[Record], ends: list[int], directory: int) -> None:
    if (records[0].offset if records else directory) != 0:
        raise ambiguous("There is something before its first file.")
    for record, end in zip(records, ends, strict=True):
        if record.offset + LOCAL.size + len(record.raw_name) + record.packed_bytes > end:
            raise ambiguous(f"{shown(record.name)} overlaps another file.")


def _enter(file: BinaryIO, record: Record) -> int:
    """Read the local header, which must agree with the directory, and return where the data begin."""
    file.seek(record.offset)
    (sign, _, flags, method, _, _, crc, packed_bytes, size_bytes, name_bytes, fields_bytes) = LOCAL.unpack(
        exact(file, LOCAL.size)
    )
    if sign != LOCAL_SIGN:
        raise broken(f"{shown(record.name)} is not where the directory says.")
    raw_name = exact(file, name_bytes)
    fields = parse_fields(exact(file, fields_bytes))
    size_bytes, packed_bytes = widened((size_bytes, packed_bytes), fields)
    said = (crc, packed_bytes, size_bytes)
    known = (record.crc, record.packed_bytes, record.size_bytes)
    if flags & FLAG_DESCRIPTOR:
        sizes_agree = all(one in {0, other} for one, other in zip(said, known, strict=True))
    else:
        sizes_agree = said == known
    named = raw_name == record.raw_name and final_name(raw_name, flags, fields)[0] == record.name
    if not (named and sizes_agree and flags == record.flags and method == record.method):
        raise ambiguous(f"{shown(record.name)} is described in two ways.")
    return record.offset + LOCAL.size + len(raw_name) + int(fields_bytes)


def _content(file: BinaryIO, record: Record, meter: Meter) -> Iterator[bytes]:
    """Yield the data, never more than the directory says, and check their size and checksum."""
    if record.method == DEFLATED and record.packed_bytes:
        source = inflated(pieces(file, record.packed_bytes, PACKED_BYTES))
    else:
        source = pieces(file, record.packed_bytes, PIECE_BYTES)
    size_bytes = crc = 0
    for piece in meter.file(record.name, source):
        size_bytes += len(piece)
        crc = zlib.crc32(piece, crc)
        if size_bytes > record.size_bytes:
            raise broken(f"{shown(record.name)} is larger than it says.")
        yield piece
    if size_bytes != record.size_bytes or crc != record.crc:
        raise broken(f"{shown(record.name)} does not have the size or the checksum that it should have.")
    if record.folder and size_bytes:
        raise ambiguous(f"The folder {shown(record.name)} has content.")


def _check_rest(file: BinaryIO, record: Record, data_end: int, end: int) -> None:
    """Check that up to the next member there is nothing but the data descriptor that the flags announce."""
    file.seek(data_end)
    if not 0 <= end - data_end <= DESCRIPTOR_BYTES or exact(file, end - data_end) not in _descriptors(record):
        raise ambiguous(f"There is something between {shown(record.name)} and what follows it.")


def _descriptors(record: Record) -> set[bytes]:
    if not record.flags & FLAG_DESCRIPTOR:
        return {b""}
    sizes = {struct.pack("<QQ", record.packed_bytes, record.size_bytes)}
    if max(record.packed_bytes, record.size_bytes) <= FULL32:
        sizes.add(struct.pack("<LL", record.packed_bytes, record.size_bytes))
    return {sign + struct.pack("<L", record.crc) + size for sign in (b"", DESCRIPTOR_SIGN) for size in sizes}
