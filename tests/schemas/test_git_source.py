"""Addresses of repositories: what people write is read in one way, and nothing of it can be an option or a command."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.git_process import asking
from erc.schemas.git_source import GitAddress, SourceError, looks_like_git, parse_git

COMMIT = "0123456789abcdef" * 2 + "01234567"
READ = [
    ("https://github.com/o2r-project/erc-examples", "https://github.com/o2r-project/erc-examples", "", ""),
    ("https://GitHub.com/a/b.git", "https://github.com/a/b.git", "", ""),
    ("https://github.com/a/b/@v1.0", "https://github.com/a/b", "v1.0", ""),
    ("https://github.com/a/b@feature/x#papers/one", "https://github.com/a/b", "feature/x", "papers/one"),
    ("https://gitlab.com/group/sub/repo#docs/", "https://gitlab.com/group/sub/repo", "", "docs"),
    ("github.com/a/b", "https://github.com/a/b", "", ""),
    ("github.com/a/b/papers/one@v2", "https://github.com/a/b", "v2", "papers/one"),
    (f"https://codeberg.org/a/b@{COMMIT}", "https://codeberg.org/a/b", COMMIT, ""),
]
REFUSED = [
    "",
    "github.com/a",
    "https://github.com",
    "https://github.com/",
    "https://user:secret@github.com/a/b",
    "https://github.com/a/b?x=1",
    "https://github.com/a/../b",
    "https://github.com/-a/b",
    "https://github.com/a/b@",
    "https://github.com/a/b@--upload-pack=x",
    "https://github.com/a/b@a..b",
    "https://github.com/a/b@HEAD@{1}",
    "https://github.com/a/b@x.lock",
    "https://github.com/a/b@$(id)",
    "https://github.com/a/b#../../etc",
    "https://github.com/a/b#-x",
    "https://github.com/a/b#a//b",
    "https://github.com:8443/a/b",
    "https://127.0.0.1/a/b",
    "https://[::1]/a/b",
    "https://localhost/a/b",
    "https://2130706433/a/b",
    "http://github.com/a/b",
    "git://github.com/a/b",
    "file:///etc",
    "ext::sh -c id",
    "fd::17",
    "--upload-pack=id",
    "-oProxyCommand=id",
    "https://github.com/a/b\n",
    "https://github.com/a/b@x\0y",
    "github.com/a/b/c@x#d",
]


@pytest.mark.parametrize(("text", "url", "ref", "folder"), READ)
def test_what_people_write_is_read(text: str, url: str, ref: str, folder: str) -> None:
    assert parse_git(text) == GitAddress(url, ref, folder)
    assert looks_like_git(text)
    assert parse_git(str(parse_git(text))) == parse_git(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_of_a_public_repository_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(SourceError) as told:
        parse_git(text)
    assert str(told.value).isprintable()
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@gitlab.com/a/b", "https://gitlab.com/a/b"),
    ],
)
def test_who_writes_an_address_of_ssh_is_told_the_other_one(text: str, advice: str) -> None:
    with pytest.raises(SourceError, match=advice):
        parse_git(text)
    assert looks_like_git(text)


@pytest.mark.parametrize("text", [".", "..", "./x", "../x", "/abs/x", "paper", "paper.zip", "a/b/c", "data.tar.gz"])
def test_a_folder_of_this_machine_is_no_repository(text: str) -> None:
    assert not looks_like_git(text)


def test_this_machine_is_a_host_only_where_a_setting_says_so() -> None:
    assert parse_git("http://127.0.0.1:8000/a/b@x", loopback=True) == GitAddress("http://127.0.0.1:8000/a/b", "x")
    for text in ("http://127.0.0.1:8000/a/b", "https://localhost/a/b"):
        with pytest.raises(SourceError):
            parse_git(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.text("ab/.@#:-~[]{}%\\ \n", max_size=80).map("https://github.com/".__add__))
def test_nothing_but_a_source_error_is_ever_raised_and_nothing_becomes_an_option(text: str) -> None:
    looks_like_git(text)
    try:
        address = parse_git(text)
    except SourceError:
        return
    verb = asking(address)
    assert address.url.startswith("https://")
    assert verb.index("--") < verb.index(address.url)
    assert not address.ref.startswith("-")
    assert not address.folder.startswith(("-", "/"))
    assert ".." not in address.folder.split("/")


@pytest.mark.parametrize("tail", ["a" * 50_000, "/a" * 25_000, "a.-" * 20_000, "@" * 50_000, "a@b:" * 10_000])
def test_long_addresses_are_refused_at_once(tail: str) -> None:
    begun = time.monotonic()
    looks_like_git(f"github.com/{tail}")
    with pytest.raises(SourceError):
        parse_git(f"https://github.com/{tail}")
    assert time.monotonic() - begun < 1
