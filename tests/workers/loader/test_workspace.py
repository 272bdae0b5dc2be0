from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.errors import Rejected, Unavailable
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.domain import unpack
from erc.workers.loader.domain.names import folded, left_out

Build = Callable[..., bytes]

PART = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/\\:"), min_size=1, max_size=12
).filter(lambda part: part not in {".", ".."})
TREES = st.recursive(
    st.binary(max_size=2000),
    lambda inner: st.dictionaries(PART, inner, min_size=1, max_size=4),
    max_leaves=12,
).filter(lambda tree: isinstance(tree, dict))


def flat(tree: Any, folder: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, content in tree.items():
        path = f"{folder}{name}"
        found |= {path: content} if isinstance(content, bytes) else flat(content, f"{path}/")
    return found


def distinct(files: dict[str, bytes]) -> bool:
    nodes = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 2)}
    return len({"/".join(map(folded, node.split("/"))) for node in nodes}) == len(nodes)


@settings(deadline=None)
@given(tree=TREES, top=st.sampled_from(["", "paper-1/"]))
def test_a_tree_comes_out_of_every_kind_of_archive_as_it_went_in(
    tree: Any, top: str, a_zip: Build, a_tar: Build, opened: Callable[..., Any]
) -> None:
    files = {path: content for path, content in flat(tree).items() if not left_out(path)}
    if not distinct(files) or not files:
        return
    packed = {f"{top}{path}": content for path, content in files.items()}
    archives = [a_zip(packed), a_zip(packed, zipfile.ZIP_STORED), a_tar(packed), a_tar(packed, "w:gz")]
    results = [opened(archive) for archive in archives]
    expected = files if top or len({path.split("/")[0] for path in files}) > 1 else None
    for result in results:
        assert result.unpacked.manifest == results[0].unpacked.manifest
        assert expected is None or result.files == expected
        assert sorted(result.files.values()) == sorted(files.values())


SEED = {
    "paper/main.Rmd": b"---\ntitle: x\n---\n" * 40,
    "paper/data/a.csv": b"1,2,3\n" * 200,
    "paper/" + "long" * 30: b"x",
    "paper/empty": b"",
}
CHANGE = st.tuples(
    st.sampled_from(["flip", "cut", "splice", "double", "insert"]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.binary(min_size=1, max_size=8),
)


def changed(archive: bytes, changes: list[tuple[str, float, float, bytes]]) -> bytes:
    for kind, start, end, piece in changes:
        low, high = sorted((int(start * len(archive)), int(end * len(archive))))
        if kind == "flip":
            archive = archive[:low] + piece + archive[low + len(piece) :]
        elif kind == "cut":
            archive = archive[:low] + archive[min(high, low + 600) :]
        elif kind == "splice":
            archive = archive[:low] + archive[high : high + 512] + archive[low:]
        elif kind == "double":
            archive += archive[low:]
        else:
            archive = archive[:low] + piece + archive[low:]
    return archive


@settings(deadline=None, max_examples=1000)
@given(
    kind=st.sampled_from(["zip", "stored", "tar", "tar.gz", "inside gz"]),
    changes=st.lists(CHANGE, min_size=1, max_size=4),
)
def test_a_damaged_archive_is_refused_or_read_within_the_limits(
    kind: str, changes: list[tuple[str, float, float, bytes]], a_zip: Build, a_tar: Build
) -> None:
    archives = {
        "zip": lambda: changed(a_zip(SEED), changes),
        "stored": lambda: changed(a_zip(SEED, zipfile.ZIP_STORED), changes),
        "tar": lambda: changed(a_tar(SEED), changes),
        "tar.gz": lambda: changed(a_tar(SEED, "w:gz"), changes),
        "inside gz": lambda: gzip.compress(changed(a_tar(SEED), changes)),
    }
    limits = ArchiveLimits(unpacked_bytes=3000, file_bytes=2000, entries=8)
    taken: list[int] = []

    def put(source: Any) -> str:
        taken.extend(len(piece) for piece in source)
        return "0" * 64

    try:
        manifest = unpack(io.BytesIO(archives[kind]()), put, limits).manifest
    except Rejected as error:
        assert error.problem.code.startswith("archive_")
        assert error.problem.sentence().isprintable()
    else:
        assert len(manifest) <= 8
        assert all(entry.size_bytes <= 2000 for entry in manifest.entries())
    assert sum(taken) <= 3000


@settings(deadline=None)
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"x" * 257 + b"ustar"]),
    rest=st.binary(max_size=2000),
)
def test_chance_bytes_are_refused(start: bytes, rest: bytes, refused: Callable[..., str]) -> None:
    assert refused(start + rest).startswith("archive_")


def test_nothing_at_all_is_refused_as_empty(refused: Callable[..., str], a_zip: Build) -> None:
    assert refused(b"") == "archive_empty"
    assert refused(a_zip({})) == "archive_empty"
    assert refused(a_zip({"folder/": b""})) == "archive_empty"
    assert refused(a_zip({"__MACOSX/._a": b"", ".DS_Store": b""})) == "archive_empty"


@pytest.mark.parametrize(
    "content", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh9", b"\xfd7zXZ\0", b"MZ" + b"x" * 600, b"<html>"]
)
def test_another_kind_of_file_is_refused_with_the_kinds_that_are_taken(
    content: bytes, opened: Callable[..., Any]
) -> None:
    with pytest.raises(Rejected) as caught:
        opened(content)
    assert caught.value.problem.code == "archive_unknown"
    assert "zip, tar and tar.gz" in caught.value.problem.detail


