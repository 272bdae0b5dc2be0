"""Runs that have something otherwise than the run before, on a real engine."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from support.glibc import glibc_image

from erc.events.blobs import FileBlobStore
from erc.schemas.ids import derived_id
from erc.schemas.repeat import Conditions, Variation
from erc.workers.executor.domain import LENT_LOCALE, RunRequest, Succeeded
from erc.workers.executor.varied import Varied
from erc.workers.lent import Lent, lend
from erc.workers.trees import Trees

pytestmark = pytest.mark.engine

FILES = {f"data/{number}.csv": b"1" for number in range(8)}
SCRIPT = """
date +%Y%m%d > clock; printf 'b\\nA\\na\\nB\\n' | sort | tr '\\n' ' ' > locale; date +%z > zone
hostname > host; id -u > user; nproc > cpus; ls -U data | tr '\\n' ' ' > order
head -c 8 /dev/urandom | od -x > chance; echo 1 > steady; echo 2 >> data/0.csv
"""
EVERYTHING = {"clock", "locale", "zone", "host", "user", "cpus", "order"}
OF = {
    Variation.CLOCK: "clock",
    Variation.LOCALE: "locale",
    Variation.ZONE: "zone",
    Variation.HOST: "host",
    Variation.USER: "user",
    Variation.CPUS: "cpus",
    Variation.ORDER: "order",
}


@pytest.fixture(scope="session")
def glibc() -> str:
    return glibc_image("erc-test-glibc")


@pytest.fixture(scope="session")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Lent:
    return lend(tmp_path_factory.mktemp("lent"), LENT_LOCALE)


Play = Callable[..., "object"]


@pytest.fixture
async def play(job: Callable, trees: Trees, blobs: FileBlobStore, lent: Lent, owner: object) -> AsyncIterator[Play]:
    """Runs the script with something otherwise; returns what it wrote, and the conditions."""
    played = []

    async def play(image: str, asked: Sequence[Variation] = ()) -> tuple[dict[str, str], Conditions]:
        run = job(SCRIPT, FILES)
        played.append(run)

        async def sandbox() -> object:
            return run.sandbox

        varied = Varied(trees, sandbox, owner, lambda: lent)
        circumstances, conditions = await varied(image, asked, run.original)
        tree = run.request.tree
        request = RunRequest(
            derived_id(secrets.token_hex(8)), 1, image, ("sh", "-c", SCRIPT), tree, circumstances=circumstances
        )
        run.request = dataclasses.replace(request)
        assert await run() == Succeeded(), run.log.decode()
        made = run.collect().made
        await run.sandbox.clean(run.request.job_id)
        return {entry.path: blobs.read(entry.digest).decode() for entry in made.entries()}, conditions

    yield play
    for run in played:
        await run.sandbox.clean(run.request.job_id)


async def test_what_is_varied_changes_and_nothing_else_does(play: Play, glibc: str, no_leftovers: None) -> None:
    before, _ = await play(glibc)
    after, conditions = await play(glibc, list(Variation))

    tried = {OF[one.variation] for one in conditions.tried}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == tried | {"chance"}
    assert tried | {OF[one.variation] for one in conditions.not_tried} == EVERYTHING
    assert after["data/0.csv"] == "12\n"
    assert all(one.reason.endswith(".") for one in conditions.not_tried)
    expected = {"host", "zone", "order"} | ({"user"} if os.geteuid() == 0 else set())
    assert expected <= tried


@pytest.mark.parametrize("one", [Variation.CLOCK, Variation.ORDER])
async def test_one_variation_changes_what_depends_on_it(play: Play, glibc: str, one: Variation) -> None:
    before, _ = await play(glibc)
    after, conditions = await play(glibc, [one])

    if not conditions.tried:
        pytest.skip(conditions.not_tried[0].reason)
    assert {name for name in before if before[name] != after[name]} == {OF[one], "chance"}


async def test_what_an_image_cannot_do_is_not_tried(play: Play, image: str) -> None:
    _, conditions = await play(image, [Variation.CLOCK, Variation.LOCALE, Variation.HOST])

    assert [one.variation for one in conditions.tried] == [Variation.HOST]
    assert {one.variation for one in conditions.not_tried} == {Variation.CLOCK, Variation.LOCALE}
