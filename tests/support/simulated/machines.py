"""What the workers do outside: unpack, describe, build, run, compare, pack. It takes time, fails, and can be refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.simulated.blobs import MemoryBlobs
from support.simulated.network import Network

from erc.events.blobs import BlobStore, put_document
from erc.events.errors import Rejected, Unavailable
from erc.schemas import check
from erc.schemas.check import CheckReport, Verdict
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.limits import BuildLimits
from erc.schemas.metadata import Description, Kind
from erc.schemas.repeat import Conditions, Tried, Variation
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.rules import Base, Order
from erc.workers.executor.domain import Circumstances, Failed, Intention, Outcome, RunRequest, Succeeded
from erc.workers.loader.domain import Extracted
from erc.workers.shipper.domain import BagFile

DISPLAY = "display.html"
VARIED = (Variation.ZONE, Variation.HOST)
"""What these machines can vary."""


@dataclass(frozen=True)
class Nature:
    """How long work takes and how often it comes to nothing."""

    refused: float = 0.0
    """Share of the work that is refused for good."""
    fails: float = 0.15
    """Share of the scripts that end with an error."""
    slow: float = 0.0
    """Share of the work that outlives a lease."""
    quick_seconds: float = 1.0
    slow_seconds: tuple[float, float] = (40.0, 90.0)


class Machines:
    """The world outside of the workers, one for all of them; it outlives each."""

    def __init__(self, network: Network, blobs: MemoryBlobs, nature: Nature) -> None:
        self._network, self._blobs, self._nature, self._rng = network, blobs, nature, network.rng
        self.images: dict[str, str] = {}
        self.containers: dict[str, Container] = {}
        self.builds: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.calm = False
        """Whether work is now quick and never refused."""
        self.doubled: list[str] = []
        """Work that was begun while it was going on elsewhere."""

    async def work(self) -> float:
        """Return how long the next piece of work takes; raises Unavailable or Rejected."""
        await self._network.call("machine", lambda: None, _away)
        if self.calm:
            return self._rng.random() * self._nature.quick_seconds
        if self._rng.random() < self._nature.refused:
            raise Rejected("It cannot be done", "The input is at fault.", "refused")
        if self._rng.random() < self._nature.slow:
            return self._rng.uniform(*self._nature.slow_seconds)
        return self._rng.random() * self._nature.quick_seconds

    def outcome(self) -> Outcome:
        """Return how a script ends."""
        return Failed(exit_code=1) if self._rng.random() < self._nature.fails else Succeeded()

    async def extract(self, upload: Digest) -> Extracted:
        """Unpack an archive: here, a script and a published display whose text is the archive's digest."""
        await asyncio.sleep(await self.work())
        keep = self._blobs.put
        files = {"main.py": b"print(1)\n", DISPLAY: f"<p>{upload}</p>".encode()}
        entries = [Entry(path=path, digest=keep(data), size_bytes=len(data)) for path, data in files.items()]
        manifest = Manifest(entries)
        return Extracted(keep(manifest.document()), bag=False, compendium=False, size_bytes=manifest.size_bytes)

    async def describe(self, manifest: Digest, _choice: Digest | None) -> Digest:
        """Describe a workspace."""
        await asyncio.sleep(await self.work())
        o2r = {"title": f"A study of {manifest[:8]}"}
        about = Description(kind=Kind.PYTHON_SCRIPT, main="main.py", display=DISPLAY, manifest=manifest, o2r=o2r)
        return put_document(self._blobs, about)

    async def compare(self, _manifest: Digest, _outputs: Digest, described: Description) -> CheckReport:
        """Compare what was made with what was published."""
        await asyncio.sleep(await self.work())
        same = self._rng.random() < 0.7
        verdict, reason = (Verdict.REPRODUCED, "All is equal.") if same else (Verdict.DIFFERS, "A figure differs.")
        outcome = check.Outcome.IDENTICAL if same else check.Outcome.DIFFERENT
        row = check.Comparison(name="Figure 1", kind="image", outcome=outcome)
        return CheckReport(verdict=verdict, reason=reason, display=described.display, comparisons=[row])

    async def vary(
        self, _image_id: str, asked: Sequence[Variation], _manifest: Manifest
    ) -> tuple[Circumstances, Conditions]:
        """Vary some of what is asked for."""
        tried = [Tried(variation=one, was="a", became="b") for one in asked if one in VARIED]
        return Circumstances(), Conditions(tried=tried)

    def write_zip(
        self, blobs: BlobStore, _folder: str, files: Sequence[BagFile], _stopped: Callable[[], bool]
    ) -> Digest:
        """Pack a bag."""
        return blobs.put("\n".join(file.path for file in files).encode())


