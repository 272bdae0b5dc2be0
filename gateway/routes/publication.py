"""Publication of a compendium, and the snapshot that its public history begins with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal
from erc.gateway.describing import About, Described
from erc.gateway.documents.compendium import Publication, Snapshot
from erc.gateway.errors import Refused
from erc.gateway.examining import examine_before
from erc.gateway.publication import publish, publishable
from erc.gateway.routes.asking import services_of
from erc.gateway.saving import keep_snapshot
from erc.gateway.services import Services
from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job


async def create(request: Request) -> Response:
    """`POST /api/v1/compendium/:id/publish`: make a candidate public; a repeat changes nothing."""
    services = services_of(request)
    published = await make_public(services, await services.principal(request), request.path_params["id"])
    address = f"/api/v1/compendium/{published.id}"
    when = published.published.isoformat() if published.published else None
    document = {"id": published.id, "published": when, "snapshot": f"{address}/snapshot"}
    return JSONResponse(document, 200, {"Location": address})


async def make_public(services: Services, principal: Principal, identifier: str) -> Compendium:
    """Publish a compendium; raises Refused (401, 403, 404; 409 when it is not ready)."""
    compendium = await services.compendium(principal, identifier, Action.PUBLISH)
    if publishable(compendium):
        await examine_before(services, principal, compendium)

    async def decide(before: Compendium, jobs: Callable[[], Awaitable[Sequence[Job]]]) -> Advance[Compendium] | None:
        if not publishable(before):
            return None
        now = utc_now()
        return publish(before, await keep_snapshot(services.blobs, before, await jobs(), now), now)

    after = await services.records.edit_compendium(compendium.id, decide)
    if after is None:
        after = await services.compendium(principal, identifier)
    if after.candidate:
        raise Refused(
            409,
            "The compendium cannot be published",
            f"Its state is {after.status.value}; only one that is ready can be published.",
            "compendium_not_ready",
        )
    return after


async def snapshot(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/snapshot`: what was public at the moment of publication."""
    services = services_of(request)
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    if compendium.snapshot is None:
        raise Refused(404, "The compendium is not published", "Its snapshot is made when it is.")
    document = await asyncio.to_thread(services.blobs.read, compendium.snapshot)
    return Response(document, media_type="application/json", headers={"ETag": f'"{compendium.snapshot}"'})


ROUTES = [
    Described(
        "/api/v1/compendium/{id:str}/publish",
        create,
        "POST",
        About("Compendia", "Publish a candidate", {200: Publication}, (404, 409), ("Location",), action=Action.PUBLISH),
    ),
    Described(
        "/api/v1/compendium/{id:str}/snapshot",
        snapshot,
        "GET",
        About("Compendia", "See what was public at first", {200: Snapshot}, (404,), ("ETag",), action=Action.VIEW),
    ),
]
