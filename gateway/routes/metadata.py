"""The metadata of a compendium: read, save and publish, patch, validate, history."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Action, Answer, Principal, authorise
from erc.gateway.brokering import KEPT, broker
from erc.gateway.describing import CURSOR, LIMIT, START, About, Described, Parameter, Text
from erc.gateway.documents.metadata import (
    MetadataBody,
    MetadataPatch,
    MetadataView,
    RevisionList,
    RevisionView,
    ValidationView,
)
from erc.gateway.editing import etag
from erc.gateway.errors import Refused
from erc.gateway.merge_patch import merged
from erc.gateway.o2r import Fault, missing_fields, suggestions
from erc.gateway.preparing import check, files_of
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.json_body import json_body
from erc.gateway.routes.numbered import PAGE_HEADERS, numbered, page_of
from erc.gateway.saving import Save, editable, save
from erc.gateway.services import Services
from erc.gateway.store.revisions import Revision
from erc.schemas.compendium import Compendium, CompendiumStatus

PATH = "/api/v1/compendium/{id:str}/metadata"
MERGE_PATCH = "application/merge-patch+json"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


async def show(request: Request) -> Response:
    """Return the o2r metadata; the ETag is the number of their revision."""
    services = services_of(request)
    principal = await services.principal(request)
    return _answer(await services.compendium(principal, request.path_params["id"], Action.READ_METADATA))


async def put(request: Request) -> Response:
    """Save the o2r metadata as a whole, and publish the compendium.

    What is not sent is gone. The same metadata again make no new revision.
    """
    services = services_of(request)
    principal = await services.principal(request)
    await editable(services, principal, request.path_params["id"], Action.PUBLISH)
    document = _o2r_of(await json_body(request))
    wanted = Save(lambda _before: document, publish=True, if_match=request.headers.get("if-match"))
    return _answer(await save(services, principal, request.path_params["id"], wanted))


async def patch(request: Request) -> Response:
    """Change members of the o2r metadata by a JSON Merge Patch (RFC 7396): null removes, a list is replaced.

    A candidate stays one unless `publish` is true.
    """
    services = services_of(request)
    principal = await services.principal(request)
    publish = _flag(request, "publish")
    await editable(services, principal, request.path_params["id"], Action.PUBLISH if publish else Action.EDIT)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in {MERGE_PATCH, "application/json"}:
        raise Refused(415, "The patch is of no type that is known", f"Send {MERGE_PATCH}.", headers=_ACCEPTED)
    changes = _o2r_of(await json_body(request))
    if not isinstance(changes, dict):
        raise Refused(422, "JSON with root element 'o2r' required", "Its value is an object with what changes.")
    wanted = Save(lambda before: merged(before, changes), publish, request.headers.get("if-match"))
    return _answer(await save(services, principal, request.path_params["id"], wanted))


_ACCEPTED = {"Accept-Patch": MERGE_PATCH}


async def validate(request: Request) -> Response:
    """Tell what would come of saving these metadata, and save nothing."""
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await editable(services, principal, request.path_params["id"], Action.EDIT)
    document = _o2r_of(await json_body(request))
    if compendium.status is not CompendiumStatus.READY:
        raise Refused(409, "The compendium is not ready yet", "Its files are not read yet.", "compendium_not_ready")
    files = await asyncio.to_thread(files_of, services.blobs, compendium)
    errors = await asyncio.to_thread(check, document, files)
    known = document if isinstance(document, dict) else {}
    return JSONResponse(
        {
            "valid": not errors,
            "errors": _listed(errors),
            "warnings": _listed(suggestions(known)),
            "missing": missing_fields(document),
            "unmapped": {name: broker(name, known).unmapped for name in KEPT},
        }
    )


async def revisions(request: Request) -> Response:
    """List who saved the metadata, when, and which fields changed; newest first.

    The first revision is what the service read from the files.
    """
    services = services_of(request)
    compendium, oldest = await _with_history(request)
    start, limit = page_of(request)
    found = await services.revisions.page(compendium, oldest, start, limit)
    return numbered(request, [_row(one) for one in found], start, compendium.revision - oldest + 1)


async def revision(request: Request) -> Response:
    """Return the o2r metadata as they were in a revision."""
    compendium, oldest = await _with_history(request)
    text = request.path_params["number"]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    found = await services_of(request).revisions.one(compendium, number) if number >= oldest else None
    if found is None:
        advice = f"They have the numbers {oldest} to {compendium.revision}."
        raise Refused(404, "no revision with this number", advice)
    document = {"id": compendium.id, "metadata": {"o2r": found.document}, **_row(found)}
    return JSONResponse(document, headers={"ETag": etag(found.number)})


async def _with_history(request: Request) -> tuple[Compendium, int]:
    """Return a compendium and the oldest revision that the asker may see.

    What a candidate's metadata were before it was published is for those who may edit it.
    """
    services = services_of(request)
    principal = await services.principal(request)
    found = await services.compendium(principal, request.path_params["id"], Action.READ_METADATA)
    if found.status is not CompendiumStatus.READY:
        raise Refused(404, "There are no metadata yet", "They are read when the compendium is loaded.")
    return found, oldest_seen(principal, found)


def oldest_seen(principal: Principal, compendium: Compendium) -> int:
    """Return the number of the oldest revision that somebody may see."""
    edits = authorise(principal, Action.EDIT, Services.thing(compendium)) is Answer.ALLOWED
    return 1 if edits else compendium.public_revision


def _row(one: Revision) -> dict[str, Any]:
    return {
        "revision": one.number,
        "author": one.author,
        "created": one.created.isoformat(),
        "changed": one.changed,
    }


def _listed(faults: list[Fault]) -> list[dict[str, str]]:
    return [{"pointer": fault.pointer, "message": fault.message} for fault in faults]


def _answer(compendium: Compendium) -> Response:
    document = {
        "id": compendium.id,
        "metadata": {"o2r": compendium.metadata.get("o2r", {})},
        "revision": compendium.revision,
    }
    return JSONResponse(document, headers={"ETag": etag(compendium.revision)})


def _o2r_of(body: Any) -> Any:
    if not isinstance(body, dict) or "o2r" not in body:
        raise Refused(422, "JSON with root element 'o2r' required", 'Send {"o2r": {…}}.')
    return body["o2r"]


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false").lower()
    if value not in _FLAGS:
        raise Refused(400, f"{name} must be true or false")
    return _FLAGS[value]


_SAVE_REFUSALS = (400, 404, 409, 410, 412, 413, 422)
_MATCH = Parameter("If-Match", Text, "The ETag of the revision that is changed; another one is 412.", "header")
_EXAMPLE = {"o2r": {"title": "Blue Book"}}
ROUTES = [
    Described(
        PATH,
        show,
        "GET",
        About(
            *("Metadata", "View the metadata", {200: MetadataView}, (403, 404, 410), ("ETag",)),
            action=Action.READ_METADATA,
        ),
    ),
    Described(
        PATH,
        put,
        "PUT",
        About(
            *("Metadata", "Save the metadata and publish", {200: MetadataView}, _SAVE_REFUSALS, ("ETag",)),
            query=(_MATCH,),
            body=MetadataBody,
            action=Action.PUBLISH,
        ),
    ),
    Described(
        PATH,
        patch,
        "PATCH",
        About(
            *("Metadata", "Change the metadata", {200: MetadataView}, (*_SAVE_REFUSALS, 415), ("ETag",)),
            query=(_MATCH, Parameter("publish", bool, "Whether the compendium is published too.")),
            body=MetadataPatch,
            forms=(MERGE_PATCH,),
            action=Action.EDIT,
            example=_EXAMPLE,
        ),
    ),
    Described(
        f"{PATH}/validate",
        validate,
        "POST",
        About(
            *("Metadata", "Validate metadata", {200: ValidationView}, (400, 404, 409, 410, 413, 422)),
            body=MetadataPatch,
            action=Action.EDIT,
            example=_EXAMPLE,
        ),
    ),
    Described(
        f"{PATH}/revisions",
        revisions,
        "GET",
        About(
            *("Metadata", "List the revisions", {200: RevisionList}, (400, 403, 404, 410), PAGE_HEADERS),
            query=(START, LIMIT, CURSOR),
            action=Action.READ_METADATA,
        ),
    ),
    Described(
        f"{PATH}/revisions/{{number:str}}",
        revision,
        "GET",
        About(
            *("Metadata", "View a revision", {200: RevisionView}, (403, 404, 410), ("ETag",)),
            action=Action.READ_METADATA,
        ),
    ),
]
