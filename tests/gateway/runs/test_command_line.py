"""The command line at the real gateway; what the workers would say is said for them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from support.git_server import GitServer, Repository, git_server
from support.serving import served
from typer.testing import CliRunner

from erc.events.blobs import put_document
from erc.events.outbox import utc_now
from erc.gateway.app import create_app
from erc.gateway.client.cli import app
from erc.gateway.transition import Advance
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job, JobStatus
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest

FILES = {"main.R": b"cat(1)\n", "display.txt": b"1\n"}
Erc = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


class Workers:
    """Loads what comes in, and reproduces what is run, unless told to let it go on."""

    def __init__(self, services: Any) -> None:
        self._services, self.lets_go_on = services, False
        put = services.blobs.put
        entries = [Entry(path=path, digest=put(data), size_bytes=len(data)) for path, data in FILES.items()]
        manifest = put(Manifest(entries).document())
        about = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.txt", manifest=manifest)
        self._ready = {
            "status": CompendiumStatus.READY,
            "manifest": manifest,
            "description": put_document(services.blobs, about),
        }

    async def work(self) -> None:
        records = self._services.records
        while True:
            for row in await records.database.rows(text("SELECT id FROM compendium WHERE status = 'loading'")):
                await records.move_compendium(row["id"], self._loaded)
            for row in await records.database.rows(text("SELECT id FROM job WHERE status = 'running'")):
                if not self.lets_go_on:
                    await records.move_job(row["id"], _reproduced)
            await asyncio.sleep(0.02)

    def _loaded(self, before: Compendium) -> Advance[Compendium]:
        return Advance(before.model_copy(update={**self._ready, "version": before.version + 1}))


def _reproduced(before: Job) -> Advance[Job] | None:
    if before.terminal:
        return None
    about = {"status": JobStatus.SUCCESS, "verdict": Verdict.REPRODUCED, "reason": "Nothing differs."}
    image = {"image_id": f"sha256:{'1' * 64}", "ended": utc_now(), "version": before.version + 1}
    return Advance(before.model_copy(update=about | image))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path / "git") as running_server:
        yield running_server


@pytest.fixture
async def workers(gateway) -> AsyncIterator[Workers]:
    workers = Workers(gateway.services)
    working = asyncio.create_task(workers.work())
    yield workers
    working.cancel()
    await asyncio.wait([working], timeout=1)


@pytest.fixture
async def erc(gateway, workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Erc]:
    gateway.services.settings = replace(gateway.services.settings, git_loopback=True)
    async with served(create_app(gateway.services)) as url:
        for name, value in (("ERC_URL", url), ("ERC_TOKEN", "a-token"), ("ERC_HOME", str(tmp_path / "home"))):
            monkeypatch.setenv(name, value)

        async def call(*arguments: object) -> tuple[int, dict[str, Any]]:
            said = [str(argument) for argument in arguments]
            ran = await asyncio.to_thread(CliRunner().invoke, app, [*said, "--json"])
            assert ran.stdout, ran.output
            return ran.exit_code, json.loads(ran.stdout)

        yield call


async def test_an_address_a_clone_and_a_name_are_one_run(erc, server, tmp_path, monkeypatch) -> None:
    Repository(server.root, "ada/rain").commit(FILES)
    url = f"{server.url}/ada/rain"
    code, by_address = await erc("run", url)
    assert (code, by_address["verdict"], by_address["name"], by_address["generation"]) == (0, "reproduced", "rain", 1)
    clone = tmp_path / "clone-of-rain"
    command = ["git", "clone", "-q", url, str(clone)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    code, refused = await erc("run", clone, "--name", "rain")
    assert (code, refused["problem"]["code"]) == (5, "run_exists")
    monkeypatch.chdir(clone)
    code, by_folder = await erc("update", ".", "--name", "rain")
    assert (code, by_folder["verdict"], by_folder["generation"]) == (0, "reproduced", 2)
    code, by_name = await erc("run", "rain")
    assert (code, by_name["verdict"], by_name["generation"]) == (0, "reproduced", 3)
    assert by_name["compendium_id"] == by_folder["compendium_id"] != by_address["compendium_id"]
    code, again = await erc("run", clone, "--name", "rain")
    assert (code, again["generation"], again["compendium_id"]) == (0, 4, by_name["compendium_id"])
    code, shown = await erc("status", "rain")
    assert (code, shown["status"], shown["origin"], shown["source"]) == (0, "stopped", url, str(clone))
    code, back = await erc("update", url, "--ref", "main")
    assert (code, back["generation"]) == (0, 5)
    code, asked_again = await erc("update", "rain")
    assert (code, asked_again["generation"]) == (0, 6)
    assert sorted(path.name for path in clone.iterdir()) == [".git", *sorted(FILES)]


async def test_two_folders_of_one_name_are_told_apart(gateway, erc, tmp_path) -> None:
    first, second = tmp_path / "a" / "paper", tmp_path / "b" / "paper"
    for folder in (first, second):
        folder.mkdir(parents=True)
        (folder / "main.R").write_bytes(str(folder).encode())
    assert (await erc("run", first))[0] == 0
    code, refused = await erc("run", second)
    assert (code, refused["problem"]["code"]) == (5, "run_name_taken")
    assert all(str(folder) in refused["problem"]["detail"] for folder in (first, second))
    code, freed = await erc("run", second, "--auto-name")
    assert (code, freed["generation"]) == (0, 1)
    assert freed["name"].startswith("paper-")
    assert (await erc("run", second, "--auto-name"))[1]["name"] == freed["name"]
    assert (await erc("run", second, "--name", "paper@v2"))[0] == 5
    kept = await gateway.services.records.database.rows(text("SELECT id FROM compendium"))
    assert len(kept) == 2
    code, listed = await erc("status")
    assert [(run["name"], run["generation"]) for run in listed["runs"]] == [("paper", 1), (freed["name"], 2)]


async def test_a_run_that_goes_on_is_followed_updated_and_killed(erc, workers, tmp_path) -> None:
    folder = tmp_path / "snow"
    folder.mkdir()
    (folder / "main.R").write_text("cat(1)\n")
    workers.lets_go_on = True
    _, first = await erc("run", folder, "--no-wait")
    _, same = await erc("run", folder, "--no-wait")
    assert same["job_id"] == first["job_id"]
    (folder / "main.R").write_text("cat(2)\n")
    code, second = await erc("update", folder, "--no-wait")
    assert (code, second["generation"]) == (0, 2)
    assert (await erc("status", first["job_id"]))[1]["verdict"] == "cancelled"
    assert (await erc("status", "snow"))[1]["status"] == "pending"
    for _ in range(2):
        code, killed = await erc("kill", folder)
        assert (code, killed["runs"][0]["status"], killed["runs"][0]["job_id"]) == (0, "killed", second["job_id"])
