"""Who builds, here or elsewhere: the same order comes to the same image, the same failure, the same end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.base_rows import Rows
from support.builders import DYING
from support.busybox import busybox_image
from support.eventually import eventually
from support.servers import Nats, nats

from erc.events import delegating
from erc.events.blobs import FileBlobStore
from erc.events.bus import Client
from erc.events.bus import connect as connect_nats
from erc.events.delegating import BUILD, Nobody, delegate
from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.builders import Fallback, LocalBuilder, RemoteBuilder
from erc.workers.builder.domain.rules import Base, BuildRules, Ground, KeptBase, Made, Order
from erc.workers.builder.images import EngineImages
from erc.workers.builder.ports import Making
from erc.workers.builder.settings import Remote
from erc.workers.containers import Containers
from erc.workers.docker import connect
from erc.workers.engine.shelf import Shelf
from erc.workers.handover import Handover, bring, fetch

LIMITS = BuildLimits(memory_bytes=256 * MIB, wall_clock=timedelta(minutes=5))
USER = (61235, 61236)
"""Of the asker: another one than that of the builder elsewhere, as which these tests run it."""
RULES = BuildRules(platform="linux/amd64", limits=LIMITS, ca_bundle=None, save_image=True, free_bytes=1 * MIB)
PLAN = Plan(kind=Kind.R_SCRIPT, suite="tinytest", command=["cat", "/var/lib/erc/left"])
OF_THE_ENGINE = (" --->", "Removing", "Success")
"""Lines that name containers and images, which differ from build to build."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="module")
def tiny() -> Iterator[str]:
    name = busybox_image(f"erc-test-apart:{os.getpid()}", mark="apart")
    yield name
    subprocess.run(["docker", "rmi", name], capture_output=True, check=False)


@contextlib.contextmanager
def builder_apart(server: Nats, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a builder elsewhere, with nothing but the address of NATS and the engine."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "DOCKER_HOST") if name in os.environ}
    log = folder / "apart.log"
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*DYING, sys.executable, "-m", "erc.workers.builder.apart"],
            env={**kept, "NATS_URL": server.url_of("builder"), "BUILDER_FREE_BYTES": str(MIB)},
            cwd="/",
            stdout=words,
            stderr=words,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Bench:
    """Builders of one engine, and what they say."""

    images: EngineImages
    blobs: FileBlobStore
    base: Base
    local: Making
    remote: Making
    log: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    async def on_log(self, line: str) -> None:
        self.log.append(line)

    def order(self, *scripts: str) -> Order:
        self.tags.append(f"erc-test:{secrets.token_hex(8)}")
        named = tuple((f"postBuild{number}", text.encode()) for number, text in enumerate(scripts))
        return Order(PLAN, self.base, self.tags[-1], named)

    async def built(self, who: Making, order: Order) -> Made:
        self.log.clear()
        return await who.build(order, self.on_log)


@pytest.fixture
async def bench(server: Nats, tiny: str, tmp_path: Path) -> AsyncIterator[Bench]:
    blobs, rows, rules = FileBlobStore(tmp_path / "blobs"), Rows(), replace(RULES, ground=Ground(configured=tiny))
    images = EngineImages(None, rules, rows, blobs, USER)
    door, client = Handover(blobs, "127.0.0.1", 0), await connect_nats(server.url, "test")
    await door.open()
    base = await images.base(PLAN)
    rows.kept[base.name] = KeptBase(base.image_id, await images.save_blob(base.image_id, blobs))
    remote = RemoteBuilder(functools.partial(delegate, client, BUILD), door, images, rows, blobs, rules, USER)
    bench = Bench(images, blobs, base, LocalBuilder(images, rules), remote)
    yield bench
    for tag in bench.tags:
        await images.remove(tag)
    await client.close()
    await door.close()
    await images.close()


def told(rejected: Rejected) -> tuple[Any, ...]:
    return rejected.problem.code, rejected.problem.title, rejected.problem.detail, rejected.problem.build


@pytest.mark.engine
async def test_a_builder_elsewhere_makes_and_refuses_what_one_here_does(
    bench: Bench, server: Nats, tmp_path: Path
) -> None:
    made, logs, refused = [], [], []
    with builder_apart(server, tmp_path):
        await taken(bench)
        for who in (bench.local, bench.remote):
            made.append(await bench.built(who, bench.order("echo kept > left", "cat left")))
            logs.append(
                [line for line in bench.log if not line.startswith(OF_THE_ENGINE) and bench.tags[-1] not in line]
            )
            with pytest.raises(Rejected) as refusal:
                await bench.built(who, bench.order("echo no such thing; exit 3"))
            refused.append(told(refusal.value))

    here, there = made
    assert await bench.images.tree(here.image_id) == await bench.images.tree(there.image_id)
    assert await config(here.image_id) == await config(there.image_id)
    assert logs[0] == logs[1]
    assert "kept" in logs[1]
    assert refused[0] == refused[1]
    assert refused[1][0] == "script_failed"
    assert here.image is None
    assert there.image and bench.blobs.size(there.image)
    assert await bench.images.find(bench.tags[-1]) is None, "no half image has the name"


