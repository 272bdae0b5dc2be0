"""What was shipped: the files of the packed bag, its publication, and files that are taken out of it."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from erc.events.blobs import put_document, read_document
from erc.events.outbox import utc_now
from erc.gateway.archive import PAYLOAD, PackedFile, packed_files, pieces
from erc.gateway.auth import Action
from erc.gateway.describing import About, Content, Described
from erc.gateway.documents.shipment import ShipmentState, ShippedFiles
from erc.gateway.errors import Refused
from erc.gateway.packing import pack_again, publish_shipment
from erc.gateway.routes.asking import services_of
from erc.gateway.services import Services
from erc.schemas.shipment import PackRecord, Shipment, ShipmentStatus


async def files(request: Request) -> Response:
    """List the files of the packed bag, each with its size in bytes and its SHA-256."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    found = await files_of(services, shipment)
    return JSONResponse({"files": [_view(shipment, file) for file in found]})


async def published_files(request: Request) -> Response:
    """List the files of the packed bag, as `files` does."""
    return await files(request)


async def files_of(services: Services, shipment: Shipment) -> list[PackedFile]:
    """Return the files of a shipment's bag; raises Refused (400) when none is packed."""
    if not shipment.package or services.blobs.size(shipment.package) is None:
        detail = f"The shipment is in the state “{shipment.status.value}”."
        raise Refused(400, "no files object in repository response", detail)
    return await asyncio.to_thread(packed_files, services.blobs.path(shipment.package))


def _view(shipment: Shipment, file: PackedFile) -> dict[str, object]:
    address = f"/api/v1/shipment/{shipment.id}/files/{file.id}"
    return {
        "id": file.id,
        "filename": file.path,
        "filesize": file.size_bytes,
        "checksum": file.checksum,
        "links": {"self": address, "download": address},
    }


async def file(request: Request) -> Response:
    """Return a file of the packed bag, always as an attachment."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"])
    found = await _named(services, shipment, request.path_params["file"])
    assert shipment.package
    name = quote(found.path.rsplit("/", 1)[-1])
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Length": str(found.size_bytes),
        "X-Content-Type-Options": "nosniff",
    }
    body = pieces(services.blobs.path(shipment.package), found.path)
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)


async def _named(services: Services, shipment: Shipment, name: str) -> PackedFile:
    found = next((one for one in await files_of(services, shipment) if one.answers_to(name)), None)
    if found is None:
        raise Refused(404, "no file with this id", "It is the id, the path or the checksum of a file of the shipment.")
    return found


async def take_out(request: Request) -> Response:
    """Take a file of the payload out of a shipment that is not published; its bag is packed anew without it."""
    services = services_of(request)
    principal = await services.principal(request)
    shipment = await services.shipment(principal, request.path_params["id"], Action.DEPOSIT)
    if shipment.status is ShipmentStatus.PUBLISHED:
        raise Refused(409, "The shipment is published", "Its files stay as they are.", "shipment_published")
    found = await _named(services, shipment, request.path_params["file"])
    if not found.path.startswith(PAYLOAD) or not shipment.record or not shipment.package:
        raise Refused(400, "This file belongs to the bag itself", "Only files below data/ can be taken out.")
    before = await asyncio.to_thread(read_document, services.blobs, shipment.record, PackRecord)
    record = before.model_copy(update={"left_out": [*before.left_out, found.path.removeprefix(PAYLOAD)]})
    kept, package = await asyncio.to_thread(put_document, services.blobs, record), shipment.package
    after = await services.records.move_shipment(shipment.id, lambda it: pack_again(it, package, kept, utc_now()))
    if after is None:
        raise Refused(409, "The shipment is being packed", "Please try again in a moment.", "not_packed")
    return Response(status_code=204)


async def publish(request: Request) -> Response:
    """Publish a shipment that is packed; a repeat changes nothing."""
    services = services_of(request)
    shipment = await services.shipment(await services.principal(request), request.path_params["id"], Action.DEPOSIT)
    shipment = await make_public(services, shipment)
    return JSONResponse({"id": shipment.id, "status": shipment.status.value})


async def make_public(services: Services, shipment: Shipment) -> Shipment:
    """Publish a shipment; raises Refused (409) when it is not packed."""
    after = await services.records.move_shipment(shipment.id, lambda it: publish_shipment(it, utc_now()))
    after = after or await services.records.shipment(shipment.id)
    if after is None or after.status is not ShipmentStatus.PUBLISHED:
        said = after.status.value if after else "gone"
        raise Refused(409, "The shipment cannot be published", f"It is in the state “{said}”.", "not_shipped")
    return after


_OF = "/api/v1/shipment/{id:str}"
_FILES = About("Shipments", "List the files", {200: ShippedFiles}, (400, 403, 404), action=Action.FOLLOW)

ROUTES = [
    Described(f"{_OF}/files", files, "GET", _FILES),
    Described(f"{_OF}/publishment", published_files, "GET", _FILES),
    Described(
        f"{_OF}/publishment",
        publish,
        "PUT",
        About("Shipments", "Publish a shipment", {200: ShipmentState}, (404, 409), action=Action.DEPOSIT),
    ),
    Described(
        f"{_OF}/files/{{file:path}}",
        file,
        "GET",
        About(
            "Shipments",
            "Get a file",
            {200: Content("application/octet-stream", "The file.")},
            (400, 403, 404),
            action=Action.FOLLOW,
        ),
    ),
    Described(
        f"{_OF}/files/{{file:path}}",
        take_out,
        "DELETE",
        About("Shipments", "Take a file out", {204: None}, (400, 404, 409), action=Action.DEPOSIT),
    ),
]
