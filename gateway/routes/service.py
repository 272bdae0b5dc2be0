"""The service itself: index, environment."""

from __future__ import annotations

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Action, Answer, authorise
from erc.gateway.describing import About, Described
from erc.gateway.documents.service import EnvironmentDocument, Service, StatusDocument
from erc.gateway.environment import environment_view
from erc.gateway.errors import Refused
from erc.gateway.rights import levels
from erc.gateway.routes.asking import services_of
from erc.gateway.store.announced import announced

RESOURCES = {
    "auth": "/api/v1/auth",
    "compendia": "/api/v1/compendium",
    "jobs": "/api/v1/job",
    "users": "/api/v1/user",
    "search": "/api/v1/search",
    "shipments": "/api/v1/shipment",
    "links": "/api/v1/link",
    "substitutions": "/api/v1/substitution",
    "recipients": "/api/v1/recipient",
    "environment": "/api/v1/environment",
    "quota": "/api/v1/quota",
    "events": "/api/v1/events",
    "webhooks": "/api/v1/webhook",
    "tokens": "/api/v1/token",
    "openapi": "/api/v1/openapi",
    "asyncapi": "/api/v1/asyncapi",
}
"""What the o2r service names comes first."""
VERSIONS = {"current": "/api/v1", "v1": "/api/v1"}
QUOTE = "Trust, but verify."


async def versions(_request: Request) -> Response:
    """`GET /api`."""
    return JSONResponse({"about": "https://o2r.info", "versions": VERSIONS, "quote": QUOTE})


async def index(_request: Request) -> Response:
    """`GET /api/v1`."""
    return JSONResponse(RESOURCES)


async def environment(request: Request) -> Response:
    """`GET /api/v1/environment`: what the workers that run at present say of their machines, engines and limits."""
    return JSONResponse(environment_view(await announced(services_of(request).records.database)))


async def status(request: Request) -> Response:
    """`GET /status`: how the service is; for administrators."""
    services = services_of(request)
    answer = authorise(await services.principal(request), Action.INSPECT, None)
    if answer is Answer.SIGN_IN:
        raise Refused(401, "not authenticated")
    if answer is not Answer.ALLOWED:
        raise Refused(403, "not allowed")
    problems = await services.health.ailments()
    return JSONResponse(
        {
            "name": "gateway",
            "version": version("erc"),
            "levels": levels(),
            "slots": dict((await services.operations.flow()).slots),
            "problems": [problem.model_dump() for problem in problems],
        }
    )


ROUTES = [
    Described("/api", versions, "GET", About("Service", "Find the web API", {200: Service})),
    Described("/api/v1", index, "GET", About("Service", "Find the resources", {200: dict[str, str]})),
    Described(
        "/api/v1/environment",
        environment,
        "GET",
        About("Service", "See where analyses are run", {200: EnvironmentDocument}),
    ),
    Described(
        "/status",
        status,
        "GET",
        About("Service", "See how the service is", {200: StatusDocument}, (403,), action=Action.INSPECT),
    ),
]
