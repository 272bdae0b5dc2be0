"""Webhooks: keep, list, view, test, forget; their delivery log."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Principal, Thing, authorise
from erc.gateway.describing import About, Described, From1, Parameter
from erc.gateway.documents.webhook import Deliveries, TestAsked, WebhookDocument, WebhookList, WebhookStart
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.identifiers import new_id
from erc.gateway.routes.asking import body_of, services_of, whole_number
from erc.gateway.routes.event_log import cursor_of, filter_of
from erc.gateway.services import Services
from erc.gateway.store.event_log import EventLog
from erc.gateway.store.webhooks import State, Webhooks
from erc.schemas.addresses import may_be_called
from erc.schemas.webhook import Webhook

MOST = 20
"""So many webhooks an owner may have."""
LOGGED = 200


async def create(request: Request) -> Response:
    """`POST /api/v1/webhook`: keep a webhook; the answer shows its secret, once."""
    services = services_of(request)
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, Action.SUBSCRIBE, None), "")
    webhook = await _webhook(services, principal, await body_of(request))
    if not await Webhooks(services.records.database).add(webhook, MOST):
        raise Refused(409, "There are too many webhooks", f"At most {MOST} are kept; delete one.", "too_many_webhooks")
    return JSONResponse(
        _view(webhook, {}) | {"secret": webhook.secret}, 201, {"Location": f"/api/v1/webhook/{webhook.id}"}
    )


async def index(request: Request) -> Response:
    """`GET /api/v1/webhook`: the asker's own webhooks, newest first."""
    services = services_of(request)
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, Action.SUBSCRIBE, None), "")
    found = await Webhooks(services.records.database).of_owner(principal.name)
    return JSONResponse({"results": [_view(webhook, state) for webhook, state in found]})


async def view(request: Request) -> Response:
    """`GET /api/v1/webhook/:id`."""
    return JSONResponse(_view(*await _found(request, Action.VIEW)))


async def delete(request: Request) -> Response:
    """`DELETE /api/v1/webhook/:id`."""
    webhook, _ = await _found(request, Action.DELETE)
    await Webhooks(services_of(request).records.database).remove(webhook.id)
    return Response(status_code=204)


async def test(request: Request) -> Response:
    """`POST /api/v1/webhook/:id/test`: send it a test; one that arrives switches it on again."""
    webhook, _ = await _found(request, Action.TEST)
    services = services_of(request)
    await Webhooks(services.records.database).ask_test(webhook.id, utc_now())
    await services.hints.webhook(webhook.id)
    return JSONResponse({"deliveries": f"/api/v1/webhook/{webhook.id}/deliveries"}, 202)


async def deliveries(request: Request) -> Response:
    """`GET /api/v1/webhook/:id/deliveries`: its last attempts, newest first."""
    webhook, _ = await _found(request, Action.VIEW)
    limit = whole_number(request, "limit", 50, LOGGED)
    rows = await Webhooks(services_of(request).records.database).deliveries(webhook.id, limit)
    return JSONResponse({"results": [{**row, "made": row["made"].isoformat()} for row in rows]})


async def _found(request: Request, action: Action) -> tuple[Webhook, State]:
    services = services_of(request)
    principal = await services.principal(request)
    found = await Webhooks(services.records.database).find(request.path_params["id"])
    thing = Thing(found[0].owner, candidate=True) if found else None
    refuse_unless_allowed(authorise(principal, action, thing), "no webhook with this id")
    assert found
    return found


async def _webhook(services: Services, principal: Principal, body: dict[str, Any]) -> Webhook:
    """Return the webhook that a body describes; raises Refused (400, 404)."""
    address, types = body.get("address"), body.get("types", [])
    if not isinstance(address, str) or not may_be_called(address, loopback=services.settings.allow_loopback):
        raise Refused(
            400,
            "The address cannot be used",
            "It begins with https://, names a host of the public internet, and has no port, user or fragment.",
            "address_unusable",
        )
    if not isinstance(types, list) or not all(isinstance(name, str) for name in types):
        raise Refused(400, "types is not a list of event types")
    compendium, after = str(body.get("compendium") or ""), str(body.get("after") or "")
    wanted = filter_of({"type": types, "compendium": [compendium] if compendium else []})
    for identifier in wanted.compendia:
        await services.compendium(principal, identifier)
    return Webhook(
        id=new_id(),
        owner=principal.name,
        address=address,
        secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        types=tuple(sorted(wanted.types)),
        compendium=compendium,
        after=cursor_of(after) if after else await EventLog(services.records.database).last(),
        created=utc_now(),
    )


def _view(webhook: Webhook, state: State) -> dict[str, Any]:
    disabled = state.get("disabled")
    return {
        "id": webhook.id,
        "user": webhook.owner,
        "address": webhook.address,
        "types": list(webhook.types),
        "compendium": webhook.compendium or None,
        "created": webhook.created.isoformat(),
        "state": "disabled" if disabled else "failing" if state.get("failures") else "active",
        "disabled": disabled.isoformat() if disabled else None,
        "position": str(state.get("position", webhook.after)),
        "failures": state.get("failures", 0),
        "due": state["due"].isoformat() if state.get("failures") and not disabled else None,
        "deliveries": f"/api/v1/webhook/{webhook.id}/deliveries",
    }


_FOUND = "/api/v1/webhook/{id:str}"
_LIMIT = Parameter("limit", From1, "How many at most; 50 unless said, 200 at most.")

ROUTES = [
    Described(
        "/api/v1/webhook",
        create,
        "POST",
        About(
            "Webhooks",
            "Keep a webhook",
            {201: WebhookDocument},
            (400, 404, 409, 413),
            ("Location",),
            body=WebhookStart,
            action=Action.SUBSCRIBE,
            example={"address": "https://example.org/hook", "types": ["job.ended"]},
        ),
    ),
    Described(
        "/api/v1/webhook",
        index,
        "GET",
        About("Webhooks", "List your webhooks", {200: WebhookList}, (403,), action=Action.SUBSCRIBE),
    ),
    Described(
        _FOUND, view, "GET", About("Webhooks", "View a webhook", {200: WebhookDocument}, (404,), action=Action.VIEW)
    ),
    Described(
        _FOUND, delete, "DELETE", About("Webhooks", "Forget a webhook", {204: None}, (404,), action=Action.DELETE)
    ),
    Described(
        f"{_FOUND}/test",
        test,
        "POST",
        About("Webhooks", "Test a webhook", {202: TestAsked}, (404,), action=Action.TEST),
    ),
    Described(
        f"{_FOUND}/deliveries",
        deliveries,
        "GET",
        About("Webhooks", "Read the delivery log", {200: Deliveries}, (400, 404), query=(_LIMIT,), action=Action.VIEW),
    ),
]