async def taken(bench: Bench) -> None:
    """Return once a builder elsewhere takes orders."""
    for _ in range(600):
        with contextlib.suppress(Nobody):
            await bench.remote.build(bench.order(), bench.on_log)
            return
        await asyncio.sleep(0.2)
    raise AssertionError("no builder elsewhere takes an order")


async def config(image_id: str) -> dict[str, Any]:
    async with await connect() as engine:
        image = await Shelf(engine).inspect(image_id)
    assert image
    kept = {name: image["Config"].get(name) for name in ("Cmd", "Env", "Entrypoint", "User", "WorkingDir", "Volumes")}
    return {**kept, "Labels": set(image["Config"]["Labels"])}


@pytest.mark.engine
async def test_a_build_elsewhere_ends_with_its_builder_and_with_whoever_asked(
    bench: Bench, server: Nats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delegating, "SILENT_SECONDS", 3.0)
    with builder_apart(server, tmp_path) as process:
        await taken(bench)
        wanted_no_more = asyncio.create_task(bench.built(bench.remote, bench.order("echo begun; sleep 300")))
        await begun(bench, wanted_no_more)
        wanted_no_more.cancel()
        await asyncio.wait({wanted_no_more})
        await containers_are(bench, 0)

        bench.log.clear()
        dying = asyncio.create_task(bench.built(bench.remote, bench.order("echo begun; sleep 299")))
        await begun(bench, dying)
        process.kill()
        with pytest.raises(Unavailable, match="said nothing"):
            await dying
    assert await bench.images.find(bench.tags[-1]) is None
    await containers_are(bench, 1)
    async with await connect() as engine:
        await Containers(engine).remove(script_of(bench))
    again = await bench.built(Fallback(bench.remote, bench.local), bench.order("echo kept > left"))
    assert again.image is None, "nobody answers: it is built here"


async def begun(bench: Bench, task: asyncio.Task[Made]) -> None:
    while "begun" not in bench.log:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.1)


def script_of(bench: Bench) -> str:
    return f"erc-script-{bench.tags[-1].rpartition(':')[2]}"


async def containers_are(bench: Bench, number: int) -> None:
    async with await connect() as engine:
        for _ in range(300):
            found = await engine.containers.list(all=True, filters={"name": [script_of(bench)]})
            if len(found) == number:
                return
            await asyncio.sleep(0.2)
    raise AssertionError("a container goes on")


async def test_nobody_there_is_known_at_once_and_said(server: Nats) -> None:
    client = await connect_nats(server.url, "test")
    try:
        with pytest.raises(Nobody, match="Nobody takes"):
            await asyncio.wait_for(delegate(client, BUILD, "{}", _no_line), 20)
        with pytest.raises(Nobody, match="too large"):
            await delegate(client, BUILD, "x" * 1_000_000, _no_line)
    finally:
        await client.close()


async def _taken_at_last(asker: Client, work: str, take: delegating.Say) -> str:
    """Delegate; the server may know of a taker a moment later, and says until then that there is none."""
    for _ in range(50):
        with contextlib.suppress(Nobody):
            return await delegate(asker, "test.work", work, take)
        await asyncio.sleep(0.1)
    raise AssertionError("nobody took it")


async def _seen(where: list[str] | Path) -> list[Any]:
    """Return the blobs in the making of a store, or the lines so far that are the last."""
    return [*(where / "partial").iterdir()] if isinstance(where, Path) else [line for line in where if line == "last"]


async def _no_line(_line: str) -> None:
    return


async def test_busy_builders_take_nothing_and_what_breaks_is_said(server: Nats) -> None:
    asker, taker = (
        await connect_nats(server.url, "asker"),
        await connect_nats(server.url_of("builder"), "taker", "_INBOX_builder"),
    )
    going, lines = asyncio.Event(), []

    async def do(work: str, say: delegating.Say) -> str:
        if work == "broken":
            raise ValueError("this is why")
        await say("x" * 300_000)
        await say("last")
        await going.wait()
        return work

    async def take(line: str) -> None:
        lines.append(line)

    async with delegating.taking(taker, "test.work", do, slots=1):
        first = asyncio.create_task(_taken_at_last(asker, "first", take))
        await eventually(functools.partial(_seen, lines))
        with pytest.raises(Nobody, match="busy"):
            await delegate(asker, "test.work", "second", take)
        going.set()
        assert await first == "first"
        with pytest.raises(Unavailable, match="could not do it"):
            await delegate(asker, "test.work", "broken", take)
    assert [len(line) for line in lines] == [300_000, 4]
    await asker.close()
    await taker.close()


