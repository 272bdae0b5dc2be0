"""Checks jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from erc.events.blobs import BlobStore, put_document
from erc.events.catalog import CheckFailed, CheckFinished, CheckOutputs
from erc.events.errors import Rejected
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description
from erc.workers.store import Work, WorkStore

Compare = Callable[[Digest, Digest, Description], Awaitable[CheckReport]]
"""Compares what two manifests hold, published and made, of a described workspace, in a limited process."""


class Checker:
    """Compares what a run made with what was published on request."""

    def __init__(self, compare: Compare, blobs: BlobStore, store: WorkStore) -> None:
        self._compare, self._blobs, self._store = compare, blobs, store

    async def check(self, command: CheckOutputs, work: Work) -> None:
        """Compare, keep the report, say the verdict. Raises Rejected when a document cannot be read."""
        document = await asyncio.to_thread(self._blobs.read, command.description)
        described = Description.model_validate_json(document)
        report = await self._compare(command.manifest, command.outputs, described)
        kept = await asyncio.to_thread(put_document, self._blobs, report)
        finished = CheckFinished(job_id=command.job_id, verdict=report.verdict, report=kept)
        await self._store.emit(work, finished, status="done")


def failed(command: CheckOutputs, problem: Digest, _error: Rejected | None) -> CheckFailed:
    """Return the terminal event of a comparison that could not be done."""
    return CheckFailed(job_id=command.job_id, problem=problem)
