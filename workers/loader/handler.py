"""Loads workspaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from erc.events.catalog import LoadWorkspace, WorkspaceLoaded, WorkspaceRejected
from erc.events.errors import Rejected
from erc.schemas.compendium import SourceKind
from erc.schemas.ids import Digest
from erc.workers.loader.domain import Extracted
from erc.workers.store import Work, WorkStore

Bring = Callable[[Digest], Awaitable[Extracted]]
"""Brings files into the blob store."""


class Loader:
    """Unpacks an upload or fetches a commit on request.

    `extract` reads the archive with this digest in a limited process, `fetch` what the document with this digest names.
    """

    def __init__(self, extract: Bring, fetch: Bring, store: WorkStore) -> None:
        self._bring, self._store = {SourceKind.ARCHIVE: extract, SourceKind.GIT: fetch}, store

    async def load(self, command: LoadWorkspace, work: Work) -> None:
        """Bring the files in and say so. Raises Rejected when the source cannot be used."""
        extracted = await self._bring[command.kind](command.upload)
        loaded = WorkspaceLoaded(
            compendium_id=command.compendium_id,
            manifest=extracted.manifest,
            bag=extracted.bag,
            compendium=extracted.compendium,
            size_bytes=extracted.size_bytes if command.kind is SourceKind.GIT else None,
        )
        await self._store.emit(work, loaded, status="done")


def rejected(command: LoadWorkspace, problem: Digest, _error: Rejected | None) -> WorkspaceRejected:
    """Return the terminal event of an upload that cannot be used."""
    return WorkspaceRejected(compendium_id=command.compendium_id, problem=problem)
