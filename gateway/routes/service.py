"""The service itself: index, health, environment, sign-in."""

from __future__ import annotations

import hmac
import platform

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from erc.gateway.describing import About, Described
from erc.gateway.documents.service import EnvironmentDocument, Service, SignInLink, Who
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of
from erc.gateway.services import COOKIE, OPERATOR
from erc.gateway.store.sessions import LIFETIME

RESOURCES = {
    "compendia": "/api/v1/compendium",
    "jobs": "/api/v1/job",
    "search": "/api/v1/search",
    "shipments": "/api/v1/shipment",
    "links": "/api/v1/link",
    "substitutions": "/api/v1/substitution",
    "recipients": "/api/v1/recipient",
    "events": "/api/v1/events",
    "webhooks": "/api/v1/webhook",
    "asyncapi": "/api/v1/asyncapi",
}


async def versions(_request: Request) -> Response:
    """`GET /api`."""
    return JSONResponse({"about": "https://o2r.info", "versions": {"current": "/api/v1", "v1": "/api/v1"}})


async def index(_request: Request) -> Response:
    """`GET /api/v1`."""
    return JSONResponse(RESOURCES)


async def environment(_request: Request) -> Response:
    """`GET /api/v1/environment`."""
    return JSONResponse(
        {
            "architecture": [platform.machine()],
            "os": [{"name": platform.system(), "version": platform.release()}],
            "container_runtimes": [{"name": "docker"}],
            "erc": {"manifest": {"capture_image": "", "base_image": "bookworm"}, "execution": {}},
        }
    )


async def sign_in(request: Request) -> Response:
    """`GET /sign-in?token=…`: exchange a one-time link for a session."""
    services = services_of(request)
    token = request.query_params.get("token", "")
    known = next((link for link in services.links if hmac.compare_digest(link.encode(), token.encode())), None)
    if known is None:
        raise Refused(403, "This link has been used or is not known", "Ask for a new one with: erc open")
    services.links.discard(known)
    cookie = await services.sessions.create(OPERATOR)
    target = request.query_params.get("next", "/")
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    response = RedirectResponse(target if local else "/", 303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.settings.public_url.startswith("https:"),
    )
    return response


async def sign_out(request: Request) -> Response:
    """`POST /sign-out`: end the session."""
    services = services_of(request)
    cookie = request.cookies.get(COOKIE)
    if cookie:
        await services.sessions.end(cookie)
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE)
    return response


async def who(request: Request) -> Response:
    """`GET /api/v1/auth/whoami`."""
    principal = await services_of(request).principal(request)
    if principal.anonymous:
        raise Refused(401, "user is not authenticated")
    return JSONResponse({"orcid": principal.name, "name": principal.name, "level": principal.level})


async def link(request: Request) -> Response:
    """`POST /api/v1/auth/link`: a new one-time sign-in link, for the operator's command line."""
    services = services_of(request)
    principal = await services.principal(request)
    if principal.name != OPERATOR:
        raise Refused(401, "user is not authenticated")
    return JSONResponse({"url": services.new_link()})


ROUTES = [
    Described("/api", versions, "GET", About("Service", "Find the web API", {200: Service})),
    Described("/api/v1", index, "GET", About("Service", "Find the resources", {200: dict[str, str]})),
    Described(
        "/api/v1/environment",
        environment,
        "GET",
        About("Service", "See where analyses are run", {200: EnvironmentDocument}),
    ),
    Described("/api/v1/auth/whoami", who, "GET", About("Users", "See who is signed in", {200: Who})),
    Described(
        "/api/v1/auth/link",
        link,
        "POST",
        About("Users", "Make a one-time sign-in link for the operator", {200: SignInLink}),
    ),
    Route("/sign-in", sign_in, methods=["GET"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
