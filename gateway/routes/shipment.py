"""Shipments: pack a compendium as a bag and hand it out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from erc.events.blobs import put_document
from erc.events.catalog import PackShipment
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal
from erc.gateway.describing import REPEAT, About, Content, Described
from erc.gateway.documents.shipment import Recipients, ShipmentDocument, ShipmentStart, ShipmentState
from erc.gateway.errors import Refused
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.packing import cancel_shipment
from erc.gateway.routes.asking import body_of, services_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing
from erc.gateway.services import SHIPPING_WORKERS, Services
from erc.gateway.store.records import Also, nothing
from erc.gateway.views import job_view, shipment_view
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import PackRecord, Shipment, ShipmentStatus

RECIPIENTS = {"download": "Download"}


async def recipients(_request: Request) -> Response:
    """`GET /api/v1/recipient`."""
    return JSONResponse({"recipients": [{"id": key, "label": label} for key, label in RECIPIENTS.items()]})


async def create(request: Request) -> Response:
    """`POST /api/v1/shipment`: pack a compendium with its newest job; `image=true` adds the image."""
    services = services_of(request)
    principal = await services.principal(request)
    body = await body_of(request)
    identifier, recipient = str(body.get("compendium_id", "")), str(body.get("recipient", "download"))
    if recipient not in RECIPIENTS:
        raise Refused(400, "the recipient is not known", f"Known are: {', '.join(RECIPIENTS)}.")
    wants_image = str(body.get("image", "false")).lower() in {"true", "1", "yes"}

    async def act(keep: KeepAnswer) -> Answer:
        return _begun(await ship(services, principal, identifier, recipient, wants_image=wants_image, keep=keep))

    return await answered_once(request, services, principal, body, act)


def _begun(shipment: Shipment) -> Answer:
    return Answer(202, json.dumps(shipment_view(shipment)), {"Location": f"/api/v1/shipment/{shipment.id}"})


async def ship(
    services: Services,
    principal: Principal,
    identifier: str,
    recipient: str = "download",
    *,
    wants_image: bool = False,
    keep: KeepAnswer = keep_nothing,
) -> Shipment:
    """Record a shipment of a compendium with its newest job and ask the shipper; raises Refused (400, 409)."""
    compendium = await services.compendium(principal, identifier, Action.SHIP)
    if not compendium.manifest:
        raise Refused(409, "The compendium is not ready yet", "Wait until it is loaded.", "compendium_not_ready")
    jobs = await services.records.jobs(principal, compendium_id=compendium.id, limit=20)
    job = next((job for job in jobs if job.terminal), None)
    record = await _record(services, compendium, job, wants_image)
    shipment = Shipment(
        id=new_id(), compendium_id=compendium.id, owner=principal.name, recipient=recipient, created=utc_now()
    )
    command = PackShipment(
        shipment_id=shipment.id,
        compendium_id=compendium.id,
        record=await asyncio.to_thread(put_document, services.blobs, record),
    )
    answer = _begun(shipment)
    await services.records.add_shipment(shipment, command, lambda transaction: keep(transaction, answer))
    return shipment


async def _record(services: Services, compendium: Compendium, job: Job | None, wants_image: bool) -> PackRecord:
    image = await services.records.saved_image(job.environment_key) if job and job.environment_key else None
    if wants_image and image is None:
        raise Refused(
            400,
            "Image tarball is missing, so it cannot be included. Please ensure a successful job execution first.",
        )
    documents = {
        ".erc/metadata_raw.json": _text(compendium.metadata.get("raw", {})),
        ".erc/metadata_o2r_1.json": _text(compendium.metadata.get("o2r", {})),
    }
    if job:
        documents[".erc/job.json"] = _text(job_view(job, None, {"all"}, None))
    return PackRecord(
        compendium_id=compendium.id,
        manifest=(job.manifest if job else None) or compendium.manifest or "",
        image=image if wants_image else None,
        documents=documents,
        contact_name=compendium.owner,
        external_identifier=compendium.id,
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=4, ensure_ascii=False, sort_keys=True)


async def view(request: Request) -> Response:
    """`GET /api/v1/shipment/:id`."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    return JSONResponse(shipment_view(shipment))


async def status(request: Request) -> Response:
    """`GET /api/v1/shipment/:id/status`."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    return JSONResponse({"id": shipment.id, "status": shipment.status.value})


async def download(request: Request) -> Response:
    """`GET /api/v1/shipment/:id/dl`: the zip, once it is packed."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    if shipment.status is ShipmentStatus.ERROR and shipment.problem:
        raise Refused(409, shipment.problem.title, shipment.problem.detail, shipment.problem.code)
    if not shipment.package:
        raise Refused(409, "The shipment is not packed yet", "Please try again in a moment.", "not_packed")
    return FileResponse(
        services.blobs.path(shipment.package),
        media_type="application/zip",
        filename=f"{shipment.compendium_id}.zip",
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


_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

ROUTES = [
    Described("/api/v1/recipient", recipients, "GET", About("Shipments", "List the recipients", {200: Recipients})),
    Described(
        "/api/v1/shipment",
        create,
        "POST",
        About(
            "Shipments",
            "Ship a compendium",
            {202: ShipmentDocument},
            (400, 404, 409, 413, 422),
            ("Location",),
            (REPEAT,),
            ShipmentStart,
            _FORMS,
            Action.SHIP,
            {"compendium_id": "01m1n5gz1s2k7q0v9d4t8r3w6y", "recipient": "download"},
        ),
    ),
    Described(
        "/api/v1/shipment/{id:str}",
        view,
        "GET",
        About("Shipments", "View a shipment", {200: ShipmentDocument}, (404,), action=Action.FOLLOW),
    ),
    Described(
        "/api/v1/shipment/{id:str}/status",
        status,
        "GET",
        About("Shipments", "View the state of a shipment", {200: ShipmentState}, (404,), action=Action.FOLLOW),
    ),
    Described(
        "/api/v1/shipment/{id:str}/cancel",
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
        "/api/v1/shipment/{id:str}/dl",
        download,
        "GET",
        About(
            "Shipments",
            "Get the package",
            {200: Content("application/zip"), 206: Content("application/zip")},
            (400, 404, 409, 416),
            action=Action.FOLLOW,
        ),
    ),
]
