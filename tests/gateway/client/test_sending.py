"""`erc run` with large archives, which go in pieces over breaks, and with repositories; nothing of the user's is touched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_gateway import COMPENDIUM, FakeGateway
from support.fake_sources import FakeSources
from typer.testing import Result

from erc.gateway.client import running, sending
from erc.gateway.client.pack import Packed


@pytest.fixture
def large(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that is sent in pieces of 1,000 bytes."""
    monkeypatch.setattr(running, "LARGE_BYTES", 1)
    monkeypatch.setattr(sending, "CHUNK_BYTES", 1000)
    (workspace / "data.bin").write_bytes(bytes(range(256)) * 20)
    return workspace


@pytest.fixture
def sources(gateway: FakeGateway) -> FakeSources:
    return FakeSources.beside(gateway)


def packed(folder: Path) -> bytes:
    return b"".join(Packed(folder).pieces())


def test_a_large_folder_goes_in_pieces_and_a_compendium_is_made_of_them(
    large: Path, gateway: FakeGateway, sources: FakeSources, erc: Callable[..., Result]
) -> None:
    done = erc("run", large, url=gateway.url)
    assert done.exit_code == 0, done.output
    assert bytes(sources.kept) == packed(large)
    assert sources.created == [
        {"source": f"source://sha256:{hashlib.sha256(packed(large)).hexdigest()}", "content_type": "workspace"}
    ]
    assert {len(piece) for piece in sources.pieces[:-1]} == {1000}


def test_what_the_service_has_is_not_sent_again(
    large: Path, gateway: FakeGateway, sources: FakeSources, erc: Callable[..., Result]
) -> None:
    sources.existed = True
    assert erc("run", large, url=gateway.url).exit_code == 0
    assert not sources.pieces


@pytest.mark.parametrize("lost", ["before", "after"])
def test_after_a_break_it_goes_on_where_the_service_is(
    large: Path, gateway: FakeGateway, sources: FakeSources, erc: Callable[..., Result], lost: str
) -> None:
    sources.breaks = {3: lost}
    assert erc("run", large, url=gateway.url).exit_code == 0
    assert bytes(sources.kept) == packed(large)
    assert len(sources.pieces) == -(-len(packed(large)) // 1000)


@pytest.mark.parametrize(
    "written", ["https://github.com/a/b", "github.com/a/b/papers@v1", "git@github.com:a/b", "file:///etc"]
)
def test_a_repository_is_named_to_the_service_as_it_was_written(
    written: str, gateway: FakeGateway, sources: FakeSources, erc: Callable[..., Result]
) -> None:
    done = erc("run", written, url=gateway.url)
    assert done.exit_code == 0, done.output
    assert sources.created == [{"source": written, "content_type": "workspace"}]
    assert COMPENDIUM in done.stderr


@pytest.mark.parametrize(("status", "exit_code"), [(404, 4), (400, 1), (504, 6), (403, 8)])
def test_what_the_service_says_of_a_repository_is_told_with_its_exit_code(
    gateway: FakeGateway, erc: Callable[..., Result], status: int, exit_code: int
) -> None:
    gateway.refuse("POST", "/api/v1/compendium", status, title="https://github.com/a/b@x was not found")
    done = erc("run", "https://github.com/a/b@x", "--json", url=gateway.url)
    assert done.exit_code == exit_code
    assert json.loads(done.stdout)["problem"]["title"] == "https://github.com/a/b@x was not found"


def test_what_is_neither_there_nor_a_repository_is_wrong_use(gateway: FakeGateway, erc: Callable[..., Result]) -> None:
    done = erc("run", "no/such/folder", url=gateway.url)
    assert done.exit_code == 2
    assert "does not exist" in done.stderr


def test_a_folder_that_is_there_is_never_taken_for_a_repository(
    workspace: Path, gateway: FakeGateway, erc: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = workspace.parent / "github.com" / "a" / "b"
    named.mkdir(parents=True)
    (named / "main.R").write_text("cat(1)\n")
    monkeypatch.chdir(workspace.parent)
    assert erc("run", "github.com/a/b", url=gateway.url).exit_code == 0
    assert gateway.upload


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, int, bytes]]:
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = os.lstat(path)
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_mode, content)
    return found


def test_nothing_of_the_user_s_folder_is_changed_or_added(
    large: Path, gateway: FakeGateway, sources: FakeSources, erc: Callable[..., Result]
) -> None:
    (large / ".git").mkdir()
    (large / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    before = snapshot(large)
    sources.breaks = {2: "after"}
    assert erc("run", large, url=gateway.url).exit_code == 0
    assert snapshot(large) == before


def test_equal_folders_have_equal_digests_whatever_their_times_and_modes(large: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    twin.mkdir(mode=0o700)
    for name in sorted((path.name for path in large.iterdir()), reverse=True):
        (twin / name).write_bytes((large / name).read_bytes())
        (twin / name).chmod(0o600)
        os.utime(twin / name, (1, 1))
    assert packed(twin) == packed(large)


@given(st.lists(st.binary(max_size=3000), max_size=6), st.integers(0, 9000))
def test_chunks_are_the_bytes_from_the_offset_on(pieces: list[bytes], offset: int) -> None:
    def source() -> Iterator[bytes]:
        yield from pieces

    whole = b"".join(pieces)
    assert b"".join(sending.chunks(source(), offset)) == whole[offset:]
