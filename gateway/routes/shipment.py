"""Shipments: pack a compendium as a bag and hand it out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from erc.events.blobs import place_of, put_document
from erc.events.catalog import PackShipment
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal
from erc.gateway.auth import Answer as Allowed
from erc.gateway.describing import JSON, LIMIT, REPEAT, START, About, Content, Described, Parameter, Text
from erc.gateway.documents.shipment import NewShipment, Recipients, ShipmentDocument, ShipmentState
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import is_id, new_id
from erc.gateway.packing import cancel_shipment
from erc.gateway.packrecord import record_of
from erc.gateway.routes.asking import body_of, plain_text, services_of, whole_number
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing
from erc.gateway.services import NO_COMPENDIUM, SHIPPING_WORKERS, Services
from erc.gateway.store.records import Also, nothing
from erc.gateway.store.shipments import is_taken, shipments
from erc.gateway.views import shipment_view
from erc.schemas.compendium import Compendium
from erc.schemas.shipment import Shipment, ShipmentStatus

RECIPIENTS = {"download": "Download"}
WAIT_SECONDS = 120.0
Ids = list[str]


async def recipients(_request: Request) -> Response:
    """Return where a compendium can be shipped to."""
    return JSONResponse({"recipients": [{"id": key, "label": label} for key, label in RECIPIENTS.items()]})


async def index(request: Request) -> Response:
    """List the ids of one's own shipments, for editors all, as a bare array; newest first."""
    services = services_of(request)
    principal, compendium_id = await services.principal(request), plain_text(request, "compendium_id")
    start, limit = whole_number(request, "start", 1, 1 << 31), whole_number(request, "limit", 100, 1000)
    found = await shipments(services.records.database, principal, compendium_id, start, limit)
    return JSONResponse([shipment.id for shipment in found])


async def create(request: Request) -> Response:
    """Pack a compendium with its newest job.

    The answer tells the shipment's id at once. Who accepts `application/zip` and not JSON gets the zip itself, once it
    is packed.
    """
    services = services_of(request)
    principal = await services.principal(request)
    body = await body_of(request)
    order = order_of(body, request.path_params.get("id", ""))

    async def act(keep: KeepAnswer) -> Answer:
        return _begun(await ship(services, principal, order, keep))

    begun = await answered_once(request, services, principal, body, act)
    accepted = request.headers.get("accept", "")
    if "application/zip" not in accepted or JSON in accepted:
        return begun
    shipment = await _when_packed(services, str(json.loads(bytes(begun.body))["id"]))
    return await package_of(services, shipment) if shipment else begun


async def create_as(request: Request) -> Response:
    """Pack a compendium with its newest job, as a shipment with an own id: 26 lower-case letters and digits."""
    return await create(request)


def order_of(body: dict[str, Any], identifier: str = "") -> NewShipment:
    """Return what is to be shipped; raises Refused (400)."""
    own = identifier or body.get("_id") or body.get("shipment_id") or ""
    try:
        order = NewShipment.model_validate({**body, "_id": own})
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(400, "bad request", f"{first['loc'][0] if first['loc'] else 'body'}: {first['msg']}.") from error
    if order.recipient not in RECIPIENTS:
        raise Refused(400, "the recipient is not known", f"Known are: {', '.join(RECIPIENTS)}.")
    return order


def _begun(shipment: Shipment) -> Answer:
    return Answer(202, json.dumps(shipment_view(shipment)), {"Location": f"/api/v1/shipment/{shipment.id}"})


async def _when_packed(services: Services, identifier: str) -> Shipment | None:
    """Return the shipment once it has come to its end, None when that takes too long."""
    pause, waited = 0.05, 0.0
    while waited < WAIT_SECONDS:
        found = await services.records.shipment(identifier)
        if found is None or found.status is not ShipmentStatus.TO_BE_SHIPPED:
            return found
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, 1.0)
    return None


async def ship(
    services: Services, principal: Principal, order: NewShipment, keep: KeepAnswer = keep_nothing
) -> Shipment:
    """Record a shipment of a compendium with its newest job and ask the shipper; raises Refused."""
    compendium = await _shippable(services, principal, order.compendium_id)
    if not compendium.manifest:
        raise Refused(409, "The compendium is not ready yet", "Wait until it is loaded.", "compendium_not_ready")
    jobs = await services.records.jobs(principal, compendium_id=compendium.id, limit=20)
    job = next((job for job in jobs if job.terminal), None)
    record = await asyncio.to_thread(
        put_document, services.blobs, await record_of(services, compendium, job, order.image)
    )
    shipment = Shipment(
        id=await _identifier(services, order.shipment_id),
        compendium_id=compendium.id,
        owner=principal.name,
        record=record,
        created=utc_now(),
        **order.model_dump(include={"recipient", "update_packaging", "deposition_id", "deposition_url", "md"}),
    )
    command = PackShipment(shipment_id=shipment.id, compendium_id=compendium.id, record=record)
    answer = _begun(shipment)
    await services.records.add_shipment(shipment, command, lambda transaction: keep(transaction, answer))
    return shipment


