"""Keeps the index in step with the compendia."""

from __future__ import annotations

import json
import logging
from typing import Protocol

from erc.events.envelope import Envelope
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.problem import Problem
from erc.workers.indexer.domain import SearchDocument, search_document
from erc.workers.run import Delivery

log = logging.getLogger("erc.indexer")


class Index(Protocol):
    """Where compendia are read and search documents are written."""

    async def compendium(self, identifier: str) -> Compendium | None:
        """Return the compendium as it is now."""
        ...

    async def put(self, compendium: Compendium, found: SearchDocument, document: str) -> None:
        """Write its search document."""
        ...

    async def remove(self, identifier: str) -> None:
        """Remove its search document."""
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

    async def index(self, identifier: str) -> None:
        """Write or remove the search document of a compendium."""
        compendium = await self._index.compendium(identifier)
        if compendium is None:
            await self._index.remove(identifier)
        elif compendium.status is CompendiumStatus.READY:
            found = search_document(compendium)
            document = json.dumps(found.source).replace("\\u0000", "")
            self._faults.reach("before_commit")
            await self._index.put(compendium, found, document)
            self._faults.reach("after_commit")
