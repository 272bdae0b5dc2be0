"""Describes workspaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from erc.events.catalog import DescribeWorkspace, DescriptionRejected, WorkspaceDescribed
from erc.events.errors import Rejected
from erc.schemas.ids import Digest
from erc.workers.store import Work, WorkStore


class Describer:
    """Reads on request what a workspace says about itself; `describe` does so in a limited process."""

    def __init__(self, describe: Callable[[Digest, Digest | None], Awaitable[Digest]], store: WorkStore) -> None:
        self._describe, self._store = describe, store

    async def describe(self, command: DescribeWorkspace, work: Work) -> None:
        """Make the description and say so. Raises Rejected when the workspace cannot be described."""
        description = await self._describe(command.manifest, command.description)
        described = WorkspaceDescribed(compendium_id=command.compendium_id, description=description)
        await self._store.emit(work, described, status="done")


def rejected(command: DescribeWorkspace, problem: Digest, _error: Rejected | None) -> DescriptionRejected:
    """Return the terminal event of a workspace that cannot be described."""
    return DescriptionRejected(compendium_id=command.compendium_id, problem=problem)
