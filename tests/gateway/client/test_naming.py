"""Whose name a folder, an archive or a repository gets; nothing of it is run, and no secret leaves it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.client.naming import _browsable, whose_path, whose_repository
from erc.schemas.git_source import parse_git
from erc.schemas.run import is_name


@pytest.mark.parametrize(
    ("erc_yml", "name"),
    [
        ("title: Rain by month\nid: xyz\n", "rain-by-month"),
        ("spec_version: 1\nid: 'my-Rain'  # ours\n", "my-rain"),
        ('title: "雨"\n', "paper"),
        ("metadata:\n  title: Snow\n", "paper"),
        ("title:\n", "paper"),
        ("", "paper"),
        ("\x00\xff", "paper"),
    ],
)
def test_a_folder_is_called_by_title_then_id_then_its_own_name(workspace: Path, erc_yml: str, name: str) -> None:
    (workspace / "erc.yml").write_bytes(erc_yml.encode("latin-1", "replace") if erc_yml.isascii() else erc_yml.encode())
    assert whose_path(workspace).name == name


def test_a_folder_has_the_origin_of_its_path_and_with_an_id_that(workspace: Path) -> None:
    assert whose_path(workspace).origin == str(workspace)
    (workspace / "erc.yml").write_text("id: rain\n")
    assert whose_path(workspace).origin == "erc:rain"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ada/paper.git",
        "https://ada:secret@GitHub.com/ada/paper",
        "git@github.com:ada/paper.git",
        "ssh://git@github.com:22/ada/paper",
        "git://github.com/ada/paper/",
    ],
)
def test_a_folder_of_a_clone_has_the_origin_of_the_repository(workspace: Path, url: str) -> None:
    (workspace / ".git").mkdir()
    config = f'[core]\n\tbare = false\n[remote "fork"]\n\turl = https://x.org/a/b\n[remote "origin"]\n\turl = {url}\n'
    (workspace / ".git" / "config").write_text(config)
    (workspace / "erc.yml").write_text("id: rain\n")
    inner = workspace / "papers" / "one"
    inner.mkdir(parents=True)
    assert whose_path(workspace).origin == "https://github.com/ada/paper"
    assert whose_path(inner).origin == "https://github.com/ada/paper#papers/one"
    assert whose_repository(parse_git("https://github.com/ada/paper@v1#papers/one")).origin == whose_path(inner).origin


def test_a_worktree_knows_its_repository(tmp_path: Path) -> None:
    main, tree = tmp_path / "main" / ".git", tmp_path / "tree"
    (main / "worktrees" / "tree").mkdir(parents=True)
    tree.mkdir()
    (main / "config").write_text('[remote "origin"]\n\turl = https://github.com/a/b.git\n')
    (main / "worktrees" / "tree" / "commondir").write_text("../..\n")
    (tree / ".git").write_text(f"gitdir: {main}/worktrees/tree\n")
    assert whose_path(tree).origin == "https://github.com/a/b"


@pytest.mark.parametrize(
    ("url", "name", "origin"),
    [
        ("https://github.com/ada/Paper.git@main", "paper", "https://github.com/ada/Paper"),
        ("github.com/ada/paper/papers/One@v1", "one", "https://github.com/ada/paper#papers/One"),
    ],
)
def test_a_repository_is_called_by_its_folder_or_itself(url: str, name: str, origin: str) -> None:
    whose = whose_repository(parse_git(url))
    assert (whose.name, whose.origin) == (name, origin)


def test_an_archive_is_called_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "Rain 2.tar.gz").write_bytes(b"")
    assert whose_path(tmp_path / "Rain 2.tar.gz").name == "rain-2"


@given(st.text(max_size=300))
def test_whatever_stands_for_a_remote_no_password_is_kept(text: str) -> None:
    found = _browsable(f"https://ada:{text}@github.com/ada/paper")
    assert found in {"", "https://github.com/ada/paper"}
    assert _browsable(text) == "" or _browsable(text).startswith(("https://", "http://"))


@given(st.binary(max_size=500))
def test_whatever_stands_in_the_files_there_is_a_name(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / ".git").mkdir()
    for path in (folder / "erc.yml", folder / ".git" / "config"):
        path.write_bytes(content)
    assert is_name(whose_path(folder).name)


def test_long_files_take_no_time(workspace: Path) -> None:
    (workspace / ".git").mkdir()
    for path in (workspace / "erc.yml", workspace / ".git" / "config"):
        path.write_bytes(b'title: a\n[remote "a"]\nurl = ' + b"a@b:" * 1_000_000)
    begun = time.monotonic()
    assert is_name(whose_path(workspace).name)
    assert time.monotonic() - begun < 5
