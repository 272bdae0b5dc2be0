"""The page of a compendium and what can be done there."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.events.blobs import BlobStore, read_document
from erc.events.errors import Rejected
from erc.gateway.auth import Action, Answer, Thing, authorise
from erc.gateway.documents.shipment import NewShipment
from erc.gateway.identifiers import is_link_id
from erc.gateway.pages.about import about
from erc.gateway.pages.downloads import downloads_of
from erc.gateway.pages.files import files_of
from erc.gateway.pages.listing import JobRow
from erc.gateway.pages.rendering import render
from erc.gateway.pages.sharing import linked, shared
from erc.gateway.pages.words import state_of, status_of
from erc.gateway.routes.asking import body_of, services_of
from erc.gateway.routes.job import begin
from erc.gateway.routes.removal import forget
from erc.gateway.routes.shipment import ship as begin_shipment
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.metadata import Description

JOBS = 20
_COMING = {CompendiumStatus.LOADING, CompendiumStatus.DESCRIBING}


async def page(request: Request) -> Response:
    """`GET /compendium/:id`."""
    if is_link_id(request.path_params["id"]):
        return await linked(request)
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await services.compendium(principal, request.path_params["id"])
    known = about(compendium)
    jobs = await services.records.jobs(principal, compendium_id=compendium.id, limit=JOBS + 1)
    thing = Thing(compendium.owner, compendium.candidate)
    return render(
        request,
        "compendium.html",
        principal,
        compendium=compendium,
        about=known,
        state=status_of(compendium),
        coming=compendium.status in _COMING,
        ready=compendium.status is CompendiumStatus.READY,
        warnings=await asyncio.to_thread(_warnings, services.blobs, compendium),
        files=await files_of(services.blobs, compendium.manifest, f"/api/v1/compendium/{compendium.id}/data"),
        downloads=await downloads_of(services, compendium),
        jobs=[JobRow(job, "", state_of(job)) for job in jobs[:JOBS]],
        more_jobs=len(jobs) > JOBS,
        shared=await shared(services, principal, compendium),
        may={action.name.lower(): authorise(principal, action, thing) is Answer.ALLOWED for action in Action},
    )


def _warnings(blobs: BlobStore, compendium: Compendium) -> list[str]:
    if compendium.description is None:
        return []
    try:
        return read_document(blobs, compendium.description, Description).warnings
    except Rejected:
        return []


async def run(request: Request) -> Response:
    """`POST /compendium/:id/run`: start a job and go to its page."""
    services = services_of(request)
    principal, identifier = await services.opened(await services.principal(request), request.path_params["id"])
    compendium = await services.compendium(principal, identifier, Action.RUN)
    job = await begin(services, principal, compendium)
    return RedirectResponse(f"/job/{job.id}", 303)


async def delete(request: Request) -> Response:
    """`POST /compendium/:id/delete`: forget a candidate and go to the list."""
    services = services_of(request)
    await forget(services, await services.principal(request), request.path_params["id"])
    return RedirectResponse("/", 303)


async def ship(request: Request) -> Response:
    """`POST /compendium/:id/ship`: pack it as a bag and go to the shipment's page."""
    services = services_of(request)
    principal = await services.principal(request)
    wants_image = "image" in await body_of(request)
    order = NewShipment.model_validate({"compendium_id": request.path_params["id"], "image": wants_image})
    shipment = await begin_shipment(services, principal, order)
    return RedirectResponse(f"/shipment/{shipment.id}", 303)
