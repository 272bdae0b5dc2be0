"""Where base images come from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiodocker
import pytest
from support.busybox import busybox_image

from erc.events.errors import Rejected, Unavailable
from erc.workers.builder.bases import Bases
from erc.workers.builder.domain.archives import BaseWanted
from erc.workers.docker import connect

pytestmark = pytest.mark.engine


@pytest.fixture
async def engine() -> AsyncIterator[aiodocker.Docker]:
    async with await connect() as connection:
        yield connection


async def test_a_kept_base_is_used_again(engine: aiodocker.Docker) -> None:
    first = await Bases(engine).prepare()
    said: list[str] = []

    second = await Bases(engine, progress=said.append).prepare()

    assert second == first
    assert first.image_id.startswith("sha256:")
    assert said == [f"The base image {first.name} is there."]


async def test_a_configured_image_wins(engine: aiodocker.Docker) -> None:
    kept = await Bases(engine).prepare()

    assert (await Bases(engine, configured=kept.image_id).prepare()).name == kept.image_id


async def test_a_configured_image_that_does_not_exist_is_named(engine: aiodocker.Docker) -> None:
    with pytest.raises(Rejected) as refusal:
        await Bases(engine, configured="127.0.0.1:9/nothing:1").prepare()

    assert refusal.value.problem.code == "base_missing"
    assert "127.0.0.1:9/nothing:1" in refusal.value.problem.detail


async def test_an_image_with_triggers_is_no_base(engine: aiodocker.Docker) -> None:
    name = busybox_image("erc-test-onbuild:1", change="ONBUILD RUN id")
    try:
        with pytest.raises(Rejected, match="steps of its own") as refusal:
            await Bases(engine).provide(BaseWanted("debian", "bookworm", "", name))
    finally:
        await engine.images.delete(name, force=True)

    assert refusal.value.problem.code == "base_invalid"
    assert name in refusal.value.problem.detail


async def test_the_base_says_where_packages_come_from_and_nothing_of_this_machine(engine: aiodocker.Docker) -> None:
    base = await Bases(engine).prepare()
    container = await engine.containers.create(
        {
            "Image": base.name,
            "Cmd": ["sh", "-c", "cat /etc/apt/sources.list; ls /var/log /var/cache/apt /var/lib/apt/lists"],
            "HostConfig": {"NetworkMode": "none"},
        }
    )
    try:
        await container.start()
        await container.wait()
        said = "".join(await container.log(stdout=True)).split()
    finally:
        await container.delete(force=True)

    assert {"bookworm", "bookworm-updates"} <= set(said)
    assert not any(word.endswith((".log", ".deb")) or "Packages" in word for word in said)


async def test_without_any_way_to_a_base_one_sentence_says_what_to_install(engine: aiodocker.Docker) -> None:
    said: list[str] = []

    with pytest.raises(Unavailable, match="Install debootstrap"):
        await Bases(engine, progress=said.append).prepare("debian", "nosuchsuite")

    assert await Bases(engine).find("erc-base:nosuchsuite") is None
    assert said[-1].startswith("Fetching debian:nosuchsuite-slim")
    assert not any("Cannot connect" in sentence for sentence in said)
