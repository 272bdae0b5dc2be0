"""The optional fields of a zip header (APPNOTE 4.5): ZIP64 sizes, Unicode names, Unix types."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Sequence

from erc.workers.loader.domain.refusals import ambiguous, broken, shown

ZIP64, UNICODE_PATH, ASI_UNIX = 0x0001, 0x7075, 0x756E
WEIGHTY = frozenset({ZIP64, UNICODE_PATH, ASI_UNIX})
FULL32 = 0xFFFFFFFF
FLAG_UTF8 = 1 << 11


def parse_fields(raw: bytes) -> dict[int, bytes]:
    """Return the optional fields by their number; raises `Rejected` when one that matters is there twice."""
    found: dict[int, bytes] = {}
    position = 0
    while position < len(raw):
        if position + 4 > len(raw):
            raise broken("An optional field is cut off.")
        number, size_bytes = struct.unpack_from("<HH", raw, position)
        position += 4 + size_bytes
        if position > len(raw):
            raise broken("An optional field is cut off.")
        if number in WEIGHTY and number in found:
            raise ambiguous("An optional field is there twice.")
        found[number] = raw[position - size_bytes : position]
    return found


def widened(values: Sequence[int], fields: dict[int, bytes]) -> list[int]:
    """Return (size, packed size[, offset]) with those of 32 full bits taken from the ZIP64 field.

    A field that says something else than the header about a value that is not full is refused.
    """
    data = fields.get(ZIP64)
    full = [number for number, value in enumerate(values) if value == FULL32]
    if data is None:
        return list(values)
    wide = struct.unpack_from(f"<{len(data) // 8}Q", data)
    if len(wide) == len(full):
        return [wide[full.index(number)] if number in full else value for number, value in enumerate(values)]
    if len(wide) < len(full):
        raise broken("A ZIP64 field is cut off.")
    if any(value not in {FULL32, other} for value, other in zip(values, wide, strict=False)):
        raise ambiguous("A file has two sizes.")
    return [*wide, *values[len(wide) :]][: len(values)]


def final_name(raw: bytes, flags: int, fields: dict[int, bytes]) -> tuple[str, bool]:
    """Return the name that programs will show, and whether it had to be read in the legacy code page 437.

    Raises `Rejected` when the Unicode field names another file than the header.
    """
    name, legacy = _header_name(raw, flags)
    if UNICODE_PATH not in fields:
        return name, legacy
    data = fields[UNICODE_PATH]
    try:
        unicode_name = data[5:].decode()
    except UnicodeDecodeError:
        raise broken("A Unicode name is not in UTF-8.") from None
    if data[:5] != struct.pack("<BL", 1, zlib.crc32(raw)) or (unicode_name != name and _is_certain(raw, flags)):
        raise ambiguous(f"{shown(name)} has a second name.")
    return unicode_name, False


def _is_certain(raw: bytes, flags: int) -> bool:
    # Info-ZIP writes `#U00e9` where the local character set lacks a letter
    return bool(flags & FLAG_UTF8) or (raw.isascii() and b"#U" not in raw and b"#L" not in raw)


def _header_name(raw: bytes, flags: int) -> tuple[str, bool]:
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        if flags & FLAG_UTF8:
            raise broken(f"The name {shown(raw.decode(errors='replace'))} is not in UTF-8.") from None
    return raw.decode("cp437"), True


def unix_mode(attributes: int, fields: dict[int, bytes]) -> int:
    """Return the Unix mode of a member, that of the obsolete ASi field when it says more than the header's."""
    mode = attributes >> 16
    asi = fields.get(ASI_UNIX, b"")
    if len(asi) >= 6 and (asi_mode := struct.unpack_from("<H", asi, 4)[0]) and not stat.S_ISREG(asi_mode):
        return int(asi_mode)
    return mode
