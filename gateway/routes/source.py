"""Archives sent in pieces: announce, send, go on after a break, complete."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.errors import Rejected
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal, authorise
from erc.gateway.describing import About, Content, Described, Parameter, Text
from erc.gateway.documents.source import SourceDocument, SourceStart, SourceUploadDocument
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.identifiers import is_id, new_id
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.bodies import document_of
from erc.gateway.services import Services
from erc.gateway.store.sources import SourceUpload

CHUNK_BYTES = 1 << 20
MOST = 8
"""So many uploads an owner may have under way."""
OFFSET = "Upload-Offset"
PREFIX = "source://sha256:"
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


async def start(request: Request) -> Response:
    """`POST /api/v1/sources`: announce an archive; the answer says where to begin, or that you had sent it before."""
    services = services_of(request)
    principal = await _sender(request, services)
    wanted = await document_of(request, SourceStart)
    limit = services.settings.limits.upload_bytes
    if wanted.size > limit:
        raise Refused(413, "The upload is too large", f"At most {limit} bytes are accepted.")
    if await services.sources.size(principal.name, wanted.digest, utc_now()) is not None:
        return JSONResponse({"source": PREFIX + wanted.digest, "existed": True})
    upload = await services.sources.under_way(principal.name, wanted.digest)
    if upload is None or upload.size_bytes != wanted.size:
        upload = await _begun(services, principal, wanted, upload)
    offset = await asyncio.to_thread(services.staging.offset, upload.id)
    return JSONResponse(_view(upload, offset), 201, {"Location": f"/api/v1/sources/{upload.id}", OFFSET: str(offset)})


async def _begun(
    services: Services, principal: Principal, wanted: SourceStart, instead_of: SourceUpload | None
) -> SourceUpload:
    if instead_of:
        await services.sources.forget(instead_of)
        await asyncio.to_thread(services.staging.remove, instead_of.id)
    upload = SourceUpload(new_id(), principal.name, wanted.digest, wanted.size, utc_now())
    async with services.sources.database.transaction() as transaction:
        await services.quotas.admit_bytes(transaction, principal, wanted.size)
        if not await services.sources.begin(transaction, upload, MOST):
            detail = f"{MOST} may be under way: complete one, or wait until one is a day old."
            raise Refused(409, "Too many uploads are under way", detail, "too_many_uploads")
    return upload


async def view(request: Request) -> Response:
    """`GET /api/v1/sources/:upload`: how much of an archive has come."""
    services = services_of(request)
    upload = await _found(request, services)
    offset = await asyncio.to_thread(services.staging.offset, upload.id)
    return JSONResponse(_view(upload, offset), headers={OFFSET: str(offset), "Cache-Control": "no-store"})


async def add(request: Request) -> Response:
    """`PATCH /api/v1/sources/:upload`: send the next piece, which begins at `Upload-Offset`."""
    services = services_of(request)
    upload = await _found(request, services)
    said = request.headers.get(OFFSET, "")
    if not _NUMBER.fullmatch(said):
        raise Refused(400, f"The header {OFFSET} is needed", "It is where this piece begins, in bytes.")
    offset, piece = int(said), await request.body()
    if offset + len(piece) > upload.size_bytes:
        detail = f"{upload.size_bytes} bytes were announced, and this piece ends behind them."
        raise Refused(413, "The upload is larger than was announced", detail, "upload_size")
    loop, write = asyncio.get_running_loop(), services.staging.write
    there = await loop.run_in_executor(services.uploads.threads, write, upload.id, offset, piece)
    return Response(status_code=204, headers={OFFSET: str(there)})


async def complete(request: Request) -> Response:
    """`POST /api/v1/sources/:upload/complete`: check the bytes and keep them; the answer names the source.

    When their SHA-256 is another one than was announced, they are thrown away.
    """
    services = services_of(request)
    upload = await _found(request, services)
    offset = await asyncio.to_thread(services.staging.offset, upload.id)
    if offset != upload.size_bytes:
        detail = f"{offset} of {upload.size_bytes} bytes have come."
        raise Refused(409, "The upload is not complete", detail, "upload_incomplete", {"offset": offset})
    async with services.uploads.one(upload.owner):
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(services.uploads.threads, _keep, services, upload)
        except Rejected:
            await services.sources.forget(upload)
            await asyncio.to_thread(services.staging.remove, upload.id)
            raise
    await services.sources.finish(upload, utc_now())
    await asyncio.to_thread(services.staging.remove, upload.id)
    return JSONResponse({"source": PREFIX + upload.digest, "existed": False})


def _keep(services: Services, upload: SourceUpload) -> None:
    services.blobs.put(services.staging.pieces(upload.id), expect=upload.digest)


async def _sender(request: Request, services: Services) -> Principal:
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, Action.CREATE, None), "")
    return principal


async def _found(request: Request, services: Services) -> SourceUpload:
    principal, identifier = await _sender(request, services), request.path_params["upload"]
    upload = await services.sources.upload(principal.name, identifier) if is_id(identifier) else None
    if upload is None:
        raise Refused(404, "no upload with this id", "It was completed, is older than a day, or is not yours.")
    return upload


def _view(upload: SourceUpload, offset: int) -> dict[str, Any]:
    return {
        "upload": upload.id,
        "offset": offset,
        "size": upload.size_bytes,
        "chunk": CHUNK_BYTES,
        "expires": upload.expires.isoformat(),
    }


_AT = Parameter(OFFSET, Text, "Where this piece begins, in bytes.", "header", required=True)
_ONE = "/api/v1/sources/{upload:str}"

ROUTES = [
    Described(
        "/api/v1/sources",
        start,
        "POST",
        About(
            "Sources",
            "Announce an archive",
            {200: SourceDocument, 201: SourceUploadDocument},
            (400, 409, 413),
            ("Location", OFFSET),
            body=SourceStart,
            action=Action.CREATE,
        ),
    ),
    Described(
        _ONE,
        view,
        "GET",
        About(
            "Sources",
            "See how much of an archive has come",
            {200: SourceUploadDocument},
            (404,),
            (OFFSET,),
            action=Action.CREATE,
        ),
    ),
    Described(
        _ONE,
        add,
        "PATCH",
        About(
            "Sources",
            "Send the next piece of an archive",
            {204: None},
            (400, 404, 409, 413),
            (OFFSET,),
            (_AT,),
            Content("application/octet-stream", "The bytes of the piece, at most 1 MiB."),
            action=Action.CREATE,
        ),
    ),
    Described(
        f"{_ONE}/complete",
        complete,
        "POST",
        About(
            "Sources",
            "Complete an archive",
            {200: SourceDocument},
            (400, 404, 409),
            action=Action.CREATE,
        ),
    ),
]
