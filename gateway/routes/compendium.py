"""Compendia: create by upload, list, view, delete; metadata, files, jobs of a compendium."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.catalog import LoadWorkspace
from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal, Thing, authorise
from erc.gateway.describing import JSON, LIMIT, PREFER, REPEAT, START, About, Described, Parameter, Text
from erc.gateway.documents.compendium import CompendiumDocument, CompendiumId, Creation, MetadataDocument
from erc.gateway.documents.document import Listing
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.files.manifests import with_files
from erc.gateway.files.views import Rendered
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing, key_of
from erc.gateway.services import JOB_WORKERS, LOADING_WORKERS, SHIPPING_WORKERS, Services
from erc.gateway.upload import Upload, one_of, receive
from erc.gateway.views import compendium_view
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
    services, asked = services_of(request), request.path_params["id"]
    principal = await services.principal(request)
    version = await services.versions.of(asked)
    known = services.views.get(asked, version) if version is not None else None
    if known is None:
        compendium = await services.compendium(principal, asked)
        known = await _rendered(services, compendium)
        services.views.put(compendium.id, compendium.version, known)
    else:
        refuse_unless_allowed(authorise(principal, Action.VIEW, known.thing), "no compendium with this id")
    return Response(known.document, media_type=JSON)


async def _rendered(services: Services, compendium: Compendium) -> Rendered:
    tree, address = None, f"/api/v1/compendium/{compendium.id}/data"
    if compendium.manifest:
        tree = await services.files.manifests.tree(compendium.manifest, address, compendium.id)
    thing = Thing(compendium.owner, compendium.candidate, compendium.id)
    return Rendered(thing, with_files(compendium_view(compendium), tree))


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
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    return JSONResponse({"id": compendium.id, "metadata": {"o2r": compendium.metadata.get("o2r", {})}})


async def jobs(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/jobs`: ids of its jobs, newest first."""
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await services.compendium(principal, request.path_params["id"])
    found = await services.records.jobs(
        principal,
        compendium_id=compendium.id,
        start=whole_number(request, "start", 1, 1 << 31),
        limit=whole_number(request, "limit", 100, 1000),
    )
    return JSONResponse({"results": [job.id for job in found]})


ROUTES = [
    Described(
        "/api/v1/compendium",
        create,
        "POST",
        About(
            "Compendia",
            "Make a compendium of an archive",
            {200: CompendiumId, 202: CompendiumId},
            (400, 409, 413, 422, 501),
            ("Location",),
            (REPEAT, PREFER),
            Creation,
            ("multipart/form-data",),
            Action.CREATE,
        ),
    ),
    Described(
        "/api/v1/compendium",
        index,
        "GET",
        About(
            "Compendia",
            "List compendia",
            {200: Listing},
            (400,),
            query=(Parameter("user", Text, "Those of this owner."), START, LIMIT),
        ),
    ),
    Described(
        "/api/v1/compendium/{id:str}",
        view,
        "GET",
        About("Compendia", "View a compendium", {200: CompendiumDocument}, (404,), action=Action.VIEW),
    ),
    Described(
        "/api/v1/compendium/{id:str}",
        delete,
        "DELETE",
        About("Compendia", "Delete a compendium", {204: None}, (400, 404), action=Action.DELETE),
    ),
    Described(
        "/api/v1/compendium/{id:str}/metadata",
        metadata,
        "GET",
        About("Metadata", "View the metadata", {200: MetadataDocument}, (404,), action=Action.READ_METADATA),
    ),
    Described(
        "/api/v1/compendium/{id:str}/jobs",
        jobs,
        "GET",
        About(
            "Jobs",
            "List the jobs of a compendium",
            {200: Listing},
            (400, 404),
            query=(START, LIMIT),
            action=Action.VIEW,
        ),
    ),
]
