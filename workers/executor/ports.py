"""What the sandbox and the executor work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path, PurePath
from typing import Protocol

from erc.schemas.ids import Digest
from erc.schemas.workspace import Manifest
from erc.workers.executor.domain import Intention, Mechanism, Mount, Owner

OnLog = Callable[[bytes], Awaitable[None]]
OnStarted = Callable[[], Awaitable[None]]
OnIntention = Callable[[Intention], Awaitable[None]]


class Trees(Protocol):
    """Materialised workspaces, whose files belong to the service's user or to another owner."""

    def materialise(self, digest: Digest, manifest: Callable[[], Manifest], owner: Owner | None = None) -> Path:
        """Return the folder of a workspace, made once."""
        ...


class Folders(Protocol):
    """The folders that jobs write to."""

    root: Path

    def create(
        self, job_id: str, layers: Sequence[PurePath], mechanism: Mechanism, owner: Owner | None = None
    ) -> Mount: ...
    def used_bytes(self, job_id: str, tree: Path) -> int: ...
    def remove(self, job_id: str) -> None: ...
    def jobs(self) -> dict[str, float]: ...
    def practice(self, job_id: str) -> Path: ...
    def practised(self, job_id: str, tree: Path) -> bool: ...