async def test_a_builder_elsewhere_has_no_right_to_streams(server: Nats) -> None:
    taker = await connect_nats(server.url_of("builder"), "taker", "_INBOX_builder")
    try:
        for subject in ("$JS.API.INFO", "erc.command.builder.default.prepare.x", "erc.event.job.x.y"):
            with pytest.raises(Exception, match=r"timeout|permissions|responders"):
                await taker.request(subject, b"", timeout=0.5)
    finally:
        await taker.close()


async def test_a_door_opens_for_one_errand_only(tmp_path: Path) -> None:
    mine, theirs = FileBlobStore(tmp_path / "mine"), FileBlobStore(tmp_path / "theirs")
    wanted, other, made = mine.put(b"wanted"), mine.put(b"another's"), theirs.put(b"made" * 1000)
    door = Handover(mine, "127.0.0.1", 0)
    await door.open()
    try:
        async with aiohttp.ClientSession() as session:
            with door.errand(frozenset({wanted}), 4000) as errand:
                await fetch(session, errand.address, wanted, theirs)
                with pytest.raises(Unavailable, match="404"):
                    await fetch(session, errand.address, other, theirs)
                with pytest.raises(Unavailable, match="413"):
                    await bring(session, errand.address, theirs.put(b"large" * 1000), theirs)
                assert errand.brought is None
                await bring(session, errand.address, made, theirs)
            with pytest.raises(Unavailable, match="404"):
                await fetch(session, errand.address, wanted, theirs)
            guessed = errand.address.rpartition("/")[0] + "/guessed"
            with pytest.raises(Unavailable, match="404"):
                await fetch(session, guessed, wanted, theirs)
    finally:
        await door.close()
    assert (theirs.read(wanted), mine.read(made), errand.brought) == (b"wanted", b"made" * 1000, made)
    assert not any((tmp_path / "mine" / "partial").iterdir())


async def test_who_brings_again_and_again_is_stopped(tmp_path: Path) -> None:
    mine, theirs = FileBlobStore(tmp_path / "mine"), FileBlobStore(tmp_path / "theirs")
    door = Handover(mine, "127.0.0.1", 0)
    await door.open()
    try:
        async with aiohttp.ClientSession() as session:
            with door.errand(frozenset(), 4000) as errand:
                for number in range(2):
                    await bring(session, errand.address, theirs.put(bytes([number]) * 4000), theirs)
                for number in range(2, 5):
                    with pytest.raises(Unavailable, match="413"):
                        await bring(session, errand.address, theirs.put(bytes([number]) * 4000), theirs)
    finally:
        await door.close()
    assert not any((tmp_path / "mine" / "partial").iterdir())


async def test_half_a_blob_is_never_kept(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    door = Handover(blobs, "127.0.0.1", 0)
    await door.open()
    try:
        with door.errand(frozenset(), 1 << 20) as errand:
            host, port, *path = errand.address.removeprefix("http://").replace(":", "/").split("/")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                f"PUT /{'/'.join(path)}/brought HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode()
                + b"h" * 500
            )
            await writer.drain()
            await eventually(functools.partial(_seen, tmp_path), bool)
            writer.transport.abort()
            await eventually(functools.partial(_seen, tmp_path), lambda found: not found)
            assert errand.brought is None
    finally:
        await door.close()
    assert not any((tmp_path / "sha256").rglob("*/*/*"))


@pytest.mark.parametrize(
    ("settings", "use"),
    [
        ({}, "never"),
        ({"ERC_PROFILE": "local"}, "never"),
        ({"ERC_PROFILE": "platform"}, "prefer"),
        ({"ERC_PROFILE": "platform", "BUILDER_REMOTE": "never"}, "never"),
        ({"BUILDER_REMOTE": "prefer"}, "prefer"),
        ({"BUILDER_REMOTE": "only"}, "only"),
    ],
)
def test_a_platform_prefers_builders_elsewhere(settings: dict[str, str], use: str) -> None:
    assert Remote.read(settings).use == use


def test_another_word_for_who_builds_is_refused() -> None:
    with pytest.raises(Unavailable, match="never, prefer, only"):
        Remote.read({"BUILDER_REMOTE": "sometimes"})
