"""A multipart upload, streamed into the blob store while its digest is computed; nothing is spooled."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from erc.events.blobs import BlobStore, Writer
from erc.gateway.errors import Refused
from erc.schemas.ids import Digest

BUFFER_BYTES = 1 << 20
FIELD_BYTES = 64 << 10
PARTS = 32


@dataclass
class Upload:
    """What came: the small fields, and the file as a blob with its size in bytes and its name as the sender gave it."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Digest | None = None
    file_bytes: int = 0
    file_name: str = ""


class _Parts:
    """Collects the parser's callbacks: small fields here, the file's bytes in `pending` until they are written."""

    def __init__(self, file_field: str) -> None:
        self.upload = Upload()
        self.pending = bytearray()
        self.file_seen = False
        self.ended = False
        self._file_field = file_field
        self._in_file = False
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._name, self._value = "", bytearray()
        self._count = 0

    def take(self) -> bytearray:
        """Return the file's bytes that wait to be written."""
        pending, self.pending = self.pending, bytearray()
        return pending

    def callbacks(self) -> dict[str, object]:
        """Return them as the parser wants them."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._count += 1
        if self._count > PARTS:
            raise Refused(400, "Too many form fields", f"At most {PARTS} are read.")
        self._headers, self._value, self._in_file = {}, bytearray(), False

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        _kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace")
        if self._name == self._file_field and b"filename" in options:
            if self.file_seen:
                raise Refused(400, "More than one file", f"Send one file in the field `{self._file_field}`.")
            self.file_seen = self._in_file = True
            self.upload.file_name = options[b"filename"].decode(errors="replace")[:255]

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.pending += memoryview(data)[start:end]
            return
        self._value += data[start:end]
        if len(self._value) > FIELD_BYTES:
            raise Refused(413, "A form field is too large", f"At most {FIELD_BYTES} bytes are read.")

    def _part_end(self) -> None:
        if not self._in_file and self._name:
            self.upload.fields[self._name] = self._value.decode(errors="replace")

    def _end(self) -> None:
        self.ended = True


async def receive(
    content_type: str,
    body: AsyncIterator[bytes],
    blobs: BlobStore,
    file_field: str,
    limit_bytes: int,
    threads: Executor | None = None,
) -> Upload:
    """Read a multipart body to its end and keep its file; raises Refused (400, 413), leaving nothing behind.

    `threads` write and hash, so that light requests need not wait for those of their own.
    """
    kind, options = parse_options_header(content_type.encode())
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Refused(400, "A multipart form is needed", "Send the archive in the field `compendium`.")
    parts = _Parts(file_field)
    parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
    async with _opened(blobs, threads) as writer:
        async with _Behind(writer, limit_bytes, threads) as behind:
            async for piece in body:
                _feed(parser, piece)
                if len(parts.pending) >= BUFFER_BYTES:
                    await behind.write(parts.take())
            await behind.write(parts.take())
        if not parts.ended:
            raise Refused(400, "The upload is incomplete", "The form ended before its last boundary.")
        if parts.file_seen:
            parts.upload.file_bytes = writer.size_bytes
            parts.upload.file = await asyncio.get_running_loop().run_in_executor(threads, writer.commit)
    return parts.upload


@contextlib.asynccontextmanager
async def _opened(blobs: BlobStore, threads: Executor | None) -> AsyncIterator[Writer]:
    """Open and close a writer in a thread: a store that is far away may take long for both."""
    loop, writer = asyncio.get_running_loop(), blobs.writer()
    opened = await loop.run_in_executor(threads, writer.__enter__)
    try:
        yield opened
    finally:
        await loop.run_in_executor(threads, writer.__exit__, *sys.exc_info())


class _Behind:
    """Writes one buffer in a thread while the next one is received; at its end everything is written."""

    def __init__(self, writer: Writer, limit_bytes: int, threads: Executor | None) -> None:
        self._writer, self._limit_bytes, self._size_bytes, self._threads = writer, limit_bytes, 0, threads
        self._writing: asyncio.Future[None] | None = None

    async def write(self, buffer: bytearray) -> None:
        """Begin to write a buffer as soon as the one before is written; raises Refused (413)."""
        self._size_bytes += len(buffer)
        if self._size_bytes > self._limit_bytes:
            raise Refused(413, "The upload is too large", f"At most {self._limit_bytes} bytes are accepted.")
        if self._writing is not None:
            await self._writing
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._threads, self._writer.write, memoryview(buffer))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, _error: object, _trace: object) -> None:
        if self._writing is not None:
            # The thread uses the file until it has ended, whatever happened here.
            await asyncio.gather(asyncio.shield(self._writing), return_exceptions=kind is not None)


def _feed(parser: MultipartParser, piece: bytes) -> None:
    try:
        parser.write(piece)
    except FormParserError as error:
        raise Refused(400, "The form cannot be read", str(error)) from error
