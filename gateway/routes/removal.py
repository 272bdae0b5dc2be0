"""The end of a compendium: a candidate is deleted, a published one set aside by an administrator, who may undo it."""

from __future__ import annotations

import json
import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.auth import Action, Answer, Principal, authorise
from erc.gateway.describing import CURSOR, LIMIT, REPEAT, START, About, Described, Parameter, Text
from erc.gateway.documents.removal import RemovedList, RestoredView
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.idempotency import Answer as Kept
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.numbered import PAGE_HEADERS, numbered, page_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once
from erc.gateway.saving import check_revision, editable, keep_snapshot
from erc.gateway.services import JOB_WORKERS, LOADING_WORKERS, SHIPPING_WORKERS, Services
from erc.gateway.store.removal import Removed, set_aside
from erc.schemas.compendium import Compendium

log = logging.getLogger("erc.gateway")


async def delete(request: Request) -> Response:
    """Delete a candidate, or as an administrator set a published compendium aside.

    Its public link goes, its jobs and shipments end. `Prefer: handling=strict` asks for the documented 403 instead of
    the 400 that clients know, when a published one may not be deleted.
    """
    services = services_of(request)
    strict = "handling=strict" in request.headers.get("prefer", "").replace(" ", "").lower().split(",")
    principal, if_match = await services.principal(request), request.headers.get("if-match")
    await forget(services, principal, request.path_params["id"], if_match, strict=strict)
    return Response(status_code=204)


async def forget(
    services: Services, principal: Principal, identifier: str, if_match: str | None = None, *, strict: bool = False
) -> None:
    """Remove a compendium, whatever goes on for it; raises Refused (400, 401, 403, 404, 410, 412)."""
    found = await services.compendium(principal, identifier)

    def check(compendium: Compendium) -> None:
        if _only_for_administrators(principal, compendium):
            raise _published(strict)
        check_revision(compendium, if_match)

    if _only_for_administrators(principal, found):
        raise _published(strict)
    # Only who may delete it is told whether it was changed meanwhile.
    compendium = await editable(services, principal, identifier, Action.DELETE)
    check(compendium)
    jobs, shipments = await services.records.remove_compendium(
        compendium.id, lambda transaction: set_aside(transaction, compendium.id, principal.name, check)
    )
    await services.tell_to_stop({compendium.id: LOADING_WORKERS, **dict.fromkeys(jobs, JOB_WORKERS)})
    await services.tell_to_stop(dict.fromkeys(shipments, SHIPPING_WORKERS))
    if not compendium.candidate:
        log.warning("%s: deleted the published compendium %s", principal.name, compendium.id)


def _only_for_administrators(principal: Principal, compendium: Compendium) -> bool:
    answer = authorise(principal, Action.DELETE, Services.thing(compendium))
    return not compendium.candidate and answer is Answer.FORBIDDEN


def _published(strict: bool) -> Refused:
    advice = "It is public. Only an administrator may delete it."
    if strict:
        return Refused(403, "user level not sufficient to delete compendium", advice, "compendium_published")
    return Refused(400, "compendium is not a candidate, cannot be deleted", advice, "compendium_published")


async def removed(request: Request) -> Response:
    """List the published compendia that were deleted, the newest first."""
    services = services_of(request)
    refuse_unless_allowed(authorise(await services.principal(request), Action.INSPECT, None), "")
    start, limit = page_of(request)
    found, total = await services.removed.page(start, limit)
    return numbered(request, [_row(one) for one in found], start, total)


def _row(one: Removed) -> dict[str, Any]:
    title = one.compendium.metadata.get("o2r", {}).get("title")
    return {
        "id": one.id,
        "title": title if isinstance(title, str) else "",
        "user": one.compendium.owner,
        "deleted": one.deleted.isoformat(),
        "deleted_by": one.principal,
        "size": one.size_bytes,
    }


async def restore(request: Request) -> Response:
    """Make a deleted compendium public again: its files, metadata and their history, and its ended jobs.

    Its public history begins anew, with a new snapshot. A public link that it had does not come back.
    """
    services = services_of(request)
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, Action.OPERATE, None), "")
    identifier = request.path_params["id"]
    answer = Kept(200, json.dumps({"id": identifier}), {"Location": f"/api/v1/compendium/{identifier}"})

    async def act(keep: KeepAnswer) -> Kept:
        restored = await services.removed.restore(
            identifier,
            lambda *about: keep_snapshot(services.blobs, *about),
            lambda transaction: keep(transaction, answer),
        )
        if restored is None:
            raise Refused(404, "no removed compendium with this id", "GET /api/v1/admin/removed tells which there are.")
        log.warning("%s: restored the compendium %s", principal.name, identifier)
        return answer

    return await answered_once(request, services, principal, None, act)


ROUTES = [
    Described(
        "/api/v1/compendium/{id:str}",
        delete,
        "DELETE",
        About(
            *("Compendia", "Delete a compendium", {204: None}, (400, 404, 410, 412)),
            query=(
                Parameter("Prefer", Text, "`handling=strict`: 403 instead of 400 for a published one.", "header"),
                Parameter("If-Match", Text, "The ETag of the metadata that were read.", "header"),
            ),
            action=Action.DELETE,
        ),
    ),
    Described(
        "/api/v1/admin/removed",
        removed,
        "GET",
        About(
            *("Operation", "List deleted compendia", {200: RemovedList}, (400, 403), PAGE_HEADERS),
            query=(START, LIMIT, CURSOR),
            action=Action.INSPECT,
        ),
    ),
    Described(
        "/api/v1/admin/removed/{id:str}/restore",
        restore,
        "POST",
        About(
            *("Operation", "Restore a deleted compendium", {200: RestoredView}, (400, 404, 409, 422), ("Location",)),
            query=(REPEAT,),
            action=Action.OPERATE,
        ),
    ),
]
