"""Builds: one for many who ask, one more package, and what the product adds to `docker build`.

Nothing is fetched in what is measured: packages lie in a folder of the base image, which pip is told to take alone.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import secrets
import shutil
import statistics
import subprocess
import time
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.report import Figure
from support.base_rows import Rows
from support.builders import ask_many, second_builder
from support.service import packed, running
from support.tiny import paper, tiny_base

from erc.events.blobs import FileBlobStore
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.limits import MIB, BuildLimits
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.rules import Base, Ground, Order
from erc.workers.builder.engine import build_context
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
    with _base(folder) as name:
        settings = BuilderSettings.read()
        rules = replace(settings.rules, save_image=False, ground=Ground(name), ca_bundle=None)
        images = EngineImages(settings.engine, rules, Rows(), FileBlobStore(folder / "blobs"), settings.user)
        try:
            base = await images.base(_plan(1))
            added, alone = await _added(images, base)
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


async def _added(images: EngineImages, base: Base) -> tuple[float, float]:
    """Return the seconds of a build with one package more, and of that package alone on what was built."""
    ours, floor = [], []
    for number in range(ROUNDS):
        with _tags(3) as (before, after, alone):
            await images.build(Order(_plan(PACKAGES, number), base, before), _nothing, LIMITS)
            order = Order(_plan(PACKAGES + 1, number), base, after)
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


@contextlib.contextmanager
def _base(folder: Path) -> Iterator[str]:
    """An image of the usual base with Python, and with packages in a folder that pip takes them from."""
    context, name = folder / "base", f"erc-bench-base:{secrets.token_hex(4)}"
    (context / "packages").mkdir(parents=True)
    for number in range(PACKAGES + 1):
        _wheel(context / "packages", f"pack{number}")
    (context / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /packages\n")
    # The installer of Debian's packages is asked in every build, and finds everything there.
    (context / "apt-get").write_text("#!/bin/sh\n")
    (context / "apt-get").chmod(0o755)
    (context / "Dockerfile").write_text(
        "FROM erc-base:bookworm\nRUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv\n"
        "COPY packages /packages\nCOPY pip.conf /etc/pip.conf\nCOPY apt-get /usr/local/bin/apt-get\n"
    )
    _docker("build", "--tag", name, str(context))
    try:
        yield name
    finally:
        _docker("rmi", "--force", name)
        shutil.rmtree(context)


def _wheel(folder: Path, name: str) -> None:
    """Write a package of many small modules."""
    files = {f"{name}/m{number}.py": f"x = {number}\n" * 40 for number in range(MODULES)}
    about = f"{name}-1.0.dist-info"
    files |= {
        f"{name}/__init__.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*rows, f"{about}/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


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
    try:
        yield tags
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
