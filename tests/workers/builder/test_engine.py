"""Building through a real engine."""

from __future__ import annotations

import asyncio
import io
import secrets
import tarfile
from collections.abc import AsyncIterator
from datetime import timedelta

import aiodocker
import pytest

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.limits import BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.bases import Bases
from erc.workers.builder.domain.rules import Base
from erc.workers.builder.engine import ImageBuilder
from erc.workers.docker import connect, negotiate
from erc.workers.engine.shelf import Shelf

EMPTY = Plan(kind=Kind.R_SCRIPT, packages=[], command=["true"])


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.grown = asyncio.Event()

    async def __call__(self, line: str) -> None:
        self.lines.append(line)
        self.grown.set()


@pytest.fixture
async def engine() -> AsyncIterator[aiodocker.Docker]:
    async with await connect() as connection:
        yield connection


@pytest.fixture
async def base(engine: aiodocker.Docker) -> Base:
    return await Bases(engine).prepare()


@pytest.fixture
async def tag(engine: aiodocker.Docker) -> AsyncIterator[str]:
    name = f"erc-test:{secrets.token_hex(8)}"
    yield name
    if await Shelf(engine).find(name):
        await engine.images.delete(name, force=True)


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [("1.41", "1.12", "v1.41"), ("1.52", "1.44", "v1.47"), ("1.60", "1.50", "v1.50"), ("1.9", "1.2", "v1.9")],
)
def test_the_newest_version_that_both_sides_know_is_spoken(newest: str, oldest: str, spoken: str) -> None:
    assert negotiate(newest, oldest) == spoken


async def test_without_an_engine_one_sentence_says_what_to_do() -> None:
    with pytest.raises(Unavailable, match="DOCKER_HOST"):
        await connect("unix:///nowhere/docker.sock")


@pytest.mark.engine
async def test_a_plan_becomes_an_image_that_is_found_and_saved(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    builder, log, saved = ImageBuilder(engine), Log(), io.BytesIO()

    image_id = await builder.build(EMPTY, base.name, tag, log, BuildLimits())
    await Shelf(engine).save(tag, saved.write)

    assert image_id.startswith("sha256:")
    assert await Shelf(engine).find(tag) == image_id
    assert any("WORKDIR /erc" in line for line in log.lines)
    saved.seek(0)
    with tarfile.open(fileobj=saved) as archive:
        assert "manifest.json" in archive.getnames()
    image = await engine.images.inspect(tag)
    assert image["Config"]["Cmd"] == ["true"]
    assert image["Config"]["WorkingDir"] == "/erc"


@pytest.mark.engine
async def test_an_image_that_was_never_built_is_not_found(engine: aiodocker.Docker, tag: str) -> None:
    assert await Shelf(engine).find(tag) is None
    with pytest.raises(Rejected, match="no longer there"):
        await Shelf(engine).save(tag, lambda _: None)


@pytest.mark.engine
async def test_a_package_that_does_not_exist_is_explained(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    package = PlannedPackage(name="r-cran-notthereatall", system="apt", reason="library(notThereAtAll) in main.R:1")

    with pytest.raises(Rejected) as refusal:
        await ImageBuilder(engine).build(
            EMPTY.model_copy(update={"packages": [package]}), base.name, tag, Log(), BuildLimits()
        )

    assert refusal.value.problem.code == "package_not_found"
    assert "main.R:1" in refusal.value.problem.detail


@pytest.mark.engine
async def test_an_image_above_the_limit_is_refused_and_removed(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    builder = ImageBuilder(engine)

    with pytest.raises(Rejected) as refusal:
        await builder.build(EMPTY, base.name, tag, Log(), BuildLimits(image_bytes=1 << 20))

    assert refusal.value.problem.code == "image_too_large"
    assert await Shelf(engine).find(tag) is None


@pytest.mark.engine
async def test_a_log_above_the_limit_is_cut_with_a_mark(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    log = Log()

    await ImageBuilder(engine).build(EMPTY, base.name, tag, log, BuildLimits(log_bytes=60))

    assert log.lines[-1] == "[the log is cut here: it is longer than 60 bytes]"


@pytest.mark.engine
async def test_a_build_that_takes_too_long_is_stopped(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    package = PlannedPackage(name="texlive-full", system="apt")

    with pytest.raises(Rejected) as refusal:
        await ImageBuilder(engine).build(
            EMPTY.model_copy(update={"packages": [package]}),
            base.name,
            tag,
            Log(),
            BuildLimits(wall_clock=timedelta(seconds=1)),
        )

    assert refusal.value.problem.code == "build_timeout"


@pytest.mark.engine
async def test_cancelling_stops_the_build_in_the_engine(engine: aiodocker.Docker, base: Base, tag: str) -> None:
    mark, log = secrets.token_hex(8), Log()
    context = a_context(f"FROM {base.name}\nRUN : {mark}; echo started; sleep 300\n")
    task = asyncio.create_task(ImageBuilder(engine).build_image(context, tag, log, BuildLimits()))
    while not any(line == "started" for line in log.lines):
        log.grown.clear()
        await asyncio.wait_for(log.grown.wait(), 20)
    assert await becomes(engine, mark, running=True)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await becomes(engine, mark, running=False)


async def becomes(engine: aiodocker.Docker, mark: str, *, running: bool) -> bool:
    for _ in range(100):
        containers = await engine.containers.list()
        if any(mark in str(container._container["Command"]) for container in containers) is running:
            return True
        await asyncio.sleep(0.1)
    return False


def a_context(dockerfile: str) -> bytes:
    buffer, content = io.BytesIO(), dockerfile.encode()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
