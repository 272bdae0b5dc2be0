"""The page on which somebody lets a program act for them, or does not (RFC 8628)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Action
from erc.gateway.errors import Refused
from erc.gateway.identity.devices import shown, typed
from erc.gateway.pages.account import MEANINGS
from erc.gateway.pages.rendering import render
from erc.gateway.pages.sign_in import to_sign_in
from erc.gateway.routes.asking import body_of, services_of
from erc.gateway.routes.token import own


async def page(request: Request) -> Response:
    """`GET /device`: ask for the code; with `?code=` show which program wants what."""
    services = services_of(request)
    principal = await services.principal(request)
    if principal.anonymous:
        return to_sign_in(request)
    own(principal, Action.MAKE_TOKEN)
    asked = request.query_params.get("code", "")
    code = typed(asked)
    device = await services.identity.devices.waiting(code) if code else None
    return render(
        request,
        "device.html",
        principal,
        200 if device or not asked else 404,
        device=device,
        code=shown(code) if code else "",
        unknown=bool(asked) and device is None,
        said=request.query_params.get("said", ""),
        scopes=MEANINGS,
    )


async def decide(request: Request) -> Response:
    """`POST /device`: allow or deny."""
    services = services_of(request)
    principal = await services.principal(request)
    own(principal, Action.MAKE_TOKEN)
    body = await body_of(request)
    code, decision = typed(str(body.get("code", ""))), body.get("decision")
    if decision not in {"allow", "deny"}:
        raise Refused(400, "Say allow or deny")
    if not code or not await services.identity.devices.decide(code, principal.name, granted=decision == "allow"):
        raise Refused(404, "no program waits under this code", "The code may be over. Begin again in the program.")
    said = "allowed" if decision == "allow" else "denied"
    return RedirectResponse(f"/device?{urlencode({'said': said})}", 303)
