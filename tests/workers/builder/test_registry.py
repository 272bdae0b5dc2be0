"""Bases of a real image registry: pushed there, fetched from there by digest, and built on."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.base_rows import Rows
from support.busybox import busybox_image
from support.servers import registry, registry_program

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.rules import BuildRules, Ground, Order
from erc.workers.builder.images import EngineImages

pytestmark = pytest.mark.engine

LIMITS = BuildLimits(memory_bytes=256 * MIB, wall_clock=timedelta(minutes=5))
RULES = BuildRules(platform="linux/amd64", limits=LIMITS, ca_bundle=None, save_image=True, free_bytes=1 * MIB)
PLAN = Plan(kind=Kind.R_SCRIPT, command=["true"])


@dataclass(frozen=True)
class Pushed:
    """An image that only a registry has: its id, its name with a tag, and with a digest."""

    image_id: str
    tagged: str
    digested: str


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    program = registry_program()
    if program is None:
        pytest.skip("These tests need an image registry: make setup-registry")
    with registry(tmp_path, program) as address:
        name = f"{address}/rocker/r-ver"
        busybox_image(f"{name}:4.2.1", mark=secrets.token_hex(8))
        docker("push", f"{name}:4.2.1")
        digested = docker("inspect", "--format", "{{index .RepoDigests 0}}", f"{name}:4.2.1")
        image_id = docker("inspect", "--format", "{{.Id}}", f"{name}:4.2.1")
        docker("rmi", "--force", image_id)
        yield Pushed(image_id, f"{name}:4.2.1", digested)
        subprocess.run(["docker", "rmi", "--force", image_id], capture_output=True, check=False)


@pytest.mark.parametrize("how", ["set by its tag", "set by its digest", "planned by its digest"])
async def test_a_base_of_a_registry_is_fetched_and_built_on(pushed: Pushed, tmp_path: Path, how: str) -> None:
    name = pushed.tagged if how == "set by its tag" else pushed.digested
    plan = PLAN.model_copy(update={"image": name}) if how.startswith("planned") else PLAN
    ground = Ground() if how.startswith("planned") else Ground(configured=name)
    images = EngineImages(None, replace(RULES, ground=ground), Rows(), FileBlobStore(tmp_path / "blobs"), (1, 1))
    log: list[str] = []

    async def on_log(line: str) -> None:
        log.append(line)

    tag = f"erc-test:{secrets.token_hex(8)}"
    try:
        assert await images.find(pushed.image_id) is None
        base = await images.base(plan)
        built = await images.build(Order(plan, base, tag), on_log, LIMITS)
        layers, below = await images.layers(built), await images.layers(pushed.image_id)
    finally:
        await images.remove(tag)
        await images.close()

    assert (base.name, base.image_id) == (name, pushed.image_id)
    assert layers[: len(below)] == below
    assert any(pushed.image_id in line for line in log)


async def test_what_a_registry_has_not_is_said_with_the_name(pushed: Pushed, tmp_path: Path) -> None:
    name = f"{pushed.tagged.rpartition(':')[0]}:9.9.9"
    rules = replace(RULES, ground=Ground(configured=name))
    images = EngineImages(None, rules, Rows(), FileBlobStore(tmp_path / "blobs"), (1, 1))
    try:
        with pytest.raises(Rejected, match="cannot be fetched") as refusal:
            await images.base(PLAN)
    finally:
        await images.close()
    assert name in refusal.value.problem.detail
