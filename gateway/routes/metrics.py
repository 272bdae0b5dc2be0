"""`GET /metrics`, for whoever holds the operator's token; without a token only on a port of its own, if one is set."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from erc.gateway.errors import Refused
from erc.gateway.metrics import MetricsPage
from erc.gateway.routes.asking import services_of
from erc.gateway.services import OPERATOR


async def metrics(request: Request) -> Response:
    """`GET /metrics`."""
    services = services_of(request)
    if (await services.principal(request)).name != OPERATOR:
        raise Refused(401, "user is not authenticated")
    return await _answer(services.metrics)


async def _answer(page: MetricsPage) -> Response:
    return Response(await page.text(), media_type=CONTENT_TYPE_LATEST)


def metrics_app(page: MetricsPage) -> Starlette:
    """Return the application of the port that is for Prometheus alone."""

    async def show(_request: Request) -> Response:
        return await _answer(page)

    return Starlette(routes=[Route("/metrics", show, methods=["GET"])])


ROUTES = [Route("/metrics", metrics, methods=["GET"])]
