"""Quotas as their owners see them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.describing import About, Described
from erc.gateway.documents.quota import QuotaDocument
from erc.gateway.errors import Refused
from erc.gateway.quota import exempt
from erc.gateway.routes.asking import services_of


async def view(request: Request) -> Response:
    """`GET /api/v1/quota`: what you may have, and have."""
    services = services_of(request)
    principal = await services.principal(request)
    if principal.anonymous:
        raise Refused(401, "user is not authenticated")
    use, quota = await services.quotas.use(principal.name), services.quotas.quota
    shares = {
        "candidates": (use.candidates, quota.candidates),
        "bytes": (use.size_bytes, quota.size_bytes),
        "jobs": (use.jobs, quota.jobs),
    }
    free = exempt(principal)
    return JSONResponse(
        {name: {"used": used, "limit": None if free else limit or None} for name, (used, limit) in shares.items()}
    )


ROUTES = [
    Described("/api/v1/quota", view, "GET", About("Users", "See what you may have, and have", {200: QuotaDocument}))
]
