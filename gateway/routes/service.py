"""The service itself: index, environment."""

from __future__ import annotations

import platform

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.describing import About, Described
from erc.gateway.documents.service import EnvironmentDocument, Service

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
    "auth": "/api/v1/auth",
    "users": "/api/v1/user",
    "tokens": "/api/v1/token",
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


ROUTES = [
    Described("/api", versions, "GET", About("Service", "Find the web API", {200: Service})),
    Described("/api/v1", index, "GET", About("Service", "Find the resources", {200: dict[str, str]})),
    Described(
        "/api/v1/environment",
        environment,
        "GET",
        About("Service", "See where analyses are run", {200: EnvironmentDocument}),
    ),
]
