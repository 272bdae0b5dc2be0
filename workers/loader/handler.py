"""Loads workspaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from erc.events.catalog import LoadWorkspace, WorkspaceLoaded, WorkspaceRejected
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.workers.loader.domain import Extracted
from erc.workers.store import Work, WorkStore


class Loader:
    """Unpacks an upload on request; `extract` reads the archive with this digest in a limited process."""

    def __init__(self, extract: Callable[[Digest], Awaitable[Extracted]], store: WorkStore) -> None:
        self._extract, self._store = extract, store

    async def load(self, command: LoadWorkspace, work: Work) -> None:
        """Unpack the archive and say so. Raises Rejected when the archive cannot be used."""
        extracted = await self._extract(command.upload)
        loaded = WorkspaceLoaded(
            compendium_id=command.compendium_id,
            manifest=extracted.manifest,
            bag=extracted.bag,
            compendium=extracted.compendium,
        )
        await self._store.emit(work, loaded, status="done")


def rejected(command: LoadWorkspace, problem: Digest, _error: Rejected | None) -> WorkspaceRejected:
    """Return the terminal event of an upload that cannot be used."""
    return WorkspaceRejected(compendium_id=command.compendium_id, problem=problem)
