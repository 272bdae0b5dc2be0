"""Compendia of repositories: asked before anything is kept, pinned to a commit, refused in words."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from support.git_server import GitServer, Repository, git_server

from erc.events import git_process
from erc.events.errors import Rejected
from erc.schemas.compendium import Origin, SourceKind
from erc.schemas.git_source import GitAddress, GitSource


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as running:
        yield running


@pytest.fixture(scope="module")
def repository(server: GitServer) -> tuple[str, dict[str, str]]:
    """The address of a repository, and its commits by name."""
    made = Repository(server.root, "ada/paper")
    commits = {"old": made.commit({"main.R": b"1"})}
    made.tag("v1.0")
    commits["branch"] = made.commit({"main.R": b"2"}, branch="feature/x")
    commits["main"] = made.commit({"main.R": b"3"})
    return f"{server.url}/ada/paper", commits


@pytest.fixture
async def ada(gateway, sender):
    gateway.services.settings = replace(gateway.services.settings, git_loopback=True)
    return await sender("ada")


@pytest.mark.parametrize(
    ("ref", "which"), [("", "main"), ("@v1.0", "old"), ("@feature/x", "branch"), ("@main", "main")]
)
async def test_a_branch_or_tag_is_pinned_to_its_commit(gateway, ada, repository, ref: str, which: str) -> None:
    url, commits = repository
    created = await ada.create(f"{url}{ref}#paper")
    assert created.status_code == 202, created.text
    compendium = await gateway.services.records.compendium(created.json()["id"])
    kept = GitSource.model_validate_json(gateway.services.blobs.read(compendium.upload))
    assert kept == GitSource(url=url, ref=ref.lstrip("@"), folder="paper", commit=commits[which])
    assert compendium.origin == Origin(kind=SourceKind.GIT, source=f"{url}{ref}#paper", commit=commits[which])
    rows = await gateway.services.records.database.rows(
        text("SELECT body FROM event WHERE message_id LIKE :it"), {"it": f"command:{compendium.id}:%"}
    )
    assert rows[0]["body"]["data"]["kind"] == "git"
    assert url not in str(rows[0]["body"])
    shown = (await ada.client.get(f"/api/v1/compendium/{compendium.id}")).json()
    assert shown["origin"] == {"kind": "git", "source": f"{url}{ref}#paper", "commit": commits[which]}


async def test_a_commit_in_full_is_taken_as_it_is(gateway, ada, repository) -> None:
    url, commits = repository
    created = await ada.create(f"{url}@{commits['old']}")
    compendium = await gateway.services.records.compendium(created.json()["id"])
    assert compendium.origin.commit == commits["old"]


async def test_the_name_of_a_default_branch_is_never_taken_for_a_commit(gateway, ada, server) -> None:
    name = "long-" + "x" * (40 - len("ref: refs/heads/long-"))
    made = Repository(server.root, f"ada/{name}")
    commit = made.commit({"main.R": b"1"}, branch=name)
    (made.folder / "HEAD").write_text(f"ref: refs/heads/{name}\n")
    created = await ada.create(f"{server.url}/ada/{name}")
    assert created.status_code == 202, created.text
    compendium = await gateway.services.records.compendium(created.json()["id"])
    assert compendium.origin.commit == commit


def test_a_repository_whose_commits_are_sha_256_is_refused_in_a_sentence() -> None:
    address = GitAddress("https://example.org/a/b")
    with pytest.raises(Rejected, match="cannot be read") as told:
        git_process.answered(address, "a" * 64 + "\tHEAD\n")
    assert "SHA-256" in told.value.problem.detail


async def nothing_kept(gateway) -> bool:
    return not await gateway.services.records.database.rows(text("SELECT id FROM compendium"))


async def test_what_is_not_there_is_not_found_and_nothing_is_kept(gateway, ada, server, repository) -> None:
    url, _ = repository
    for source, title in (
        (f"{url}@nowhere", f"{url}@nowhere was not found"),
        (f"{server.url}/ada/nothing", f"{server.url}/ada/nothing@HEAD was not found"),
        (f"{server.url}/private/paper", f"{server.url}/private/paper@HEAD was not found"),
    ):
        refused = await ada.create(source)
        assert (refused.status_code, refused.json()["title"]) == (404, title)
        assert refused.json()["detail"]
    assert await nothing_kept(gateway)


async def test_no_answer_is_not_the_same_as_not_found(gateway, ada, server, monkeypatch) -> None:
    refused = await ada.create("http://127.0.0.1:1/ada/paper")
    assert (refused.status_code, refused.json()["code"]) == (502, "source_unreachable")
    monkeypatch.setattr(git_process, "ASK_SECONDS", 0.5)
    begun = time.monotonic()
    slow = await ada.create(f"{server.url}/hangs/paper")
    assert (slow.status_code, slow.json()["code"]) == (504, "source_timeout")
    assert time.monotonic() - begun < 4
    moved = await ada.create(f"{server.url}/moved/ada/paper")
    assert (moved.status_code, moved.json()["code"]) == (400, "source_moved")
    assert await nothing_kept(gateway)


@pytest.fixture
def git_that(monkeypatch, tmp_path):
    """Put a program in git's place that does this when it is asked."""

    def put(does: str, version: str = "2.40.0") -> None:
        program = tmp_path / "git"
        program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo git version {version}\n{does}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


