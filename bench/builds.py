"""Builds: one for many who ask, one more package, and what the product adds to `docker build`.

Nothing is fetched in what is measured: packages lie in a folder of the base image, which pip is told to take alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.report import Figure
from support.base_rows import Rows
from support.builders import ask_many, second_builder
from support.service import packed, running
from support.tiny import paper, tiny_base
from support.wheels import modules, python_base

from erc.events.blobs import FileBlobStore
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.rules import Base, BuildRules, Ground, Order, tag_of
from erc.workers.builder.domain.steps import build_context
from erc.workers.builder.images import EngineImages
from erc.workers.builder.settings import BuilderSettings

MANY, ROUNDS, PACKAGES, MODULES = 100, 3, 6, 400
LIMITS = BuildLimits()


def figures(root: Path) -> list[Figure]:
    folder = root / "packages"
    folder.mkdir()
    return [*_once(root / "once"), *asyncio.run(_against_docker(folder))]


def _once(home: Path) -> list[Figure]:
    """Ask for one environment many times at once, over HTTP, with two builder processes."""
    home.mkdir()
    tag = f"erc-bench-tiny:{secrets.token_hex(4)}"
    settings = {"BUILDER_BASE": tiny_base(tag, 2.0), "BUILDER_FREE_BYTES": str(64 * MIB)}
    try:
        with running(home, **settings) as service, second_builder(service, **settings):
            compendium = service.ready(packed({**paper(60), "apt.txt": f"p{secrets.token_hex(4)}\n"}))
            asked = ask_many(service, compendium, MANY)
    finally:
        _docker("rmi", "--force", tag)
    said = f"all {MANY} ready after {asked.seconds:.1f} s, 2 s of them in the installer"
    name = f"builds for {MANY} requests at once, two builders"
    return [Figure(name, asked.built, "", "= 1", asked.built == 1 and asked.found == MANY - 1, said)]


async def _against_docker(folder: Path) -> list[Figure]:
    with python_base(
        folder, {f"pack{number}": modules(f"pack{number}", MODULES) for number in range(PACKAGES + 1)}
    ) as name:
        settings = BuilderSettings.read()
        rules = replace(settings.rules, save_image=False, ground=Ground(name), ca_bundle=None)
        images = EngineImages(settings.engine, rules, Rows(), FileBlobStore(folder / "blobs"), settings.user)
        try:
            base = await images.base(_plan(1))
            added, alone = await _added(images, rules, base)
            ours, theirs = await _cold(images, base, folder)
        finally:
            await images.close()
    return [
        Figure(
            "one added package ÷ installing it alone on the cached layer",
            added / alone,
            "×",
            "≤ 1.3 ×",
            added <= 1.3 * alone,
            f"alone {alone:.2f} s, ours {added:.2f} s, {PACKAGES} packages before it",
        ),
        Figure(
            "a cold build ÷ docker build of the same Dockerfile",
            ours / theirs,
            "×",
            "≤ 1.15 ×",
            ours <= 1.15 * theirs,
            f"docker build {theirs:.2f} s, ours {ours:.2f} s",
        ),
    ]


async def _added(images: EngineImages, rules: BuildRules, base: Base) -> tuple[float, float]:
    """Return the seconds of a build with one package more, and of that package alone on what was built."""
    ours, floor = [], []
    for number in range(ROUNDS):
        plans = _plan(PACKAGES, number), _plan(PACKAGES + 1, number)
        before, after = (tag_of(plan.key(base.image_id, rules.platform)) for plan in plans)
        with _tags(1) as (alone,), _removed(before, after):
            await images.build(Order(plans[0], base, before), _nothing, LIMITS)
            order = Order(plans[1], base, after)
            ours.append(await _timed(lambda order=order: images.build(order, _nothing, LIMITS)))
            text = (
                f"FROM {before}\nLABEL n={secrets.token_hex(4)}\nRUN pip install --no-cache-dir pack{PACKAGES}==1.0\n"
            )
            floor.append(await _timed(lambda text=text, tag=alone: asyncio.to_thread(_build, text, tag)))
    return statistics.median(ours), statistics.median(floor)


async def _cold(images: EngineImages, base: Base, folder: Path) -> tuple[float, float]:
    """Return the seconds of a build from nothing by the product, and by `docker build` of what the product writes."""
    context = _unpacked(folder / "context", base)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with _tags(2) as (mine, other):
            order = Order(_plan(PACKAGES), base, mine, cold=True)
            ours.append(await _timed(lambda order=order: images.build(order, _nothing, LIMITS)))
            command = ["build", "--quiet", "--no-cache", "--tag", other, str(context)]
            theirs.append(await _timed(lambda command=command: asyncio.to_thread(_docker, *command)))
    return statistics.median(ours), statistics.median(theirs)


def _unpacked(context: Path, base: Base) -> Path:
    """Write the context that the product builds from into a folder."""
    context.mkdir()
    subprocess.run(["tar", "-x", "-C", str(context)], input=build_context(_plan(PACKAGES), base.image_id), check=True)
    return context


def _plan(packages: int, number: int = 0) -> Plan:
    """Return a plan of so many packages; `number` makes it one that nothing was built for."""
    names = [f"pack{one}==1.0" for one in range(packages)]
    return Plan(
        kind=Kind.PYTHON_SCRIPT,
        python="3.11",
        packages=[PlannedPackage(name=name.partition("=")[0], system="pip") for name in names],
        # Spaces mean nothing to pip, and everything to what is cached.
        requirements="".join(f"{name}{' ' * number}\n" for name in names),
        command=["python3", "main.py"],
    )


@contextlib.contextmanager
def _tags(many: int) -> Iterator[list[str]]:
    tags = [f"erc-bench:{secrets.token_hex(8)}" for _ in range(many)]
    with _removed(*tags):
        yield tags


@contextlib.contextmanager
def _removed(*tags: str) -> Iterator[None]:
    try:
        yield
    finally:
        for tag in reversed(tags):
            _docker("rmi", "--force", tag)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def _nothing(_line: str) -> None:
    return


def _build(text: str, tag: str) -> None:
    archive = io.BytesIO(text.encode())
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, "-"], input=archive.getvalue(), check=True, capture_output=True
    )


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=words[0] != "rmi", capture_output=True)
