"""A multipart body in any pieces becomes one blob; a bad one leaves nothing behind."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erc.events.blobs import FileBlobStore
from erc.gateway import upload
from erc.gateway.errors import Refused

KIND = "multipart/form-data; boundary=XX"
LIMIT = 4 << 20


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, file, content in parts:
        filename = f'; filename="{file}"' if file else ""
        body += f'--XX\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + content + b"\r\n"
    return body + b"--XX--\r\n"


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def sent(blobs: FileBlobStore, body: bytes, size: int = 1000, kind: str = KIND) -> upload.Upload:
    return await upload.receive(kind, pieces(body, size), blobs, "compendium", LIMIT)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=5000), size=st.integers(1, 700))
async def test_any_pieces_give_the_same_blob(blobs: FileBlobStore, content: bytes, size: int) -> None:
    body = form(("content_type", None, b"workspace"), ("compendium", "w.zip", content))
    got = await sent(blobs, body, size)
    assert got.fields == {"content_type": "workspace"}
    assert (got.file, got.file_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


async def test_several_buffers_are_written_in_order(blobs: FileBlobStore) -> None:
    content = b"".join(number.to_bytes(4, "big") for number in range(900_000))
    got = await sent(blobs, form(("compendium", "w", content)), size=65_536)
    assert got.file == hashlib.sha256(content).hexdigest()


REFUSED = {
    "no form": (b"{}", "application/json", 400),
    "no boundary": (b"{}", "multipart/form-data", 400),
    "cut": (form(("compendium", "w", b"x" * 5000))[:-10], KIND, 400),
    "two files": (form(("compendium", "a", b"1"), ("compendium", "b", b"2")), KIND, 400),
    "too large": (form(("compendium", "w", b"x" * (LIMIT + 1))), KIND, 413),
    "a huge field": (form(("content_type", None, b"x" * 100_000)), KIND, 413),
    "endless fields": (form(*[("f", None, b"x")] * 1000), KIND, 400),
    "garbage": (b"\x00\xff" * 500, KIND, 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_bad_form_is_refused_and_leaves_nothing(blobs: FileBlobStore, tmp_path: Path, name: str) -> None:
    body, kind, status = REFUSED[name]
    with pytest.raises(Refused) as refused:
        await sent(blobs, body, kind=kind)
    assert refused.value.status == status
    assert not files(tmp_path)


async def test_a_name_of_the_sender_is_only_text(blobs: FileBlobStore, tmp_path: Path) -> None:
    got = await sent(blobs, form(("compendium", "../../etc/passwd", b"x")))
    assert got.file
    assert [path.name for path in files(tmp_path)] == [got.file]
