"""Compendia: create by upload, list, view, delete; metadata, files, jobs of a compendium."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from erc.events.blobs import read_manifest
from erc.events.catalog import LoadWorkspace
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal, authorise
from erc.gateway.content import api_file_response, find_file
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import is_link_id, new_id
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing, key_of
from erc.gateway.services import JOB_WORKERS, LOADING_WORKERS, SHIPPING_WORKERS, Services
from erc.gateway.upload import Upload, one_of, receive
from erc.gateway.views import compendium_view, file_tree
from erc.schemas.compendium import Compendium, CompendiumStatus

CONTENT_TYPES = ("compendium", "workspace")
WAIT_SECONDS = 120.0


async def create(request: Request) -> Response:
    """`POST /api/v1/compendium`: accept an archive; answers when it is loaded, or at once with `respond-async`."""
    services = services_of(request)
    principal = await services.principal(request)
    key_of(request)
    upload = await receive_upload(request, services, principal)

    async def act(keep: KeepAnswer) -> Answer:
        return accepted_answer(await accept(services, principal, upload, keep))

    body = [upload.file, sorted(upload.fields.items())]
    accepted = await answered_once(request, services, principal, body, act)
    if "respond-async" in request.headers.get("prefer", ""):
        return accepted
    return await _when_loaded(services, accepted)


def accepted_answer(compendium: Compendium) -> Answer:
    """Return the answer to an upload that is going to be loaded."""
    headers = {"Location": f"/api/v1/compendium/{compendium.id}"}
    return Answer(202, json.dumps({"id": compendium.id}), headers)


async def accept_upload(request: Request, services: Services, principal: Principal) -> Compendium:
    """Read the archive of a multipart body and record it as a candidate; raises Refused (400, 401, 403, 413, 503)."""
    return await accept(services, principal, await receive_upload(request, services, principal))


async def receive_upload(request: Request, services: Services, principal: Principal) -> Upload:
    """Read the archive of a multipart body and keep its bytes; raises Refused (400, 401, 403, 413, 503)."""
    refuse_unless_allowed(authorise(principal, Action.CREATE, None), "")
    length = int(request.headers.get("content-length") or 0)
    if length > services.settings.limits.upload_bytes + (1 << 20):
        limit = services.settings.limits.upload_bytes
        raise Refused(413, "The upload is too large", f"At most {limit} bytes are accepted.")
    async with one_of(services.uploads):
        return await receive(
            request.headers.get("content-type", ""),
            request.stream(),
            services.blobs,
            "compendium",
            services.settings.limits.upload_bytes,
        )


async def accept(
    services: Services, principal: Principal, upload: Upload, keep: KeepAnswer = keep_nothing
) -> Compendium:
    """Record an upload as a candidate and ask the loader for it; raises Refused (400, 501)."""
    kind = upload.fields.get("content_type", "workspace")
    if kind not in CONTENT_TYPES:
        allowed = '["compendium","workspace"]'
        raise Refused(400, f'Provided content_type "{kind}" not implemented, only {allowed} supported.')
    if upload.file is None:
        if any(upload.fields.get(name) for name in ("share_url", "doi", "zenodo_record_id")):
            raise Refused(501, "Loading from a remote source is not available yet", "Upload the archive itself.")
        raise Refused(400, "The form has no file", "Send the archive in the field `compendium`.")
    if not upload.file_bytes:
        raise Refused(400, "The file is empty", "Choose an archive with the paper, its code and its data.")
    compendium = Compendium(
        id=new_id(),
        owner=principal.name,
        version=1,
        upload=upload.file,
        size_bytes=upload.file_bytes,
        created=utc_now(),
    )
    command = LoadWorkspace(compendium_id=compendium.id, upload=upload.file)
    answer = accepted_answer(compendium)
    await services.records.add_compendium(compendium, command, lambda transaction: keep(transaction, answer))
    return compendium


async def _when_loaded(services: Services, accepted: Response) -> Response:
    """Return the answer that tells how the loading went; the one that it was accepted when that takes too long."""
    identifier = str(json.loads(bytes(accepted.body))["id"])
    pause, waited = 0.05, 0.0
    while waited < WAIT_SECONDS:
        found = await services.records.compendium(identifier)
        if found is None:
            return accepted
        if found.status is CompendiumStatus.READY:
            accepted.status_code = 200
            return accepted
        if found.status is CompendiumStatus.REJECTED and found.problem:
            raise Refused(400, found.problem.title, found.problem.detail, found.problem.code)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, 1.0)
    return accepted


async def index(request: Request) -> Response:
    """`GET /api/v1/compendium`: ids of the compendia that the asker may see, newest first."""
    services = services_of(request)
    principal = await services.principal(request)
    found = await services.records.compendia(
        principal,
        request.query_params.get("user"),
        whole_number(request, "start", 1, 1 << 31),
        whole_number(request, "limit", 100, 1000),
    )
    return JSONResponse({"results": [compendium.id for compendium in found]})


async def view(request: Request) -> Response:
    """`GET /api/v1/compendium/:id`."""
    services = services_of(request)
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    manifest = None
    if compendium.manifest:
        manifest = await asyncio.to_thread(read_manifest, services.blobs, compendium.manifest)
    return JSONResponse(compendium_view(compendium, manifest, request.path_params["id"]))


async def delete(request: Request) -> Response:
    """`DELETE /api/v1/compendium/:id`: forget a compendium; a published one needs an administrator."""
    services = services_of(request)
    await forget(services, await services.principal(request), request.path_params["id"])
    return Response(status_code=204)


async def forget(services: Services, principal: Principal, identifier: str) -> None:
    """Remove a compendium, whatever goes on for it; raises Refused (401, 403, 404)."""
    compendium = await services.compendium(principal, identifier, Action.DELETE)
    jobs, shipments = await services.records.remove_compendium(compendium.id)
    await services.tell_to_stop({compendium.id: LOADING_WORKERS, **dict.fromkeys(jobs, JOB_WORKERS)})
    await services.tell_to_stop(dict.fromkeys(shipments, SHIPPING_WORKERS))


async def metadata(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/metadata`."""
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await services.compendium(principal, request.path_params["id"], Action.READ_METADATA)
    return JSONResponse({"id": compendium.id, "metadata": {"o2r": compendium.metadata.get("o2r", {})}})


