"""Health: whether the process lives, and whether the service can do its work."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from erc.events.errors import Unavailable
from erc.gateway.auth import ANONYMOUS, Action, Answer, Principal, authorise
from erc.gateway.errors import MEDIA_TYPE, Refused
from erc.gateway.routes.asking import services_of
from erc.schemas.problem import Problem


async def live(_request: Request) -> Response:
    """`GET /health/live`: this process serves."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """`GET /health/ready`: 200, or 503 and a problem document that names what is wrong, with details for operators."""
    found = await services_of(request).health.ailments()
    if not found:
        return JSONResponse({"status": "ok"})
    operates = authorise(await _principal(request), Action.INSPECT, None) is Answer.ALLOWED
    return JSONResponse(_document(found, operates), 503, {"Retry-After": "5"}, media_type=MEDIA_TYPE)


def _document(found: list[Problem], operates: bool) -> dict[str, object]:
    title = "The service is not ready"
    named = [{"code": one.code, "title": one.title} | ({"detail": one.detail} if operates else {}) for one in found]
    return {
        "type": "urn:erc:problem:not_ready",
        "status": 503,
        "title": title,
        "detail": ". ".join(one.title for one in found) + ".",
        "code": "not_ready",
        "error": title,
        "problems": named,
    }


async def _principal(request: Request) -> Principal:
    """Return who asks, or nobody when that cannot be told now."""
    try:
        return await services_of(request).principal(request)
    except (Refused, Unavailable):
        return ANONYMOUS


ROUTES = [
    Route("/health/live", live, methods=["GET"]),
    Route("/health/ready", ready, methods=["GET"]),
    Route("/healthz", ready, methods=["GET"]),
]
