"""Where one signs in, and where one is asked before one signs out."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.identity.signing_in import local_path
from erc.gateway.pages.rendering import render
from erc.gateway.routes.asking import services_of


async def choice(request: Request) -> Response:
    """Return the page with the providers; it goes on to `?next=`."""
    services = services_of(request)
    principal = await services.principal(request)
    after = local_path(request.query_params.get("next", "/"))
    ways = [
        (provider, f"/api/v1/auth/login?{urlencode({'provider': provider.name, 'next': after})}")
        for provider in services.settings.identity.providers
    ]
    return render(request, "sign_in.html", principal, ways=ways)


async def leaving(request: Request) -> Response:
    """Return the page that asks before it signs somebody out."""
    principal = await services_of(request).principal(request)
    return RedirectResponse("/", 303) if principal.anonymous else render(request, "sign_out.html", principal)


def to_sign_in(request: Request) -> Response:
    """Return the way to the sign-in and back to the page that was asked for."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?{urlencode({'next': local_path(here)})}", 303)
