"""Writes a bag as a zip into the blob store, file by file, in flat memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from erc.events.blobs import CHUNK_BYTES, BlobStore, Writer
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.workers.shipper.domain import BagFile

_EPOCH = (1980, 1, 1, 0, 0, 0)
_STORED = (".zip", ".gz", ".png", ".jpg", ".jpeg", ".xz", ".bz2", ".zst")


class _Sink(io.RawIOBase):
    """What zipfile writes to: a blob in the making, which can only grow."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._writer.write(data)
        return len(data)


class Stopped(Exception):  # noqa: N818 - says what happened
    """Nobody waits for the zip any more."""


def write_zip(blobs: BlobStore, folder: str, files: Sequence[BagFile], stopped: Callable[[], bool]) -> Digest:
    """Return the blob of a zip whose files all lie in `folder`; equal files give equal bytes.

    Raises Rejected when a blob is missing or damaged, Stopped soon after `stopped` says so; then nothing is left.
    """
    with blobs.writer() as writer:
        with zipfile.ZipFile(_Sink(writer), "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for file in files:
                _add(archive, blobs, f"{folder}/{file.path}", file, stopped)
        return writer.commit()


def _add(archive: zipfile.ZipFile, blobs: BlobStore, name: str, file: BagFile, stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Stopped
    about = zipfile.ZipInfo(name, _EPOCH)
    about.external_attr = (0o100755 if file.executable else 0o100644) << 16
    about.compress_type = zipfile.ZIP_STORED if name.lower().endswith(_STORED) else zipfile.ZIP_DEFLATED
    if file.text is not None:
        archive.writestr(about, file.text, compresslevel=1)
        return
    about.file_size = file.size_bytes
    written = 0
    with blobs.open(file.digest) as source, archive.open(about, "w", force_zip64=file.size_bytes > 1 << 31) as target:
        while piece := source.read(CHUNK_BYTES):
            written += len(piece)
            target.write(piece)
            if stopped():
                raise Stopped
    if written != file.size_bytes:
        raise Rejected("A file of the compendium is damaged", f"{file.path} has another size.", "blob_damaged")