def test_the_folder_in_which_everything_lies_is_taken_off(a_zip: Build, opened: Callable[..., Any]) -> None:
    files = {
        "paper-main/": b"",
        "paper-main/erc.yml": b"id: x",
        "paper-main/paper-main/a": b"1",
        "paper-main/.erc/metadata.json": b"{}",
        "__MACOSX/paper-main/._erc.yml": b"",
        ".DS_Store": b"",
    }
    one = opened(a_zip(files))
    assert set(one.files) == {"erc.yml", "paper-main/a", ".erc/metadata.json"}
    assert one.unpacked.compendium
    assert not one.unpacked.bag
    assert "2 files" in one.unpacked.notes[0]


def test_a_file_or_folder_beside_it_keeps_the_top_folder(a_tar: Build, opened: Callable[..., Any]) -> None:
    assert set(opened(a_tar({"paper/a": b"1", "b": b"2"})).files) == {"paper/a", "b"}
    assert set(opened(a_tar({"paper/a": b"1", "output/": b""})).files) == {"paper/a"}
    assert set(opened(a_tar({"a": b"1"})).files) == {"a"}


def test_a_bag_is_recognised_through_its_top_folder(a_tar: Build, opened: Callable[..., Any]) -> None:
    one = opened(a_tar({"bag/bagit.txt": b"BagIt-Version: 1.0", "bag/data/erc.yml": b"id: x"}, "w:gz"))
    assert one.unpacked.bag
    assert one.unpacked.compendium
    assert set(one.files) == {"bagit.txt", "data/erc.yml"}


def test_a_configuration_in_data_counts_only_in_a_bag(a_tar: Build, opened: Callable[..., Any]) -> None:
    assert not opened(a_tar({"data/erc.yml": b"id: x", "a": b""})).unpacked.compendium


def test_what_macos_adds_is_left_out_with_a_note(a_tar: Build, opened: Callable[..., Any]) -> None:
    double = b"\x00\x05\x16\x07" + bytes(100)
    one = opened(
        a_tar(
            {
                "._paper": double,
                "paper/": b"",
                "paper/a": b"1",
                "paper/._a": double,
                "paper/._mine": b"kept",
                "paper/.DS_Store": b"x",
            }
        )
    )
    assert one.files == {"a": b"1", "._mine": b"kept"}
    assert one.unpacked.notes == ["Left out what macOS adds to archives (__MACOSX, .DS_Store, ._*): 3 files."]


def test_the_history_of_git_is_left_out_with_a_note(a_zip: Build, opened: Callable[..., Any]) -> None:
    one = opened(a_zip({"a": b"1", ".git/config": b"[core]", "sub/.git/HEAD": b"x", ".gitignore": b"*.o"}))
    assert set(one.files) == {"a", ".gitignore"}
    assert one.unpacked.notes == ["Left out the history of git (.git): 2 files."]


def test_an_empty_folder_is_noted(a_zip: Build, opened: Callable[..., Any]) -> None:
    one = opened(a_zip({"a": b"1", "figures/": b"", "used/": b"", "used/b": b""}))
    assert len(one.unpacked.notes) == 1
    assert "“figures”" in one.unpacked.notes[0]
    assert "used" not in one.unpacked.notes[0]


def test_a_nested_archive_is_an_opaque_file(a_zip: Build, opened: Callable[..., Any]) -> None:
    inner = a_zip({"../evil": bytes(100_000)})
    assert opened(a_zip({"inner.zip": inner, "a": b""})).files["inner.zip"] == inner
    assert opened(a_zip({"inner.zip": inner, "a": b""}, zipfile.ZIP_STORED)).files["inner.zip"] == inner


def test_names_that_a_shell_would_act_on_are_kept(a_zip: Build, opened: Callable[..., Any]) -> None:
    files = {"$(touch pwned)": b"", "; rm -rf ~": b"", "`id`": b"", "-rf": b"", "a b\u00a0c": b"", "*?[x]": b""}
    assert opened(a_zip(files)).files == files


def test_mode_size_and_media_type_stand_in_the_manifest(a_zip: Build, opened: Callable[..., Any]) -> None:
    entry = opened(a_zip({"run.R": b"print(1)", "b.R": b""}, mode=0o4755)).unpacked.manifest.get("run.R")
    assert (entry.size_bytes, entry.executable, entry.media_type) == (8, True, "script/x-R")


def test_a_ratio_counts_only_from_its_threshold(a_zip: Build, refused: Callable[..., str]) -> None:
    archive = a_zip({"zeros": bytes(1 << 20)})
    assert refused(archive, ratio=10, ratio_from_bytes=1 << 20) == "taken"
    assert refused(archive, ratio=10, ratio_from_bytes=(1 << 20) - 1) == "archive_too_large"


def test_a_store_that_fails_is_not_blamed_on_the_archive(a_zip: Build) -> None:
    def put(_: Any) -> str:
        raise Unavailable("The blob store cannot be written")

    with pytest.raises(Unavailable):
        unpack(io.BytesIO(a_zip({"a": b"1"})), put, ArchiveLimits())
