"""A commit of a real repository, over git's own http server, becomes a workspace; hostile ones become sentences."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.git_server import GitServer, Repository, git_server

from erc.events import git_process
from erc.events.blob_place import BlobPlace
from erc.events.blobs import put_document, read_manifest
from erc.events.errors import Rejected, Unavailable
from erc.events.holding import holding
from erc.events.limited import Limited
from erc.schemas.git_source import GitSource
from erc.schemas.limits import ArchiveLimits
from erc.workers.loader.fetch import FetchLimits, fetch, sweep_fetches

LOOPBACK = FetchLimits(seconds=20, loopback=True)
FILES = {"main.R": b"cat(1)\r\n", "data/x.csv": b"1\n", "paper/one/main.Rmd": b"# one\n"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as running:
        yield running


def fetched(
    tmp_path: Path, url: str, commit: str, folder: str = "", limits: ArchiveLimits | None = None, **changes: object
) -> dict[str, bytes]:
    place = BlobPlace(tmp_path / "home")
    blobs = place.store()
    source = put_document(blobs, GitSource(url=url, ref="main", folder=folder, commit=commit))
    fetching = FetchLimits(**{"seconds": 20.0, "loopback": True, **changes})  # type: ignore[arg-type]
    found = fetch(place, source, limits or ArchiveLimits(), fetching)
    assert not list((tmp_path / "home" / "fetching").iterdir())
    manifest = read_manifest(blobs, found.manifest)
    assert found.size_bytes == manifest.size_bytes
    return {entry.path: blobs.read(entry.digest) for entry in manifest.entries()}


def test_a_commit_becomes_a_workspace_with_its_bytes_as_they_are(server: GitServer, tmp_path: Path) -> None:
    repository = Repository(server.root, "ada/paper")
    first = repository.commit(FILES)
    repository.commit({"main.R": b"changed later\n"})
    assert fetched(tmp_path, f"{server.url}/ada/paper", first) == FILES


def test_a_folder_of_a_repository_is_the_workspace(server: GitServer, tmp_path: Path) -> None:
    commit = Repository(server.root, "ada/folders").commit(FILES)
    assert fetched(tmp_path, f"{server.url}/ada/folders", commit, "paper/one") == {"main.Rmd": b"# one\n"}
    with pytest.raises(Rejected, match="#paper/two was not found"):
        fetched(tmp_path, f"{server.url}/ada/folders", commit, "paper/two")
    with pytest.raises(Rejected, match=r"#main\.R was not found"):
        fetched(tmp_path, f"{server.url}/ada/folders", commit, "main.R")


def test_a_folder_that_is_there_but_too_large_is_not_told_as_missing(server: GitServer, tmp_path: Path) -> None:
    commit = Repository(server.root, "ada/heavy").commit({"paper/big.bin": os.urandom(2 << 20)})
    with pytest.raises(Rejected, match="cannot be read") as told:
        fetched(tmp_path, f"{server.url}/ada/heavy", commit, "paper", ArchiveLimits(unpacked_bytes=1 << 20))
    assert told.value.problem.code == "source_unreadable"


def test_attributes_filters_and_hooks_of_a_repository_do_nothing(server: GitServer, tmp_path: Path) -> None:
    files = {
        ".gitattributes": b"data/* export-ignore\nmain.R export-subst text eol=crlf\n*.csv filter=evil\n",
        "main.R": b"$Format:%H$\n",
        "data/x.csv": b"1\n",
    }
    commit = Repository(server.root, "eve/attributes").commit(files)
    assert fetched(tmp_path, f"{server.url}/eve/attributes", commit) == files


def test_a_submodule_is_never_fetched(server: GitServer, tmp_path: Path) -> None:
    repository = Repository(server.root, "eve/submodule")
    repository.commit({"main.R": b"1"})
    commit = repository.with_submodule("sub")
    server.asked.clear()
    assert set(fetched(tmp_path, f"{server.url}/eve/submodule", commit)) == {"main.R", ".gitmodules"}
    assert {path.split("/")[2] for path in server.asked} == {"submodule"}


def test_a_symbolic_link_is_refused_by_its_name(server: GitServer, tmp_path: Path) -> None:
    commit = Repository(server.root, "eve/link").commit({"main.R": b"1"}, links={"passwd": "/etc/passwd"})
    with pytest.raises(Rejected) as told:
        fetched(tmp_path, f"{server.url}/eve/link", commit)
    assert "passwd" in told.value.problem.sentence()


def test_files_that_lie_in_lfs_are_told(server: GitServer, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"
    commit = Repository(server.root, "ada/lfs").commit({"main.R": b"1", "big.nc": pointer})
    with pytest.raises(Rejected, match="Git LFS"):
        fetched(tmp_path, f"{server.url}/ada/lfs", commit)


def test_too_large_a_repository_is_refused_and_leaves_nothing(server: GitServer, tmp_path: Path) -> None:
    noise = {f"{number}.bin": os.urandom(1 << 20) for number in range(4)}
    commit = Repository(server.root, "eve/large").commit(noise)
    with pytest.raises(Rejected, match="too large"):
        fetched(tmp_path, f"{server.url}/eve/large", commit, pack_bytes=2 << 20)
    with pytest.raises(Rejected):
        fetched(tmp_path, f"{server.url}/eve/large", commit, limits=ArchiveLimits(unpacked_bytes=1 << 20))
    with pytest.raises(Rejected):
        fetched(tmp_path, f"{server.url}/eve/large", commit, limits=ArchiveLimits(entries=2))
    assert not list((tmp_path / "home" / "fetching").iterdir())


def test_a_commit_that_is_gone_and_a_repository_that_is_not_there_are_told_apart_from_no_answer(
    server: GitServer, tmp_path: Path
) -> None:
    Repository(server.root, "ada/gone").commit({"main.R": b"1"})
    absent = hashlib.sha1(b"absent", usedforsecurity=False).hexdigest()
    with pytest.raises(Rejected, match="gone@main was not found"):
        fetched(tmp_path, f"{server.url}/ada/gone", absent)
    with pytest.raises(Rejected, match="nothing@main was not found"):
        fetched(tmp_path, f"{server.url}/ada/nothing", absent)
    with pytest.raises(Rejected, match="has moved"):
        fetched(tmp_path, f"{server.url}/moved/ada/gone", absent)
    with pytest.raises(Unavailable, match="does not answer"):
        fetched(tmp_path, "http://127.0.0.1:1/ada/gone", absent)


def test_one_that_takes_too_long_is_given_up(server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="too long"):
        fetched(tmp_path, f"{server.url}/hangs/x", "1" * 40, seconds=0.5)


def running(url: str) -> list[str]:
    """Return the command lines of processes that were given this address."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return [line for line in found if url in line]