async def tree(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/data/`: the file tree."""
    services = services_of(request)
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    if not compendium.manifest:
        raise Refused(404, "The files are not loaded yet")
    manifest = await asyncio.to_thread(read_manifest, services.blobs, compendium.manifest)
    shown = request.path_params["id"]
    return JSONResponse(file_tree(f"/api/v1/compendium/{shown}/data", shown, manifest))


async def file(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/data/…`: a file; active content comes from the content origin."""
    services = services_of(request)
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    path = request.path_params["path"]
    found = await find_file(services, compendium.manifest, path)
    return api_file_response(services, "compendium", request.path_params["id"], found, path)


async def jobs(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/jobs`: ids of its jobs, newest first."""
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await services.compendium(principal, request.path_params["id"])
    start, limit = whole_number(request, "start", 1, 1 << 31), whole_number(request, "limit", 100, 1000)
    if is_link_id(request.path_params["id"]):
        found = await services.public_links.jobs(request.path_params["id"], start=start, limit=limit)
    else:
        found = await services.records.jobs(principal, compendium_id=compendium.id, start=start, limit=limit)
    return JSONResponse({"results": [job.id for job in found]})


ROUTES = [
    Route("/api/v1/compendium", create, methods=["POST"]),
    Route("/api/v1/compendium", index, methods=["GET"]),
    Route("/api/v1/compendium/{id:str}", view, methods=["GET"]),
    Route("/api/v1/compendium/{id:str}", delete, methods=["DELETE"]),
    Route("/api/v1/compendium/{id:str}/metadata", metadata, methods=["GET"]),
    Route("/api/v1/compendium/{id:str}/jobs", jobs, methods=["GET"]),
    Route("/api/v1/compendium/{id:str}/data/", tree, methods=["GET"]),
    Route("/api/v1/compendium/{id:str}/data/{path:path}", file, methods=["GET"]),
]
