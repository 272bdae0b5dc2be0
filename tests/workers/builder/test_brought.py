"""Images that were made elsewhere, on a real engine: looked into, refused when they bring what no run has."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiodocker
import pytest
from support.base_rows import Rows
from support.busybox import busybox_image

from erc.events.blobs import FileBlobStore
from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.evidence import Evidence, Origin
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.provenance import Build
from erc.workers.builder.domain.rules import Base, BuildRules
from erc.workers.builder.evidence import Evidences
from erc.workers.builder.images import EngineImages
from erc.workers.docker import LABEL_JOB, connect
from erc.workers.engine.confined import LABEL_BUILD, Confined, Task, is_left
from erc.workers.engine.shelf import Shelf

pytestmark = pytest.mark.engine

LIMITS = BuildLimits(memory_bytes=256 * MIB, wall_clock=timedelta(minutes=2))
RULES = BuildRules(platform="linux/amd64", limits=LIMITS, ca_bundle=None, save_image=True, free_bytes=1 * MIB)
PLAN = Plan(kind=Kind.R_SCRIPT, suite="tinytest", command=["true"])


@dataclass
class Bench:
    """Images of an engine, and names in it that are taken back at the end."""

    images: EngineImages
    blobs: FileBlobStore
    engine: aiodocker.Docker
    tag: str

    async def made(self, **config: Any) -> str:
        """Return the blob of an image with this configuration, which the engine has no longer."""
        name, shelf = f"{self.tag}-made", Shelf(self.engine)
        about = await shelf.inspect(f"{self.tag}-base")
        assert about
        changed = {"Config": {**about["Config"], **config}}
        task = Task(name=f"erc-made-{self.tag.rpartition(':')[2]}", image=f"{self.tag}-base", command=["true"])
        async with Confined(self.engine).container(task) as container:
            image_id = await Confined(self.engine).commit(container, changed, name)
        saved = await self.images.save_blob(image_id, self.blobs)
        await shelf.remove(name)
        return saved


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    tag = f"erc-test:{secrets.token_hex(8)}"
    blobs = FileBlobStore(tmp_path / "blobs")
    busybox_image(f"{tag}-base")
    images = EngineImages(None, RULES, Rows(), blobs, (61234, 61234))
    async with await connect() as engine:
        yield Bench(images, blobs, engine, tag)
        for name in (tag, f"{tag}-base", f"{tag}-made"):
            if await Shelf(engine).find(name):
                await engine.images.delete(name, force=True)
    await images.close()


@pytest.mark.parametrize(
    ("config", "why"),
    [({"Volumes": {"/data": {}}}, "/data"), ({"Labels": {LABEL_JOB: "../../blobs"}}, LABEL_JOB)],
)
async def test_an_image_that_brings_what_no_run_has_is_refused_and_goes(
    bench: Bench, config: dict[str, Any], why: str
) -> None:
    saved = await bench.made(**config)

    with pytest.raises(Rejected) as refusal:
        await bench.images.bring(saved, bench.tag, bench.blobs)

    assert why in refusal.value.problem.detail
    assert await bench.images.find(bench.tag) is None


async def test_a_brought_image_is_looked_into_and_says_that_nobody_here_built_it(bench: Bench) -> None:
    image_id = await bench.images.bring(await bench.made(Volumes={"/erc": {}}), bench.tag, bench.blobs)
    now, archive = datetime(2026, 11, 25, tzinfo=UTC), Base("erc-base:x", f"sha256:{'a' * 64}")
    build = Build("b" * 64, PLAN, "c" * 64, archive, image_id, "linux/amd64", "job", None, now, Origin.BROUGHT)

    digest = await Evidences(bench.images, bench.blobs).gather(build)

    assert digest
    evidence = Evidence.model_validate_json(bench.blobs.read(digest))
    provenance = json.loads(bench.blobs.read(evidence.provenance))
    assert (evidence.origin, evidence.base, evidence.base_name) == (Origin.BROUGHT, "", "")
    assert provenance["predicate"]["runDetails"]["builder"] == {"id": "urn:erc:builder:unknown"}
    assert json.loads(bench.blobs.read(evidence.packages))["bomFormat"] == "CycloneDX"


def test_sweeping_after_builds_spares_the_runs_in_an_image_that_a_script_made() -> None:
    script = {LABEL_BUILD: "erc-script-x"}

    assert is_left(1.0, script, 2.0)
    assert not is_left(3.0, script, 2.0)
    assert not is_left(1.0, {**script, LABEL_JOB: "job"}, 2.0)


async def test_nothing_can_be_left_in_a_volume_while_an_image_is_looked_into(bench: Bench) -> None:
    await bench.images.bring(await bench.made(Volumes={"/erc": {}}), bench.tag, bench.blobs)
    looked = "echo x > /erc/x && echo written; grep ' /erc ' /proc/mounts | cut -d ' ' -f 3"

    task = Task(name=f"erc-look-{bench.tag[-16:]}", image=bench.tag, command=["sh", "-c", looked], user="0:0")
    ended = await Confined(bench.engine).run(task)

    assert ended.output == b"tmpfs\n"
