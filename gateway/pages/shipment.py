"""The page of a shipment."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.events.blobs import size_of
from erc.events.errors import Rejected
from erc.gateway.archive import PackedFile
from erc.gateway.auth import Action, Answer, Thing, authorise
from erc.gateway.errors import Refused
from erc.gateway.pages.rendering import render
from erc.gateway.pages.words import State
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.shipment import stop
from erc.gateway.routes.shipped import files_of, make_public
from erc.gateway.services import Services
from erc.schemas.shipment import Shipment, ShipmentStatus

_STATES = {
    ShipmentStatus.TO_BE_SHIPPED: State("▸", "Being packed", "busy"),
    ShipmentStatus.SHIPPED: State("✓", "Packed", "good"),
    ShipmentStatus.PUBLISHED: State("✓", "Published", "good"),
    ShipmentStatus.ERROR: State("✗", "Could not be packed", "bad"),
}


async def page(request: Request) -> Response:
    """`GET /shipment/:id`."""
    services = services_of(request)
    principal = await services.principal(request)
    shipment = await services.shipment(principal, request.path_params["id"])
    size_bytes = await size_of(services.blobs, shipment.package) if shipment.package else None
    return render(
        request,
        "shipment.html",
        principal,
        shipment=shipment,
        state=_STATES[shipment.status],
        size_bytes=size_bytes,
        live=shipment.status is ShipmentStatus.TO_BE_SHIPPED,
        publishes=shipment.status is ShipmentStatus.SHIPPED
        and authorise(principal, Action.DEPOSIT, Thing(shipment.owner, candidate=True)) is Answer.ALLOWED,
        files=await _files(services, shipment),
        cancels=authorise(principal, Action.CANCEL, Thing(shipment.owner, candidate=True)) is Answer.ALLOWED,
    )


async def _files(services: Services, shipment: Shipment) -> list[PackedFile]:
    """Return the files of the bag; none while it is not packed, or when it is damaged."""
    try:
        return await files_of(services, shipment)
    except (Refused, Rejected):
        return []


async def cancel(request: Request) -> Response:
    """`POST /shipment/:id/cancel`: end the shipment, or find that it has ended already, and show its page."""
    services = services_of(request)
    principal = await services.principal(request)
    shipment = await services.shipment(principal, request.path_params["id"], Action.CANCEL)
    await stop(services, shipment.id)
    return RedirectResponse(f"/shipment/{shipment.id}", 303)


async def publish(request: Request) -> Response:
    """`POST /shipment/:id/publish`: publish the shipment and show its page."""
    services = services_of(request)
    principal = await services.principal(request)
    shipment = await services.shipment(principal, request.path_params["id"], Action.DEPOSIT)
    await make_public(services, shipment)
    return RedirectResponse(f"/shipment/{shipment.id}", 303)
