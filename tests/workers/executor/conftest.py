"""A tiny image, blobs, trees and a sandbox on a real engine."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiodocker
import pytest
from support.busybox import busybox_image

from erc.events.blobs import FileBlobStore
from erc.schemas.ids import derived_id
from erc.schemas.limits import MIB, RunLimits
from erc.schemas.workspace import Entry, Manifest
from erc.workers.docker import connect
from erc.workers.executor.domain import Intention, Mechanism, Outcome, Owner, RunRequest
from erc.workers.executor.outputs import Collected, CollectLimits, JobFolders
from erc.workers.executor.sandbox import Abilities, Sandbox
from erc.workers.trees import Trees

IMAGE = "erc-test-busybox"
LIMITS = RunLimits(memory_bytes=128 * MIB, disk_bytes=64 * MIB, processes=64, cpus=1.0, log_bytes=1 * MIB)


@pytest.fixture(scope="session")
def image() -> str:
    """An image that holds busybox and nothing else."""
    return busybox_image(IMAGE)


@pytest.fixture
def owner() -> Owner:
    return Owner(61234, 61234) if os.geteuid() == 0 else Owner(os.geteuid(), os.getegid())


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs")


@pytest.fixture
def trees(tmp_path: Path, blobs: FileBlobStore, owner: Owner) -> Trees:
    return Trees(blobs, tmp_path / "trees", owner)


@pytest.fixture
def folders(tmp_path: Path, owner: Owner) -> JobFolders:
    return JobFolders(tmp_path / "jobs", owner)


@pytest.fixture
def workspace(blobs: FileBlobStore) -> Callable[..., Manifest]:
    """Makes a manifest of these files; names that end in `*` are executable."""

    def make(files: dict[str, bytes]) -> Manifest:
        return Manifest(
            Entry(
                path=name.rstrip("*"),
                digest=blobs.put(content),
                size_bytes=len(content),
                executable=name.endswith("*"),
            )
            for name, content in files.items()
        )

    return make


@pytest.fixture
async def engine() -> AsyncIterator[aiodocker.Docker]:
    async with await connect() as connection:
        yield connection


@dataclass
class Run:
    """One job, run through the sandbox's public methods, and what was told on the way."""

    sandbox: Sandbox
    folders: JobFolders
    blobs: FileBlobStore
    original: Manifest
    request: RunRequest
    log: bytearray = field(default_factory=bytearray)
    told: list[str] = field(default_factory=list)
    spoken: asyncio.Event = field(default_factory=asyncio.Event)
    cancel: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Outcome:
        return await self.sandbox.run(self.request, self._on_log, self._on_started, self._on_intention, self.cancel)

    async def _on_log(self, piece: bytes) -> None:
        self.log += piece
        self.spoken.set()

    async def _on_started(self) -> None:
        self.told.append("started")

    async def _on_intention(self, intention: Intention) -> None:
        self.told.append(intention)

    def collect(self, limits: CollectLimits = CollectLimits()) -> Collected:  # noqa: B008
        return self.folders.collect(self.request.job_id, Path(self.request.tree), self.original, self.blobs, limits)


@pytest.fixture(params=list(Mechanism))
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    return request.param


@pytest.fixture
async def job(
    engine: aiodocker.Docker,
    image: str,
    trees: Trees,
    folders: JobFolders,
    blobs: FileBlobStore,
    owner: Owner,
    workspace: Callable[..., Manifest],
) -> AsyncIterator[Callable[..., Run]]:
    """Makes a job that runs a shell script; everything is cleaned at the end."""
    made: list[Run] = []

    def make(
        script: str,
        files: dict[str, bytes] | None = None,
        limits: RunLimits = LIMITS,
        mechanism: Mechanism = Mechanism.OVERLAY,
        command: tuple[str, ...] = (),
    ) -> Run:
        original = workspace(files or {})
        tree = trees.materialise(original.digest, lambda: original)
        sandbox = Sandbox(
            engine, folders, limits, owner, lambda: datetime.now(UTC), abilities=Abilities(mechanism, init=True)
        )
        job_id = derived_id(secrets.token_hex(8))
        request = RunRequest(job_id, 1, image, command or ("sh", "-c", script), tree)
        made.append(Run(sandbox, folders, blobs, original, request))
        return made[-1]

    yield make
    for run in made:
        await run.sandbox.clean(run.request.job_id)


@pytest.fixture
def no_leftovers(folders: JobFolders) -> Iterator[None]:
    yield
    assert folders.jobs() == {}
