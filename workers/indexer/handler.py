"""Keeps the index in step with the compendia."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from erc.events.envelope import Envelope
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.problem import Problem
from erc.workers.indexer.domain import SearchDocument, search_document
from erc.workers.run import Delivery

log = logging.getLogger("erc.indexer")

ASK_SECONDS = 2.0


class Index(Protocol):
    """Where compendia are read and search documents are written."""

    async def compendium(self, identifier: str) -> Compendium | None:
        """Return the compendium as it is now."""
        ...

    async def put(self, compendium: Compendium, found: SearchDocument, document: str, *, again: bool = False) -> None:
        """Write its search document; `again` also when this version is there."""
        ...

    async def remove(self, identifier: str) -> None:
        """Remove its search document."""
        ...

    async def identifiers(self, after: str) -> list[str]:
        """Return a page of the ids of compendia behind this one, in order."""
        ...

    async def forget_wrong(self) -> int:
        """Remove what belongs to no compendium; return how many."""
        ...

    async def asked(self) -> list[str]:
        """Return the operations that ask for a rebuild."""
        ...

    async def tell(self, operation: str, progress: dict[str, int], *, ended: bool) -> None:
        """Note how far a rebuild is."""
        ...


class Indexer:
    """Indexes the compendium that an event speaks of, as it is now; a repeat changes nothing."""

    def __init__(self, index: Index, faults: Faults) -> None:
        self._index, self._faults = index, faults

    async def take(self, delivery: Delivery) -> None:
        """Handle one event."""
        try:
            identifier = Envelope.model_validate_json(delivery.body).event().aggregate_id
        except ValueError as error:
            await delivery.bury(Problem(code="message_unknown", title="The event is not known", detail=str(error)))
            return
        try:
            await self.index(identifier)
        except (Unavailable, OSError) as error:
            log.warning("Indexing waits: %s", error)
            await delivery.later(min(60.0, 1.0 * delivery.deliveries))
            return
        self._faults.reach("before_acknowledge")
        await delivery.acknowledge()

    async def index(self, identifier: str, *, again: bool = False) -> None:
        """Write or remove the search document of a compendium; `again` also when this version is there."""
        compendium = await self._index.compendium(identifier)
        if compendium is None:
            await self._index.remove(identifier)
        elif compendium.status is CompendiumStatus.READY:
            found = search_document(compendium)
            document = json.dumps(found.source).replace("\\u0000", "")
            self._faults.reach("before_commit")
            await self._index.put(compendium, found, document, again=again)
            self._faults.reach("after_commit")

    async def rebuild_when_asked(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Rebuild the index whenever an operator asks for it, for ever."""
        while True:
            try:
                for operation in await self._index.asked():
                    await self.rebuild(operation)
            except (Unavailable, OSError) as error:
                log.warning("The rebuild waits: %s", error)
            await pause(ASK_SECONDS)

    async def rebuild(self, operation: str) -> None:
        """Write every search document again from what PostgreSQL holds, remove all others; safe to repeat."""
        progress = {"removed": await self._index.forget_wrong(), "compendia": 0, "unreadable": 0}
        after = ""
        while page := await self._index.identifiers(after):
            for identifier in page:
                try:
                    await self.index(identifier, again=True)
                except ValueError:
                    log.exception("The compendium %s cannot be indexed", identifier)
                    progress["unreadable"] += 1
            after = page[-1]
            progress["compendia"] += len(page)
            await self._index.tell(operation, progress, ended=False)
        await self._index.tell(operation, progress, ended=True)
        log.info("The index was rebuilt: %s", progress)
