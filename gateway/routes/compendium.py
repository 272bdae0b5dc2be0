"""Compendia: create by upload, list, view, delete; metadata, files, jobs of a compendium."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import Response

from erc.events.catalog import LoadWorkspace
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Action, Principal, authorise
from erc.gateway.auth import Answer as Allowed
from erc.gateway.bringing import bring
from erc.gateway.describing import JSON, PREFER, REPEAT, About, Described
from erc.gateway.documents.compendium import CompendiumDocument, CompendiumId, Creation
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.files.manifests import with_files
from erc.gateway.files.views import Rendered
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.routes.asking import body_of, services_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing, key_of
from erc.gateway.services import NO_COMPENDIUM, Services
from erc.gateway.upload import Upload, receive
from erc.gateway.views import compendium_view
from erc.schemas.compendium import Compendium, CompendiumStatus

CONTENT_TYPES = ("compendium", "workspace")
WAIT_SECONDS = 120.0
_OVERHEAD_BYTES = 64 << 10
"""What a form may hold beside its file."""


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
    """Read a body and keep the bytes of its archive, if there is one; raises Refused (400, 401, 403, 413, 503)."""
    answer = authorise(principal, Action.CREATE, None)
    if answer is Allowed.FORBIDDEN:
        raise Refused(403, "user level does not allow compendium creation")
    refuse_unless_allowed(answer, "")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        body = await body_of(request)
        return Upload({name: str(value) for name, value in body.items() if value is not None})
    length = int(request.headers.get("content-length") or 0)
    if length > services.settings.limits.upload_bytes + (1 << 20):
        limit = services.settings.limits.upload_bytes
        raise Refused(413, "The upload is too large", f"At most {limit} bytes are accepted.")
    await services.quotas.foresee(principal, max(length - _OVERHEAD_BYTES, 0))
    async with services.uploads.one(principal.name):
        return await receive(
            request.headers.get("content-type", ""),
            request.stream(),
            services.blobs,
            "compendium",
            services.settings.limits.upload_bytes,
            services.uploads.threads,
        )


async def accept(
    services: Services, principal: Principal, upload: Upload, keep: KeepAnswer = keep_nothing
) -> Compendium:
    """Record an upload as a candidate and ask the loader for it; raises Refused (400, 404, 501, 502, 504)."""
    kind = upload.fields.get("content_type", "workspace")
    if kind not in CONTENT_TYPES:
        allowed = '["compendium","workspace"]'
        kind = kind[:100]
        raise Refused(400, f'Provided content_type "{kind}" not implemented, only {allowed} supported.')
    brought = await bring(services, principal, upload)
    compendium = Compendium(
        id=new_id(),
        owner=principal.name,
        version=1,
        upload=brought.upload,
        size_bytes=brought.size_bytes,
        origin=brought.origin,
        created=utc_now(),
    )
    command = LoadWorkspace(compendium_id=compendium.id, upload=brought.upload, kind=brought.kind)
    answer = accepted_answer(compendium)

    async def within(transaction: Transaction) -> None:
        await services.quotas.admit_compendium(transaction, principal, compendium.size_bytes)
        await keep(transaction, answer)

    await services.records.add_compendium(compendium, command, within)
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


async def view(request: Request) -> Response:
    """`GET /api/v1/compendium/:id`."""
    services, shown = services_of(request), request.path_params["id"]
    principal = await services.principal(request)
    version = await services.versions.of(shown)
    known = services.views.get(shown, version) if version is not None else None
    if known is None:
        compendium = await services.compendium(principal, shown)
        known = await _rendered(services, compendium, shown)
        if shown == compendium.id:
            services.views.put(compendium.id, compendium.version, known)
    else:
        refuse_unless_allowed(authorise(principal, Action.VIEW, known.thing), NO_COMPENDIUM)
    return Response(known.document, media_type=JSON)


async def _rendered(services: Services, compendium: Compendium, shown: str) -> Rendered:
    tree, address = None, f"/api/v1/compendium/{shown}/data"
    if compendium.manifest:
        tree = await services.files.manifests.tree(compendium.manifest, address, shown)
    return Rendered(services.thing(compendium), with_files(compendium_view(compendium, shown), tree))


ROUTES = [
    Described(
        "/api/v1/compendium",
        create,
        "POST",
        About(
            "Compendia",
            "Make a compendium of an archive",
            {200: CompendiumId, 202: CompendiumId},
            (400, 404, 409, 413, 422, 501, 502, 504),
            ("Location",),
            (REPEAT, PREFER),
            Creation,
            ("multipart/form-data", "application/x-www-form-urlencoded"),
            Action.CREATE,
        ),
    ),
    Described(
        "/api/v1/compendium/{id:str}",
        view,
        "GET",
        About("Compendia", "View a compendium", {200: CompendiumDocument}, (404, 410), action=Action.VIEW),
    ),
]
