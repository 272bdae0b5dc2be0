"""One header of a tar archive (ustar, GNU, PAX), read strictly, and the overrides that may stand before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from erc.events.errors import Rejected
from erc.workers.loader.domain.refusals import ambiguous, broken, shown

BLOCK_BYTES = 512
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_SPARSE = ("GNU.sparse.", "SCHILY.realsize")
_WEIGHTY = ("path", "size", "linkpath", "hdrcharset")
"""PAX keywords that change what a member is; all others (times, owners, comments) are of no interest."""
UNWRITABLE_SIZE = 8 << 30
"""From here on a size does not fit the header's octal field, and PAX writers leave that field 0."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it stands in its block."""

    name: bytes
    type: bytes
    mode: int
    size_bytes: int


@dataclass(slots=True)
class Overrides:
    """What extended headers say about the member that follows them."""

    name: bytes | None = None
    size_bytes: int | None = None
    link: bool = False
    sparse: bool = False
    kinds: set[bytes] = field(default_factory=set)
    """Types of the extended headers met."""


def looks_like_tar(block: bytes) -> bool:
    """Whether a file that starts with this block of 512 bytes is a tar archive, damaged or not."""
    return block[257:262] == b"ustar" or (len(block) == BLOCK_BYTES and (not any(block) or _checksum_holds(block)))


def parse_header(block: bytes) -> Header:
    """Read a block of 512 bytes; raises `Rejected` when it is no header."""
    if not _checksum_holds(block):
        raise broken("A header has the wrong checksum.")
    name = block[:100].rstrip(b"\0")
    if block[257:263] == b"ustar\0" and (prefix := block[345:500].rstrip(b"\0")):
        name = prefix + b"/" + name
    mode = _number(block[100:108]) if block[100:108].strip(b" \0") else 0
    return Header(name, block[156:157], mode, _number(block[124:136]))


def _checksum_holds(block: bytes) -> bool:
    said = _OCTAL.fullmatch(block[148:156])
    return said is not None and int(said[1], 8) == sum(block) - sum(block[148:156]) + 8 * 0x20


def _number(text: bytes) -> int:
    if text[0] == 0x80:
        return int.from_bytes(text[1:], "big")
    if found := _OCTAL.fullmatch(text):
        return int(found[1], 8)
    raise broken("A number in a header cannot be read.")


def read_long_name(body: bytes, overrides: Overrides) -> None:
    """Take over a GNU long name."""
    overrides.name = body.removesuffix(b"\0")


def read_pax(body: bytes, overrides: Overrides) -> None:
    """Take over the records of a PAX header that stands before one member."""
    seen: set[str] = set()
    for key, value in _records(body):
        if key in _WEIGHTY and key in seen:
            raise ambiguous(f"A header says “{key}” twice.")
        seen.add(key)
        if key == "path":
            overrides.name = value
        elif key == "size":
            overrides.size_bytes = _decimal(value)
        overrides.link |= key == "linkpath"
        overrides.sparse |= key.startswith(_SPARSE)


def check_global_pax(body: bytes) -> None:
    """Refuse a PAX header for all members that would change what they are; `git archive` writes harmless ones."""
    for key, _ in _records(body):
        if key in _WEIGHTY or key.startswith(_SPARSE):
            raise ambiguous(f"A header for all files says “{key}”.")


def _records(body: bytes) -> list[tuple[str, bytes]]:
    found, position = [], 0
    while position < len(body):
        space = body.find(b" ", position, position + 8)
        length = _decimal(body[position:space]) if space >= 0 else 0
        record = body[position : position + length]
        key, equals, value = record[space + 1 - position : -1].partition(b"=")
        if not length or len(record) < length or record[-1:] != b"\n" or not equals or not key:
            raise broken("An extended header cannot be read.")
        found.append((key.decode(errors="replace"), value))
        position += length
    return found


def _decimal(digits: bytes) -> int:
    if not re.fullmatch(rb"[0-9]{1,20}", digits):
        raise broken("A number in an extended header cannot be read.")
    return int(digits)


def final_name(header: Header, overrides: Overrides) -> str:
    """Return the member's name after all overrides; raises `Rejected` when it is not in UTF-8."""
    raw = header.name if overrides.name is None else overrides.name
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Rejected(
            "A name in the archive cannot be used",
            f"{shown(raw.decode(errors='replace'))} is not in UTF-8. Rename it and pack the archive again.",
            code="archive_name",
        ) from None


def final_size(header: Header, overrides: Overrides, name: str) -> int:
    """Return the member's size in bytes; raises `Rejected` when its two headers disagree."""
    said = overrides.size_bytes
    if said is None or said == header.size_bytes or (said >= UNWRITABLE_SIZE and not header.size_bytes):
        return said or header.size_bytes
    raise ambiguous(f"{shown(name)} has two sizes.")
