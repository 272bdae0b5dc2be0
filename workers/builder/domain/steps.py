"""What the engine is handed for a build, and how its log is followed."""

from __future__ import annotations

import io
import tarfile

from erc.schemas.environment import Plan
from erc.workers.builder.domain.dockerfile import (
    CA_FILE,
    REQUIREMENTS_FILE,
    RuntimeManifest,
    requirements_file,
    runtime_manifest,
)
from erc.workers.builder.domain.failure import Place
from erc.workers.builder.domain.phases import Phase, mark, read_step
from erc.workers.builder.domain.rules import OnLog


class Steps:
    """Follows a build's log by the engine's steps: begins each phase with a line of its own, knows where it is."""

    def __init__(self, manifest: RuntimeManifest, on_log: OnLog) -> None:
        self._manifest, self._on_log = manifest, on_log
        self.place = Place(Phase.BASE)
        self._begun = False

    async def __call__(self, line: str) -> None:
        if step := read_step(line):
            number, count = step
            phase = self._manifest.phase(number)
            if phase is not self.place.phase or not self._begun:
                await self._on_log(mark(phase, number, count))
            self._begun, self.place = True, Place(phase, self._manifest.line(number))
        await self._on_log(line)


def build_context(plan: Plan, base: str, certificates: bytes | None = None) -> bytes:
    """Return what a plan's environment is built from, as `context_of` packs it; equal for equal input."""
    return context_of(runtime_manifest(plan, base, ca_bundle=certificates is not None), plan, certificates)


def context_of(manifest: RuntimeManifest, plan: Plan, certificates: bytes | None = None) -> bytes:
    """Return the tar archive that the engine builds from: a Dockerfile, and what it copies."""
    files = {"Dockerfile": manifest.text.encode()}
    if plan.requirements:
        files[REQUIREMENTS_FILE] = requirements_file(plan)
        if certificates is not None:
            files[CA_FILE] = certificates
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
