"""Workspaces as folders."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.events.holding import holding
from erc.schemas.workspace import Entry, Manifest
from erc.workers.executor.domain import Owner
from erc.workers.trees import Trees


def laid_out(trees: Trees, manifest: Manifest) -> Path:
    return trees.materialise(manifest.digest, lambda: manifest)


def test_a_workspace_becomes_files_that_share_the_blobs_bytes(
    trees: Trees, workspace: Callable, blobs: FileBlobStore, owner: Owner
) -> None:
    manifest = workspace({"main.Rmd": b"text", "data/raw/a.csv": b"1,2", "run.sh*": b"#!/bin/sh"})

    tree = laid_out(trees, manifest)

    assert {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file()} == {
        "main.Rmd": b"text",
        "data/raw/a.csv": b"1,2",
        "run.sh": b"#!/bin/sh",
    }
    modes = {name: (tree / name).stat().st_mode & 0o777 for name in (".", "data", "main.Rmd", "run.sh")}
    assert modes == {".": 0o755, "data": 0o755, "main.Rmd": 0o644, "run.sh": 0o755}
    assert {path.stat().st_uid for path in [tree, *tree.rglob("*")]} == {owner.uid}
    assert (tree / "main.Rmd").samefile(blobs.path(manifest.get("main.Rmd").digest))
    assert blobs.path(manifest.get("run.sh").digest).stat().st_mode & 0o777 == 0o644
    assert tree.parent.stat().st_mode & 0o777 == 0o700


def test_a_workspace_is_laid_out_once(trees: Trees, workspace: Callable) -> None:
    manifest = workspace({"a": b"1"})
    first = laid_out(trees, manifest)

    asked: list[int] = []
    again = trees.materialise(manifest.digest, lambda: asked.append(1) or manifest)

    assert (again, asked) == (first, [])


def test_two_workspaces_share_one_executable(trees: Trees, workspace: Callable) -> None:
    one, two = laid_out(trees, workspace({"run*": b"x"})), laid_out(trees, workspace({"run*": b"x", "b": b""}))

    assert (one / "run").samefile(two / "run")


def test_an_empty_workspace_is_an_empty_folder(trees: Trees) -> None:
    assert list(laid_out(trees, Manifest([])).iterdir()) == []


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "a//b", "./a", "a/.", "", "a\0b"])
def test_a_path_that_leads_out_is_refused_and_leaves_nothing(trees: Trees, blobs: FileBlobStore, path: str) -> None:
    manifest = Manifest([Entry(path=path, digest=blobs.put(b"x"), size_bytes=1)])

    with pytest.raises(Rejected) as caught:
        laid_out(trees, manifest)

    assert caught.value.problem.code == "workspace_path"
    assert trees.sweep(set(), time.time() + 60) == 0


def test_a_name_of_both_a_file_and_a_folder_is_refused(trees: Trees, workspace: Callable) -> None:
    with pytest.raises(Rejected, match="laid out"):
        laid_out(trees, workspace({"a": b"1", "a/b": b"2"}))


@pytest.mark.parametrize("executable", [True, False])
def test_a_missing_blob_is_named(trees: Trees, executable: bool) -> None:
    lost = Entry(path="data.csv", digest="0" * 64, size_bytes=1, executable=executable)

    with pytest.raises(Rejected) as caught:
        laid_out(trees, Manifest([lost]))

    assert "'data.csv'" in caught.value.problem.detail


def test_more_links_than_the_file_system_allows_become_copies(
    trees: Trees, workspace: Callable, blobs: FileBlobStore, tmp_path: Path
) -> None:
    manifest = workspace({"empty": b""})
    blob = blobs.path(manifest.get("empty").digest)
    (tmp_path / "links").mkdir()
    try:
        for number in range(66_000):
            os.link(blob, tmp_path / "links" / str(number))
    except OSError:
        assert (laid_out(trees, manifest) / "empty").read_bytes() == b""
        assert not (laid_out(trees, manifest) / "empty").samefile(blob)
    else:
        pytest.skip("this file system allows more links than a test should make")


def test_many_at_once_get_the_same_tree(trees: Trees, workspace: Callable) -> None:
    manifest = workspace({f"d{n}/f{n}*": b"%d" % n for n in range(50)})
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(laid_out(trees, manifest))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(list(found[0].rglob("f*"))) == 50
    assert sorted(p.name for p in found[0].parent.iterdir()) == sorted([manifest.digest, "executable"])


def test_sweeping_spares_what_is_kept_or_was_used_lately(trees: Trees, workspace: Callable) -> None:
    kept, used, old = (workspace({name: b"x", f"{name}.sh*": name.encode()}) for name in ("kept", "used", "old"))
    now = time.time()
    for manifest in (kept, used, old):
        os.utime(laid_out(trees, manifest), (now - 1000, now - 1000))
    laid_out(trees, used)

    assert trees.sweep({kept.digest}, now - 100) == 1

    root = laid_out(trees, kept).parent
    assert {p.name for p in root.iterdir()} == {kept.digest, used.digest, "executable"}
    assert trees.sweep({kept.digest, used.digest}, time.time() + 60) == 0
    assert len(list((root / "executable").iterdir())) == 2


def test_half_a_tree_goes_when_no_process_makes_it_any_more(trees: Trees, workspace: Callable, tmp_path: Path) -> None:
    manifest, root = workspace({"a": b"1"}), tmp_path / "trees"
    left, made = (root / f"{manifest.digest}.partial-{name}" for name in ("left", "made"))
    for folder in (left, made):
        (folder / "data").mkdir(parents=True)
    later = time.time() + 60
    with holding(made):
        assert trees.sweep(set(), 0.0, later - 120) == 0
        assert trees.sweep({manifest.digest}, 0.0, later) == 1
        assert (left.exists(), made.exists()) == (False, True)
    assert trees.sweep(set(), 0.0, later) == 1