class Images:
    """The engine's images."""

    def __init__(self, machines: Machines, network: Network) -> None:
        self._machines, self._network = machines, network

    async def base(self, _plan: Plan) -> Base:
        return Base("erc-base:bookworm", "sha256:base")

    async def find(self, tag: str) -> str | None:
        images = self._machines.images
        return await self._network.call(
            "image find", lambda: images.get(tag) or (tag if tag in images.values() else None), _away
        )

    async def build(
        self,
        order: Order,
        on_log: Callable[[str], Awaitable[None]],
        limits: BuildLimits,
        ca_bundle: Path | None = None,
    ) -> str:
        machines, tag = self._machines, order.tag
        if machines.under_way[tag]:
            machines.doubled.append(tag)
        machines.under_way[tag] += 1
        try:
            await on_log("Step 1")
            await asyncio.sleep(await machines.work())
        finally:
            machines.under_way[tag] -= 1
        machines.builds[tag] += 1
        name = hashlib.sha256(tag.encode()).hexdigest()
        await self._network.call("image keep", lambda: machines.images.__setitem__(tag, name), _away)
        return name

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        await asyncio.sleep(await self._machines.work())
        return blobs.put(image_id.encode())

    async def load(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        name = blobs.read(image).decode()
        await self._network.call("image load", lambda: self._machines.images.__setitem__(tag, name), _away)
        return name

    async def remove(self, image_id: str) -> None:
        self._machines.images.pop(image_id, None)


@dataclass
class Container:
    """A run that goes on whoever watches it."""

    ends: float
    outcome: Outcome


class Sandbox:
    """The engine's containers: named by job, looked for before one is started."""

    def __init__(self, machines: Machines, network: Network, blobs: MemoryBlobs) -> None:
        self._machines, self._network, self._blobs = machines, network, blobs

    async def run(
        self,
        request: RunRequest,
        on_log: Callable[[bytes], Awaitable[None]],
        on_started: Callable[[], Awaitable[None]],
        on_intention: Callable[[Intention], Awaitable[None]],
    ) -> Outcome:
        loop = self._network.loop
        if request.job_id not in self._machines.containers:
            container = Container(loop.time() + await self._machines.work(), self._machines.outcome())
            await self._network.call("container start", lambda: self._begin(request.job_id, container), _away)
        await on_started()
        await on_log(b"one line\n")
        while (container := self._machines.containers.get(request.job_id)) is not None:
            if container.ends <= loop.time():
                return container.outcome
            await asyncio.sleep(container.ends - loop.time())
        raise Unavailable("The container is gone")

    def _begin(self, job_id: str, container: Container) -> None:
        self._machines.containers.setdefault(job_id, container)

    async def collect(self, job_id: str, tree: Path, original: Manifest) -> Manifest:
        data = f"made by {job_id}".encode()
        return Manifest([Entry(path=DISPLAY, digest=self._blobs.put(data), size_bytes=len(data))])

    async def clean(self, job_id: str) -> None:
        await self._network.call("container clean", lambda: self._machines.containers.pop(job_id, None), _away)


class Trees:
    """Materialised workspaces."""

    def materialise(self, digest: Digest, manifest: Callable[[], Manifest]) -> Path:
        return Path("/trees") / digest


class Chunks:
    """Where live logs go."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.said: list[tuple[Any, ...]] = []

    async def publish(self, job_id: str, step: str, attempt: int, number: int, text: str) -> None:
        await self._network.call("log", lambda: self.said.append((job_id, step, attempt, number, text)), _away)


def _away() -> Exception:
    return Unavailable("It does not answer")
