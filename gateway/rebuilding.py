"""Rebuilding while the service runs: the indexer writes the index again, the relay fills streams that were deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Protocol

from erc.gateway.auth import Principal
from erc.gateway.errors import Refused
from erc.gateway.identifiers import new_id
from erc.gateway.services import Services
from erc.gateway.store.operations import Operation

STREAMS = ("EVENTS", "PUBLIC")


class Rebuild(Protocol):
    """Something that can be rebuilt."""

    name: str

    async def begin(self, services: Services, principal: Principal, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin and return how far it is."""
        ...

    async def progress(self, services: Services) -> dict[str, Any] | None:
        """Return how far the last one is, None when there was none."""
        ...


class IndexRebuild:
    """The indexer looks for it every few seconds and tells how far it is."""

    name = "index"

    async def begin(self, services: Services, principal: Principal, _asked: dict[str, Any]) -> dict[str, Any]:
        await services.operations.begin(new_id(), principal.name, "rebuild_index", {"compendia": 0})
        return await self.progress(services) or {}

    async def progress(self, services: Services) -> dict[str, Any] | None:
        found = await services.operations.latest("rebuild_index")
        return _told(found[0]) if found else None


class EventsRebuild:
    """The streams are deleted; the relay makes them anew, fills them and notes their new incarnation."""

    name = "events"

    async def begin(self, services: Services, principal: Principal, asked: dict[str, Any]) -> dict[str, Any]:
        streams = asked.get("streams") or list(STREAMS)
        if not isinstance(streams, list) or not all(stream in STREAMS for stream in streams):
            raise Refused(400, "streams holds what cannot be rebuilt", f"It is a list of {' and '.join(STREAMS)}.")
        before = {one.name: one.incarnation for one in await services.inspection.streams() if one.name in streams}
        await services.operations.begin(new_id(), principal.name, "rebuild_events", {"before": before})
        for stream in before:
            await services.inspection.remove(stream)
        return await self.progress(services) or {}

    async def progress(self, services: Services) -> dict[str, Any] | None:
        found = await services.operations.latest("rebuild_events")
        if not found or found[0].ended:
            return _told(found[0]) if found else None
        operation, whole = found[0], await services.operations.whole()
        before = operation.document.get("before", {})
        now = {one.name: one for one in await services.inspection.streams() if one.name in before}
        streams = {
            name: {"messages": stream.messages, "of": await services.operations.logged(name)}
            for name, stream in now.items()
        }
        done = all(
            stream.present and whole.get(name) == stream.incarnation != before[name] for name, stream in now.items()
        )
        if done:
            await services.operations.end(operation.id, {"before": before, "streams": streams})
            return _told((await services.operations.latest("rebuild_events"))[0])
        return _told(operation) | {"streams": streams}


def _told(operation: Operation) -> dict[str, Any]:
    """Return the document of a rebuild."""
    about = asdict(operation)
    document = about.pop("document")
    document.pop("before", None)
    about["created"] = operation.created.isoformat()
    about["ended"] = operation.ended.isoformat() if operation.ended else None
    return {**about, **document}


REBUILDS: dict[str, Rebuild] = {one.name: one for one in (IndexRebuild(), EventsRebuild())}