async def none_running(url: str) -> None:
    async with asyncio.timeout(3):  # the server itself hangs up after 5 s
        while running(url):  # noqa: ASYNC110 - other processes end
            await asyncio.sleep(0.05)


def a_source(tmp_path: Path, url: str) -> tuple[BlobPlace, str]:
    place = BlobPlace(tmp_path / "home")
    return place, put_document(place.store(), GitSource(url=url, ref="main", commit="1" * 40))


async def test_nothing_of_git_outlives_its_time(server: GitServer, tmp_path: Path) -> None:
    url = f"{server.url}/hangs/timed"
    place, source = a_source(tmp_path, url)
    with pytest.raises(Rejected, match="too long"):
        fetch(place, source, ArchiveLimits(), replace(LOOPBACK, seconds=0.5))
    await none_running(url)


async def test_nothing_of_git_outlives_a_reader_that_is_killed(server: GitServer, tmp_path: Path) -> None:
    url = f"{server.url}/hangs/killed"
    place, source = a_source(tmp_path, url)
    reader = Limited(["erc.workers.loader.fetch"], seconds=30)
    call = asyncio.create_task(reader.call(fetch, place, source, ArchiveLimits(), LOOPBACK))
    async with asyncio.timeout(30):
        while not any("remote" in line for line in running(url)):  # noqa: ASYNC110 - other processes begin
            await asyncio.sleep(0.02)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await none_running(url)
    left = list((tmp_path / "home" / "fetching").iterdir())
    assert len(left) == 1
    assert sweep_fetches(tmp_path / "home", 60, left[0].stat().st_mtime + 61) == 1
    assert not left[0].exists()


def test_only_fetches_that_nobody_holds_are_swept(tmp_path: Path) -> None:
    assert sweep_fetches(tmp_path, 60, time.time()) == 0
    left, made = (tmp_path / "fetching" / name for name in ("left", "made"))
    for folder in (left, made):
        (folder / "objects" / "pack").mkdir(parents=True)
    changed = max(folder.stat().st_mtime for folder in (left, made))
    with holding(made):
        assert sweep_fetches(tmp_path, 60, changed + 30) == 0
        assert sweep_fetches(tmp_path, 60, changed + 90) == 1
    assert (left.exists(), made.exists()) == (False, True)


async def test_a_fetch_under_way_is_never_swept(server: GitServer, tmp_path: Path) -> None:
    url = f"{server.url}/hangs/held"
    place, source = a_source(tmp_path, url)
    fetching = asyncio.to_thread(fetch, place, source, ArchiveLimits(), replace(LOOPBACK, seconds=1))
    call = asyncio.create_task(fetching)
    async with asyncio.timeout(30):
        while not any("remote" in line for line in running(url)):  # noqa: ASYNC110 - other processes begin
            await asyncio.sleep(0.02)
    assert sweep_fetches(tmp_path / "home", 60, time.time() + 3600) == 0
    with pytest.raises(Rejected, match="too long"):
        await call


def test_private_addresses_are_never_asked(server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.asked.clear()
    with pytest.raises(Rejected, match="not on the public internet"):
        fetched(tmp_path, f"{server.url}/ada/paper", "1" * 40, loopback=False)
    for address in ("10.0.0.1", "169.254.169.254", "192.168.1.1", "::ffff:127.0.0.1", "fd00::1"):
        found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", (address, 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_a, found=found, **_k: found)
        with pytest.raises(Rejected, match="not on the public internet"):
            git_process.options("https://rebinding.example.org/a/b")
    assert server.asked == []


def test_git_is_held_to_the_addresses_that_were_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (10, 1, 6, "", ("2606:2800:220:1::1", 443, 0, 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
    held = next(part for part in git_process.options("https://example.org/a/b") if "curloptResolve" in part)
    assert held == "http.curloptResolve=example.org:443:[2606:2800:220:1::1],93.184.216.34"


def test_a_git_that_cannot_be_held_to_an_address_fetches_nothing(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.36.6\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server.asked.clear()
    with pytest.raises(Rejected, match="cannot be loaded here") as told:
        fetched(tmp_path, f"{server.url}/ada/paper", "1" * 40)
    assert (told.value.problem.code, server.asked) == ("no_git", [])


def test_git_is_told_nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "id")
    monkeypatch.setenv("https_proxy", "http://proxy")
    told = git_process.environment()
    assert (told["HOME"], told["GIT_CONFIG_GLOBAL"], told["GIT_ALLOW_PROTOCOL"]) == (
        "/nonexistent",
        "/dev/null",
        "https",
    )
    assert not {"GIT_SSH_COMMAND", "https_proxy"} & set(told)