async def _shippable(services: Services, principal: Principal, identifier: str) -> Compendium:
    answer, compendium = await services.asked(principal, identifier, Action.SHIP)
    if answer is Allowed.FORBIDDEN:
        raise Refused(403, "insufficient permissions (not logged in?)", "Your level does not allow shipments.")
    refuse_unless_allowed(answer, NO_COMPENDIUM)
    assert compendium
    return compendium


async def _identifier(services: Services, own: str) -> str:
    if not is_id(own):
        return new_id()
    if await is_taken(services.records.database, own):
        raise Refused(409, "There is a shipment with this id", "Choose another one, or leave it out.", "id_taken")
    return own


async def view(request: Request) -> Response:
    """Return a shipment."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    return JSONResponse(shipment_view(shipment))


async def status(request: Request) -> Response:
    """Return how far a shipment is."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    return JSONResponse({"id": shipment.id, "status": shipment.status.value})


async def download(request: Request) -> Response:
    """Return the zip, once it is packed: with 202, as clients of the o2r service expect it; a part of it with 206."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    return await package_of(services, shipment, 200 if "range" in request.headers else 202)


async def package_of(services: Services, shipment: Shipment, status: int = 202) -> Response:
    """Return the zip of a shipment; raises Refused (409)."""
    if shipment.status is ShipmentStatus.ERROR and shipment.problem:
        raise Refused(409, shipment.problem.title, shipment.problem.detail, shipment.problem.code)
    if not shipment.package:
        raise Refused(409, "The shipment is not packed yet", "Please try again in a moment.", "not_packed")
    return FileResponse(
        await place_of(services.blobs, shipment.package),
        status,
        media_type="application/zip",
        filename=f"{shipment.id}.zip",
        headers={"X-Content-Type-Options": "nosniff"},
    )


async def cancel(request: Request) -> Response:
    """`POST /api/v1/shipment/:id/cancel`: end a shipment that is being packed."""
    services = services_of(request)
    principal = await services.principal(request)
    shipment = await services.shipment(principal, request.path_params["id"], Action.CANCEL)
    answer = Answer(200, json.dumps({"id": shipment.id, "status": ShipmentStatus.ERROR.value}))

    async def act(keep: KeepAnswer) -> Answer:
        if await stop(services, shipment.id, lambda transaction: keep(transaction, answer)) is None:
            raise Refused(409, "The shipment has ended already", "", "shipment_ended")
        return answer

    return await answered_once(request, services, principal, None, act)


async def stop(services: Services, identifier: str, also: Also = nothing) -> Shipment | None:
    """Record a cancellation and tell the shipper; None when the shipment has ended already."""
    after = await services.records.move_shipment(identifier, cancel_shipment, also)
    if after:
        await services.tell_to_stop({identifier: SHIPPING_WORKERS})
    return after


_PATH, _OF = "/api/v1/shipment", "/api/v1/shipment/{id:str}"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_ZIP = Content("application/zip", "The bag.")
_NEW = About(
    "Shipments",
    "Ship a compendium",
    {202: (ShipmentDocument, _ZIP)},
    (400, 404, 409, 410, 413, 422),
    ("Location",),
    (REPEAT,),
    NewShipment,
    _FORMS,
    Action.SHIP,
    {"compendium_id": "01m1n5gz1s2k7q0v9d4t8r3w6y", "recipient": "download"},
)
_OF_COMPENDIUM = Parameter("compendium_id", Text, "Only shipments of this compendium.")

ROUTES = [
    Described("/api/v1/recipient", recipients, "GET", About("Shipments", "List the recipients", {200: Recipients})),
    Described(
        _PATH,
        index,
        "GET",
        About("Shipments", "List shipments", {200: Ids}, (400,), query=(_OF_COMPENDIUM, START, LIMIT)),
    ),
    Described(_PATH, create, "POST", _NEW),
    Described(_OF, create_as, "POST", _NEW),
    Described(
        _OF,
        view,
        "GET",
        About("Shipments", "View a shipment", {200: ShipmentDocument}, (403, 404), action=Action.FOLLOW),
    ),
    Described(
        f"{_OF}/status",
        status,
        "GET",
        About("Shipments", "View the state of a shipment", {200: ShipmentState}, (403, 404), action=Action.FOLLOW),
    ),
    Described(
        f"{_OF}/cancel",
        cancel,
        "POST",
        About(
            "Shipments",
            "End a shipment",
            {200: ShipmentState},
            (400, 404, 409, 422),
            query=(REPEAT,),
            action=Action.CANCEL,
        ),
    ),
    Described(
        f"{_OF}/dl",
        download,
        "GET",
        About(
            "Shipments",
            "Get the package",
            {200: _ZIP, 202: _ZIP, 206: _ZIP},
            (400, 403, 404, 409, 416),
            action=Action.FOLLOW,
        ),
    ),
]
