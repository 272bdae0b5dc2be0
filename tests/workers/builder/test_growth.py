"""One package more on a real engine: the rest is not installed again, and nothing else differs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.base_rows import Rows
from support.wheels import modules, python_base

from erc.events.blobs import FileBlobStore
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.rules import Base, BuildRules, Ground, Order, tag_of
from erc.workers.builder.images import EngineImages

pytestmark = pytest.mark.engine

LIMITS, PLATFORM = BuildLimits(), "linux/amd64"
WHEELS = {
    **{name: modules(name, 3) for name in ("one", "two", "three")},
    # Writes over a file of `one`.
    "rude": {"rude/__init__.py": "", "one/m0.py": "x = 'rude'\n"},
}


def plan_of(*names: str) -> Plan:
    return Plan(
        kind=Kind.PYTHON_SCRIPT,
        python="3.11",
        packages=[PlannedPackage(name=name, version="1.0", system="pip") for name in names],
        requirements="".join(f"{name}==1.0\n" for name in names),
        command=["python3", "main.py"],
    )


@dataclass
class Bench:
    """Images on a base with Python and a few packages."""

    images: EngineImages
    base: Base
    log: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    async def on_log(self, line: str) -> None:
        self.log.append(line)

    async def build(self, *names: str, cold: bool = False) -> str:
        """Build the environment of these packages, under its key unless it is a cold one; return the image's id."""
        plan = plan_of(*names)
        key = plan.key(self.base.image_id, PLATFORM)
        self.tags.append(f"{tag_of(key)}-again" if cold else tag_of(key))
        self.log.clear()
        return await self.images.build(Order(plan, self.base, self.tags[-1], cold=cold), self.on_log, LIMITS)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with python_base(tmp_path_factory.mktemp("wheels"), WHEELS) as name:
        yield name


@pytest.fixture
async def bench(python: str, tmp_path: Path) -> AsyncIterator[Bench]:
    rules = BuildRules(PLATFORM, LIMITS, None, save_image=False, ground=Ground(python), free_bytes=64 * MIB)
    images = EngineImages(None, rules, Rows(), FileBlobStore(tmp_path / "blobs"), (61234, 61234))
    made = Bench(images, await images.base(plan_of("one")))
    try:
        yield made
    finally:
        for tag in reversed(made.tags):
            await images.remove(tag)
        await images.close()


async def test_one_package_more_is_installed_alone_and_leaves_what_a_whole_build_leaves(bench: Bench) -> None:
    earlier = await bench.build("one", "two")
    assert any("venv /opt/erc" in line for line in bench.log)

    image = await bench.build("one", "three", "two")
    assert any(earlier in line and "all but one" in line for line in bench.log)
    assert not any("Processing /packages/one" in line for line in bench.log)
    assert (await bench.images.inventory(image)).ground == earlier
    assert (await bench.images.layers(image))[:-1] == await bench.images.layers(earlier)

    whole = await bench.build("one", "three", "two", cold=True)
    assert (await bench.images.inventory(whole)).ground == ""
    assert await bench.images.tree(image) == await bench.images.tree(whole)


async def test_a_package_that_writes_over_another_is_not_added_but_everything_built(bench: Bench) -> None:
    await bench.build("one", "two")

    image = await bench.build("one", "rude", "two")
    assert "What is added does not leave the rest as it is: everything is built." in bench.log
    inventory = await bench.images.inventory(image)
    assert inventory.ground == ""
    assert inventory.version("pip", "rude") == "1.0"


async def test_what_stands_below_the_packages_is_made_once_for_all(bench: Bench) -> None:
    await bench.build("one")
    await bench.build("three")

    venv = next(number for number, line in enumerate(bench.log) if "python3 -m venv /opt/erc" in line)
    assert "Using cache" in bench.log[venv + 1]
