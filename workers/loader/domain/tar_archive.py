"""Walks a tar archive, plain or gzipped, from its first byte to its last."""

from __future__ import annotations

from collections.abc import Iterator

from erc.events.errors import Rejected
from erc.workers.loader.domain.meter import Member, Meter
from erc.workers.loader.domain.refusals import a_link, ambiguous, broken, shown, special_file
from erc.workers.loader.domain.streams import Stream
from erc.workers.loader.domain.tar_headers import (
    BLOCK_BYTES,
    Header,
    Overrides,
    check_global_pax,
    final_name,
    final_size,
    looks_like_tar,
    parse_header,
    read_long_name,
    read_pax,
)

EXTENSION_BYTES = 1 << 20
"""The most that one extended header may hold."""
PADDING_BYTES = 1 << 20
"""The most zero bytes behind the end of the archive; tar itself fills up to 10 KiB."""
REGULAR = frozenset({b"0", b"\0", b"7"})
FOLDER = b"5"
LINKS = frozenset({b"1", b"2"})
SPECIAL = {
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file (pack it without --sparse)",
}
EXTENSIONS = frozenset({b"x", b"g", b"L", b"K"})


def tar_members(source: Iterator[bytes], meter: Meter) -> Iterator[Member]:
    """Yield the members of a tar archive that comes in pieces; raises `Rejected` at the first fault."""
    stream = Stream(source)
    overrides = Overrides()
    block = stream.start(BLOCK_BYTES)
    if not looks_like_tar(block):
        raise Rejected(
            "The archive is of an unknown kind",
            "It is a gzip file, but there is no tar archive in it. Upload a zip, tar or tar.gz file.",
            code="archive_unknown",
        )
    while any(block):
        header = parse_header(block)
        if header.type in EXTENSIONS:
            _extend(header, stream, meter, overrides)
        else:
            yield from _member(header, overrides, stream, meter)
            overrides = Overrides()
        block = stream.exact(BLOCK_BYTES)
    if overrides.kinds:
        raise broken("An extended header stands before the end.")
    _check_end(stream)


def _extend(header: Header, stream: Stream, meter: Meter, overrides: Overrides) -> None:
    if header.size_bytes > EXTENSION_BYTES:
        raise broken(f"An extended header has more than {EXTENSION_BYTES} bytes.")
    meter.extension(header.size_bytes)
    body = stream.exact(header.size_bytes)
    _skip_padding(stream, header.size_bytes)
    if header.type == b"g":
        meter.member()
        check_global_pax(body)
        return
    if header.type in overrides.kinds:
        raise ambiguous("Two extended headers of one kind stand before one file.")
    overrides.kinds.add(header.type)
    named = overrides.name
    if header.type == b"x":
        read_pax(body, overrides)
    elif header.type == b"L":
        read_long_name(body, overrides)
    else:
        overrides.link = True
    if named is not None and overrides.name != named:
        raise ambiguous("A file has two long names.")


def _member(header: Header, overrides: Overrides, stream: Stream, meter: Meter) -> Iterator[Member]:
    meter.member()
    name = final_name(header, overrides)
    size_bytes = final_size(header, overrides, name)
    _check_type(header, overrides, name)
    folder = header.type == FOLDER or (header.type == b"\0" and name.endswith("/"))
    if folder and size_bytes:
        raise ambiguous(f"The folder {shown(name)} has content.")
    meter.expect_file(name, size_bytes)
    yield Member(
        name=name,
        pieces=meter.file(name, stream.pieces(size_bytes)),
        folder=folder,
        executable=not folder and bool(header.mode & 0o111),
    )
    _skip_padding(stream, size_bytes)


def _check_type(header: Header, overrides: Overrides, name: str) -> None:
    if header.type in LINKS or overrides.link:
        raise a_link(name)
    if overrides.sparse:
        raise special_file(name, SPECIAL[b"S"])
    if header.type not in REGULAR and header.type != FOLDER:
        raise special_file(name, SPECIAL.get(header.type, f"of the unknown type {header.type!r}"))


def _skip_padding(stream: Stream, size_bytes: int) -> None:
    stream.exact(-size_bytes % BLOCK_BYTES)


def _check_end(stream: Stream) -> None:
    """The end is two blocks of zeros and, to the last byte, nothing but more zeros."""
    padding = stream.exact(BLOCK_BYTES)
    seen = 0
    while padding:
        if any(padding):
            raise ambiguous("There is something behind the end of the archive.")
        seen += len(padding)
        if seen > PADDING_BYTES:
            raise broken("There are too many zero bytes behind the end of the archive.")
        padding = stream.some(PADDING_BYTES)
