from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.gateway.client.ignore import Ignored


@pytest.mark.parametrize(
    ("pattern", "path", "folder", "left_out"),
    [
        ("*.csv", "a.csv", False, True),
        ("*.csv", "data/a.csv", False, True),
        ("*.csv", "a.csv.txt", False, False),
        ("/a.csv", "data/a.csv", False, False),
        ("data/*.csv", "data/a.csv", False, True),
        ("data/*.csv", "data/x/a.csv", False, False),
        ("data/**/a.csv", "data/x/y/a.csv", False, True),
        ("data/**/a.csv", "data/a.csv", False, True),
        ("**/a.csv", "x/a.csv", False, True),
        ("raw/", "raw", False, False),
        ("raw/", "x/raw", True, True),
        ("fig?.png", "fig1.png", False, True),
        ("fig?.png", "fig/.png", False, False),
        ("fig[0-3].png", "fig2.png", False, True),
        ("fig[!0-3].png", "fig2.png", False, False),
        (r"\#note", "#note", False, True),
        ("a.b", "axb", False, False),
        ("# a", "# a", False, False),
    ],
)
def test_a_pattern_matches_as_documented(pattern: str, path: str, folder: bool, left_out: bool) -> None:
    assert Ignored([pattern])(path, folder=folder) is left_out


def test_the_last_pattern_that_matches_decides() -> None:
    ignored = Ignored(["*.csv", "!keep.csv", "keep.csv"])
    assert ignored("keep.csv", folder=False)


WORDS = st.text("ab.", min_size=1, max_size=3).filter(lambda word: word.strip("."))
GLOBS = st.lists(st.one_of(WORDS, st.sampled_from(["*", "?", "a*", "*b", "[ab]", "[!a]"])), min_size=1, max_size=3)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the measure")
@settings(max_examples=60, deadline=None)
@given(
    globs=GLOBS,
    first=st.booleans(),
    last=st.booleans(),
    paths=st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=8),
)
def test_git_leaves_out_the_same(tmp_path_factory, globs, first, last, paths) -> None:
    pattern = ("/" if first else "") + "/".join(globs) + ("/" if last else "")
    folder: Path = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / ".gitignore").write_text(f"{pattern}\n")
    for parts in paths:
        _make(folder, parts)
    found = [
        path for path in folder.rglob("*") if ".git" not in path.parts and path.name != ".gitignore" and path.is_file()
    ]
    names = [str(path.relative_to(folder)) for path in found]
    command = ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin"]
    answer = subprocess.run(command, input="\n".join(names), capture_output=True, text=True, check=False)
    ignored = Ignored([pattern])
    assert {name for name in names if _left_out(ignored, name)} == set(answer.stdout.split())


def _make(folder: Path, parts: list[str]) -> None:
    place = folder
    for part in parts[:-1]:
        place = place / part
        if place.is_file():
            return
        place.mkdir(exist_ok=True)
    if not (place / parts[-1]).exists():
        (place / parts[-1]).write_text("")


def _left_out(ignored: Ignored, name: str) -> bool:
    parts = name.split("/")
    above = ["/".join(parts[:number]) for number in range(1, len(parts))]
    return any(ignored(path, folder=True) for path in above) or ignored(name, folder=False)