async def test_an_answer_in_pieces_is_read_to_its_end(gateway, ada, server, git_that) -> None:
    git_that("echo warning: slow >&2; sleep 0.2; echo fatal: could not read Username for it >&2; exit 128")
    assert (await ada.create(f"{server.url}/ada/paper")).status_code == 404
    commit = "b" * 40
    git_that(f"printf 'ref: refs/heads/main\\tHEAD\\n'; sleep 0.2; printf '{commit}\\tHEAD\\n'")
    created = await ada.create(f"{server.url}/ada/paper")
    assert created.status_code == 202, created.text
    assert (await gateway.services.records.compendium(created.json()["id"])).origin.commit == commit


@pytest.mark.parametrize("pipe", ["", " >&2"])
async def test_an_answer_without_an_end_is_cut_off(gateway, ada, server, git_that, pipe: str) -> None:
    git_that(f"exec yes{pipe}")
    refused = await ada.create(f"{server.url}/ada/paper")
    assert (refused.status_code, refused.json()["code"]) == (400, "source_unreadable")
    assert await nothing_kept(gateway)


async def test_without_a_git_that_can_be_held_to_an_address_no_repository_is_asked(
    gateway, ada, server, git_that, monkeypatch, tmp_path
) -> None:
    git_that("exit 1", "2.36.6")
    server.asked.clear()
    refused = await ada.create(f"{server.url}/ada/paper")
    assert (refused.status_code, refused.json()["code"]) == (501, "no_git")
    assert "git 2.36" in refused.json()["detail"]
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    refused = await ada.create(f"{server.url}/ada/paper")
    assert (refused.status_code, refused.json()["code"]) == (501, "no_git")
    assert "no git" in refused.json()["detail"]
    assert server.asked == []
    assert await nothing_kept(gateway)


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc",
        "ext::sh -c id",
        "--upload-pack=id",
        "git@github.com:a/b",
        "https://user:secret@github.com/a/b",
        "https://10.0.0.1/a/b",
        "https://github.com/a/b@--output=x",
    ],
)
async def test_what_is_no_public_address_is_refused_without_being_asked(gateway, ada, source: str) -> None:
    refused = await ada.create(source)
    assert (refused.status_code, refused.json()["code"]) == (400, "source_address")
    assert "secret" not in refused.text
    assert await nothing_kept(gateway)


async def test_this_machine_is_not_asked_unless_a_setting_says_so(gateway, sender, server, repository) -> None:
    server.asked.clear()
    refused = await (await sender("bob")).create(repository[0])
    assert (refused.status_code, server.asked) == (400, [])
