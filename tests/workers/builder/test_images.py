"""Environments on a real engine: scripts shut in, evidence, images saved and loaded again, and let go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiodocker
import pytest
from support.base_rows import Rows
from support.busybox import busybox_image

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan, Script
from erc.schemas.evidence import DriftReport, Evidence, Reproducibility
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.provenance import Build
from erc.workers.builder.domain.rules import Base, BuildRules, Ground, KeptBase, Order
from erc.workers.builder.evidence import Evidences
from erc.workers.builder.images import EngineImages
from erc.workers.docker import connect
from erc.workers.engine.confined import LABEL_BUILD, Confined
from erc.workers.engine.shelf import Shelf

pytestmark = pytest.mark.engine

LIMITS = BuildLimits(memory_bytes=256 * MIB, wall_clock=timedelta(minutes=2))
RULES = BuildRules(platform="linux/amd64", limits=LIMITS, ca_bundle=None, save_image=True, free_bytes=1 * MIB)
PLAN = Plan(kind=Kind.R_SCRIPT, suite="tinytest", command=["cat", "/var/lib/erc/left"])
USER = (61234, 61234)
DRAWN = "head -c 16 /dev/urandom > left"


@dataclass
class Bench:
    """Images of a tiny base, a log, and a tag that is taken back at the end."""

    images: EngineImages
    rows: Rows
    blobs: FileBlobStore
    engine: aiodocker.Docker
    base: Base
    tag: str
    log: list[str] = field(default_factory=list)

    async def on_log(self, line: str) -> None:
        self.log.append(line)

    async def build(self, *scripts: str, limits: BuildLimits = LIMITS) -> str:
        named = tuple((f"postBuild{number}", text.encode()) for number, text in enumerate(scripts))
        return await self.images.build(Order(PLAN, self.base, self.tag, named), self.on_log, limits)

    async def running(self) -> int:
        name = f"erc-script-{self.tag.rpartition(':')[2]}"
        return len(await self.engine.containers.list(all=True, filters={"name": [name]}))


@pytest.fixture(scope="module")
def tiny() -> Iterator[str]:
    name = busybox_image(f"erc-test-base:{os.getpid()}")
    yield name
    subprocess.run(["docker", "rmi", name], capture_output=True, check=False)


@pytest.fixture
async def bench(tiny: str, tmp_path: Path) -> AsyncIterator[Bench]:
    blobs, rows = FileBlobStore(tmp_path / "blobs"), Rows()
    images = EngineImages(None, replace(RULES, ground=Ground(configured=tiny)), rows, blobs, USER)
    tag = f"erc-test:{secrets.token_hex(8)}"
    async with await connect() as engine:
        yield Bench(images, rows, blobs, engine, await images.base(PLAN), tag)
        if await Shelf(engine).find(tag):
            await engine.images.delete(tag, force=True)
    await images.close()


async def test_a_script_runs_as_the_user_of_a_run_without_network_and_what_it_leaves_is_in_the_image(
    bench: Bench,
) -> None:
    image_id = await bench.build(
        "id -u; ip -o link | wc -l; touch /etc/mine 2>/dev/null || echo shut; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; "
        "echo kept > $HOME/left",
        "#!/bin/sh\ncat left; grep CapEff /proc/self/status | tr -d '[:blank:]'",
    )

    assert bench.log[bench.log.index("[erc phase=scripts step=1/2]") + 1 :] == [
        "61234",
        "1",
        "shut",
        "256",
        "[erc phase=scripts step=2/2]",
        "kept",
        "CapEff:0000000000000000",
    ]
    image = await Shelf(bench.engine).inspect(bench.tag)
    assert image and image["Id"] == image_id
    assert image["Config"]["Cmd"] == PLAN.command
    assert not image["Config"]["Entrypoint"]
    assert not any(variable.startswith("HOME=") for variable in image["Config"]["Env"])
    assert await bench.running() == 0


async def test_a_script_that_fails_is_told_with_its_path_and_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(Rejected) as refusal:
        await bench.build("true", "echo no such thing; exit 3")

    build = refusal.value.problem.build
    assert refusal.value.problem.code == "script_failed"
    assert build and (build.phase, build.path, build.log) == ("scripts", "postBuild1", ["no such thing"])
    assert await Shelf(bench.engine).find(bench.tag) is None
    assert await bench.running() == 0


async def test_a_base_with_triggers_that_is_remembered_is_never_built_on(bench: Bench) -> None:
    name = busybox_image("erc-test-onbuild:2", change="ONBUILD RUN id")
    image_id = await bench.images.find(name)
    assert image_id
    bench.base = Base(name, image_id)
    try:
        with pytest.raises(Rejected, match="steps of its own"):
            await bench.build()
    finally:
        await bench.engine.images.delete(name, force=True)


class FarShelf(Shelf):
    """The images of an engine on another machine."""

    async def free_bytes(self) -> int | None:
        return None


class FarImages(EngineImages):
    """The images of an engine whose folder is not on this machine."""

    async def shelf(self) -> Shelf:
        return FarShelf(await self._connected())


async def test_builds_on_one_base_ask_an_engine_elsewhere_for_its_space_side_by_side(bench: Bench) -> None:
    rules = replace(RULES, ground=Ground(configured=bench.base.name))
    far = FarImages(None, rules, bench.rows, bench.blobs, USER)
    tags = [f"{bench.tag}-{number}" for number in range(3)]
    try:
        orders = [Order(PLAN, bench.base, tag, ()) for tag in tags]
        built = await asyncio.gather(*(far.build(order, bench.on_log, LIMITS) for order in orders))
    finally:
        for tag in tags:
            with contextlib.suppress(aiodocker.DockerError):
                await bench.engine.images.delete(tag, force=True)
        await far.close()

    assert all(image_id.startswith("sha256:") for image_id in built)


async def test_too_little_space_on_an_engine_elsewhere_is_told(bench: Bench) -> None:
    rules = replace(RULES, ground=Ground(configured=bench.base.name), free_bytes=1 << 60)
    far = FarImages(None, rules, bench.rows, bench.blobs, USER)
    try:
        with pytest.raises(Unavailable, match="GiB free"):
            await far.build(Order(PLAN, bench.base, bench.tag, ()), bench.on_log, LIMITS)
    finally:
        await far.close()


async def test_a_script_without_an_end_is_stopped(bench: Bench) -> None:
    await bench.build()

    with pytest.raises(Rejected) as refusal:
        await bench.build("sleep 300", limits=LIMITS.model_copy(update={"wall_clock": timedelta(seconds=4)}))

    problem = refusal.value.problem
    assert (problem.code, problem.build and problem.build.path) == ("build_timeout", "postBuild0")
    assert problem.detail.startswith("postBuild0 was stopped")
    assert await bench.running() == 0


async def test_cancelling_stops_a_script_in_the_engine(bench: Bench) -> None:
    building = asyncio.create_task(bench.build("echo begun; sleep 300"))
    while "begun" not in bench.log:
        await asyncio.sleep(0.1)
        assert not building.done()
    assert await bench.running() == 1

    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building

    assert await bench.running() == 0
    assert await Shelf(bench.engine).find(bench.tag) is None


async def test_a_container_that_a_killed_build_left_is_swept(bench: Bench, tiny: str) -> None:
    confined, name = Confined(bench.engine), f"erc-script-{bench.tag.rpartition(':')[2]}"
    await bench.engine.containers.create({"Image": tiny, "Cmd": ["true"], "Labels": {LABEL_BUILD: name}}, name=name)

    await confined.sweep(datetime.now(UTC).timestamp() - 3600)
    assert await bench.running() == 1
    await confined.sweep(datetime.now(UTC).timestamp() + 1)

    assert await bench.running() == 0


async def test_a_script_that_floods_the_log_is_cut(bench: Bench) -> None:
    await bench.build("seq 1 5000", limits=LIMITS.model_copy(update={"log_bytes": 400}))

    assert bench.log[-1] == "[the log is cut here: 400 bytes are kept]"
    assert len(bench.log) < 300


async def test_a_script_that_does_not_stop_printing_is_stopped(bench: Bench) -> None:
    with pytest.raises(Rejected) as refusal:
        await bench.build("while true; do seq 1 5000; done", limits=LIMITS.model_copy(update={"log_bytes": 400}))

    problem = refusal.value.problem
    assert (problem.code, problem.build and problem.build.path) == ("script_output_too_large", "postBuild0")
    assert await Shelf(bench.engine).find(bench.tag) is None
    assert await bench.running() == 0


async def test_an_image_that_was_saved_starts_where_no_archive_is(bench: Bench) -> None:
    image_id = await bench.build("echo kept > left")
    blob = await bench.images.save_blob(image_id, bench.blobs)
    await bench.engine.images.delete(bench.tag, force=True)
    assert await bench.images.find(image_id) is None

    loaded = await bench.images.load(blob, bench.tag, bench.blobs)

    assert loaded == image_id == await bench.images.find(bench.tag)


async def test_a_blob_that_is_no_image_is_not_loaded(bench: Bench) -> None:
    with pytest.raises(Unavailable, match="cannot be loaded"):
        await bench.images.load(bench.blobs.put(b"no archive"), bench.tag, bench.blobs)


async def test_a_base_that_the_engine_lost_comes_back_from_where_it_is_kept(bench: Bench, tmp_path: Path) -> None:
    name = f"erc-base:{''.join(secrets.choice('abcdefgh') for _ in range(12))}"
    plan = PLAN.model_copy(update={"suite": name.partition(":")[2]})
    base_id = await bench.images.find(busybox_image(name, mark=name[-6:]))
    assert base_id
    kept = KeptBase(base_id, await bench.images.save_blob(base_id, bench.blobs))
    await bench.engine.images.delete(name, force=True)
    images = EngineImages(None, RULES, Rows({name: kept}), bench.blobs, USER)
    try:
        base = await images.base(plan)
        assert await images.find(base.image_id) is None
        await images.build(Order(plan, base, bench.tag), bench.on_log, LIMITS)
        assert await images.find(name) == base_id
    finally:
        await images.close()
        await bench.engine.images.delete(bench.tag, force=True)
        await bench.engine.images.delete(name, force=True)


async def test_what_stands_on_a_base_is_found_by_it_even_where_it_is_not(bench: Bench) -> None:
    kept = KeptBase(f"sha256:{'e' * 64}")
    images = EngineImages(None, RULES, Rows({"erc-base:tinytest": kept}), bench.blobs, USER)
    try:
        assert await images.base(PLAN) == Base("erc-base:tinytest", kept.image_id)
    finally:
        await images.close()


async def test_no_build_begins_on_a_disk_that_is_nearly_full(bench: Bench) -> None:
    images = EngineImages(None, replace(RULES, free_bytes=1 << 60), bench.rows, bench.blobs, USER)
    try:
        with pytest.raises(Unavailable, match="GiB free"):
            await images.build(Order(PLAN, bench.base, bench.tag), bench.on_log, LIMITS)
    finally:
        await images.close()
    assert bench.log == []


async def test_a_build_leaves_its_packages_its_provenance_and_its_drift(bench: Bench) -> None:
    plan = PLAN.model_copy(update={"python": "3.11", "scripts": [Script(path="postBuild", digest="a" * 64)]})
    image_id = await bench.build(DRAWN)
    now = datetime(2026, 11, 25, tzinfo=UTC)
    build = Build("b" * 64, plan, "c" * 64, bench.base, image_id, "linux/amd64", "job", now, now)
    again = await bench.images.build(
        Order(PLAN, bench.base, f"{bench.tag}-again", (("postBuild", DRAWN.encode()),), cold=True),
        bench.on_log,
        LIMITS,
    )

    digest = await Evidences(bench.images, bench.blobs).gather(build, again)

    await bench.images.remove(f"{bench.tag}-again")
    assert digest
    evidence = Evidence.model_validate_json(bench.blobs.read(digest))
    drift = DriftReport.model_validate_json(bench.blobs.read(evidence.drift))
    assert (evidence.image_id, evidence.base, evidence.reproducible) == (image_id, bench.base.image_id, False)
    assert [(one.name, one.wanted, one.built, one.met) for one in drift.drifts] == [("python", "3.11", "", False)]
    assert b"CycloneDX" in bench.blobs.read(evidence.packages)
    assert image_id.removeprefix("sha256:").encode() in bench.blobs.read(evidence.provenance)
    assert evidence.reproducibility
    compared = Reproducibility.model_validate_json(bench.blobs.read(evidence.reproducibility))
    assert compared.paths == ["var/lib/erc/left"]


async def test_an_image_that_a_container_uses_is_not_let_go(bench: Bench) -> None:
    await bench.build()
    shelf = Shelf(bench.engine)
    container = await bench.engine.containers.create({"Image": bench.tag, "Cmd": ["true"]})
    try:
        assert await shelf.remove((await shelf.find(bench.tag)) or "") is False
    finally:
        await container.delete(force=True)
    assert await shelf.remove(bench.tag) is True
    assert await shelf.find(bench.tag) is None
    assert await shelf.remove(bench.tag) is True
