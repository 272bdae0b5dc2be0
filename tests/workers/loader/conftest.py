from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from erc.events.errors import Rejected
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.domain import Unpacked, unpack


@dataclass
class Opened:
    """An archive put through the loader, with a store that remembers how many bytes it was given."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    taken_bytes: int = 0
    largest_piece: int = 0
    result: Unpacked | None = None

    def put(self, source: Iterable[bytes]) -> str:
        kept = b""
        for piece in source:
            self.taken_bytes += len(piece)
            self.largest_piece = max(self.largest_piece, len(piece))
            kept += piece
        digest = hashlib.sha256(kept).hexdigest()
        self.blobs[digest] = kept
        return digest

    @property
    def unpacked(self) -> Unpacked:
        assert self.result is not None
        return self.result

    @property
    def files(self) -> dict[str, bytes]:
        return {entry.path: self.blobs[entry.digest] for entry in self.unpacked.manifest.entries()}


@pytest.fixture(scope="session")
def opened() -> Callable[..., Opened]:
    def run(archive: bytes, **limits: int) -> Opened:
        one = Opened()
        one.result = unpack(io.BytesIO(archive), one.put, ArchiveLimits(**limits))
        return one

    return run


@pytest.fixture(scope="session")
def refused(opened: Callable[..., Opened]) -> Callable[..., str]:
    """Return the code with which an archive is refused, or `taken`."""

    def run(archive: bytes, **limits: int) -> str:
        try:
            opened(archive, **limits)
        except Rejected as error:
            assert error.problem.title
            assert error.problem.detail
            assert error.problem.sentence().isprintable()
            return error.problem.code
        return "taken"

    return run


@pytest.fixture(scope="session")
def a_zip() -> Callable[..., bytes]:
    def build(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, mode: int = 0o644) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in files.items():
                info = zipfile.ZipInfo(name)
                info.compress_type = method
                info.external_attr = (0o40755 << 16 | 0x10) if name.endswith("/") else (0o100000 | mode) << 16
                archive.writestr(info, content)
        return out.getvalue()

    return build


@pytest.fixture(scope="session")
def a_tar() -> Callable[..., bytes]:
    def build(files: Mapping[str, bytes], mode: str = "w", layout: int = tarfile.PAX_FORMAT, **fields: object) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode, format=layout) as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                info.size = len(content)
                for key, value in fields.items():
                    setattr(info, key, value)
                archive.addfile(info, io.BytesIO(content))
        return out.getvalue()

    return build
