from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.media import media_type
from erc.workers.loader.domain.names import Tree, clean_path

HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "a/./b",
    "././a",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "a/",
    "C:/x",
    "C:x",
    "a\\b",
    "..\\x",
    "a\0b",
    "a\nb",
    "a\rb",
    "a\x1b[31mb",
    "a\x7fb",
    "a\u202eb",
    "a\u200bb",
    "a\ufeffb",
    "a\u2028b",
    "a\ud800b",
    "x" * 256,
    "ä" * 128,
    "/".join(["x"] * 65),
    "/".join(["x" * 200] * 6),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name: str) -> None:
    with pytest.raises(Rejected) as caught:
        clean_path(name)
    assert caught.value.problem.code == "archive_name"
    assert caught.value.problem.detail.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "main.Rmd",
        "data/Ergebnisse äöü.csv",
        "a/$(touch pwned); rm -rf *.txt",
        "-rf",
        "a'b\"c`d",
        "...",
        ".hidden",
        "数据/图.png",
        "x" * 255,
        "/".join(["x"] * 64),
        "e\u0301.txt",
    ],
)
def test_an_unusual_but_harmless_name_is_kept(name: str) -> None:
    assert clean_path(name) == name


def test_one_leading_dot_is_taken_off() -> None:
    assert clean_path("./a/b") == "a/b"
    assert clean_path("./", folder=True) == ""
    assert clean_path("./a/", folder=True) == "a"


@given(st.text() | st.lists(st.sampled_from(["a", "..", ".", "", "B", "é"])).map("/".join), st.booleans())
@example("./", True)
def test_a_clean_name_never_leaves_its_folder_and_stays_as_it_is(name: str, folder: bool) -> None:
    try:
        path = clean_path(name, folder=folder)
    except Rejected:
        return
    if path:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert clean_path(path, folder=folder) == path
    else:
        assert folder


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("README", "readme"),
        ("é", "e\u0301"),
        ("straße", "STRASSE"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("Data/x", "data/y"),
        ("\u01f0", "J\u030c"),
    ],
)
def test_two_names_that_fall_on_one_another_are_refused(first: str, second: str) -> None:
    tree = Tree(lambda: None)
    tree.add(first)
    with pytest.raises(Rejected) as caught:
        tree.add(second)
    assert caught.value.problem.code == "archive_collision"


def test_a_folder_may_be_named_again() -> None:
    tree = Tree(lambda: None)
    tree.add("a/b")
    tree.add("a", folder=True)
    tree.add("a", folder=True)
    assert tree.only_folder() == "a"


def test_folders_that_only_paths_imply_are_counted() -> None:
    met: list[None] = []
    tree = Tree(lambda: met.append(None))
    tree.add("/".join("abcdefgh"))
    tree.add("a/b/x")
    assert len(met) == 9


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("main.Rmd", "text/x-r-markdown"),
        ("a/analysis.R", "script/x-R"),
        ("x.RData", "application/x-r-data"),
        ("n.ipynb", "application/x-ipynb+json"),
        ("display.html", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("erc.yml", "text/yaml"),
        ("LICENSE", "text/plain"),
        ("folder.csv/noextension", "text/plain"),
        ("weird.", "application/octet-stream"),
    ],
)
def test_the_extension_says_the_media_type(path: str, expected: str) -> None:
    assert media_type(path) == expected
