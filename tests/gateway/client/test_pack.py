from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.gateway.client.failures import ClientError
from erc.gateway.client.ignore import LEFT_BEHIND
from erc.gateway.client.pack import PIECE_BYTES, Packed, Reader
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.domain.meter import Meter
from erc.workers.loader.domain.tar_archive import tar_members

NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp"), exclude_characters="/\\:"), min_size=1, max_size=40
).filter(lambda name: name.strip(".") and name not in {".ercignore", *LEFT_BEHIND} and len(name.encode()) < 200)
TREES = st.recursive(
    st.binary(max_size=1500), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict) and _has_file(tree))


def _has_file(tree: dict) -> bool:
    return any(isinstance(value, bytes) or _has_file(value) for value in tree.values())


def _write(folder: Path, tree: dict) -> None:
    for name, value in tree.items():
        if isinstance(value, bytes):
            (folder / name).write_bytes(value)
        else:
            (folder / name).mkdir()
            _write(folder / name, value)


def _flat(tree: dict, above: str = "") -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for name, value in tree.items():
        found[above + name] = value if isinstance(value, bytes) else None
        if not isinstance(value, bytes):
            found |= _flat(value, f"{above}{name}/")
    return found


def _archive(folder: Path) -> bytes:
    return b"".join(Packed(folder).pieces())


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_what_is_packed_is_what_is_read(tree: dict) -> None:
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name), tree)
        packed = Packed(Path(name))
        archive = b"".join(packed.pieces())
    assert len(archive) == packed.size_bytes
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        read = {
            member.name: (opened.extractfile(member) or io.BytesIO()).read() if member.isfile() else None
            for member in opened
        }
    assert read == _flat(tree)
    assert packed.files == sum(content is not None for content in read.values())


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_the_loader_takes_what_is_packed(tree: dict) -> None:
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name), tree)
        archive = _archive(Path(name))
    members = {
        member.name.rstrip("/"): None if member.folder else b"".join(member.pieces)
        for member in tar_members(iter([archive]), Meter(ArchiveLimits(), len(archive)))
    }
    assert members == _flat(tree)


@settings(max_examples=50, deadline=None)
@given(TREES, st.integers(1, 5000))
def test_reading_in_pieces_of_any_size_gives_the_same_bytes(tree: dict, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name), tree)
        packed, seen = Packed(Path(name)), []
        reader = Reader(packed.pieces(), packed.size_bytes, seen.append)
        read = b"".join(iter(lambda: reader.read(size), b""))
        assert read == _archive(Path(name))
        assert sum(seen) == packed.size_bytes


def test_equal_folders_give_equal_bytes_whatever_their_times_and_owners(tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "data").mkdir(parents=True)
        for file in ("b", "a") if name == "two" else ("a", "b"):
            (tmp_path / name / "data" / file).write_text(file)
    os.utime(tmp_path / "two" / "data" / "a", (1, 1))
    (tmp_path / "two" / "data" / "b").chmod(0o600)
    assert _archive(tmp_path / "one") == _archive(tmp_path / "two")


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_an_executable_file_stays_one(workspace) -> None:
    (workspace / "run.sh").write_text("#!/bin/sh\n")
    (workspace / "run.sh").chmod(0o750)
    with tarfile.open(fileobj=io.BytesIO(_archive(workspace))) as archive:
        assert {member.name: member.mode for member in archive} == {"main.R": 0o644, "run.sh": 0o755}


def test_what_tools_leave_behind_is_left_out(workspace) -> None:
    for name in (".git", "__pycache__", ".venv", "node_modules", ".Rproj.user", "code/__pycache__"):
        (workspace / name).mkdir(parents=True)
        (workspace / name / "file").write_text("x")
    with tarfile.open(fileobj=io.BytesIO(_archive(workspace))) as archive:
        assert archive.getnames() == ["code", "main.R"]


def test_ercignore_leaves_out_and_takes_in_again(workspace) -> None:
    (workspace / ".ercignore").write_text("# large\n*.csv\n!keep.csv\n/raw/\n")
    (workspace / "raw").mkdir()
    for name in ("a.csv", "keep.csv", "raw/x", "raw.txt"):
        (workspace / name).write_text("x")
    with tarfile.open(fileobj=io.BytesIO(_archive(workspace))) as archive:
        assert archive.getnames() == [".ercignore", "keep.csv", "main.R", "raw.txt"]


def test_a_link_is_refused_by_its_name(workspace) -> None:
    (workspace / "data").mkdir()
    (workspace / "data" / "latest.csv").symlink_to("/etc/passwd")
    with pytest.raises(ClientError, match=r"“data/latest.csv” is a link\. .*leave it out .*: /data/latest.csv"):
        Packed(workspace)


def test_a_link_that_is_left_out_is_no_obstacle(workspace) -> None:
    (workspace / "latest.csv").symlink_to("/etc/passwd")
    (workspace / ".ercignore").write_text("/latest.csv\n")
    assert Packed(workspace).files == 2


def test_a_link_put_in_the_place_of_a_file_meanwhile_is_not_followed(workspace) -> None:
    packed = Packed(workspace)
    (workspace / "main.R").unlink()
    (workspace / "main.R").symlink_to("/etc/passwd")
    with pytest.raises(ClientError, match="cannot be read"):
        list(packed.pieces())


@pytest.mark.parametrize("content", ["longer than before\n", ""])
def test_a_file_that_changes_meanwhile_is_told(workspace, content) -> None:
    packed = Packed(workspace)
    (workspace / "main.R").write_text(content)
    with pytest.raises(ClientError, match=r"“main\.R” changed while it was sent"):
        list(packed.pieces())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_named_pipe_is_refused(workspace) -> None:
    os.mkfifo(workspace / "pipe")
    with pytest.raises(ClientError, match="neither a file nor a folder"):
        Packed(workspace)


def test_a_name_that_is_no_utf_8_is_refused(workspace) -> None:
    try:
        Path(os.fsdecode(os.fsencode(workspace) + b"/caf\xe9.csv")).write_text("x")
    except OSError:
        pytest.skip("the file system takes no such name")
    with pytest.raises(ClientError, match="not written in UTF-8"):
        Packed(workspace)


def test_a_folder_without_a_file_is_refused(tmp_path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(ClientError, match="There is no file in"):
        Packed(tmp_path / "empty")


def test_a_broken_pattern_is_told(workspace) -> None:
    (workspace / ".ercignore").write_text("[z-a]\n")
    with pytest.raises(ClientError, match=r"\.ercignore cannot be read\. The pattern “\[z-a\]”"):
        Packed(workspace)


def test_a_large_file_is_not_read_into_memory(workspace) -> None:
    with (workspace / "large").open("wb") as file:
        file.truncate(64 << 20)
    packed = Packed(workspace)
    assert max(len(piece) for piece in packed.pieces()) <= PIECE_BYTES
