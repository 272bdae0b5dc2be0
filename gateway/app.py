"""The gateway, assembled as data: routes, middleware, what handles errors."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from erc.events.errors import Rejected, Unavailable
from erc.gateway.errors import Refused
from erc.gateway.pages import routes as pages
from erc.gateway.protection import Protection
from erc.gateway.routes import (
    admin,
    binding,
    compendium,
    event_log,
    events,
    health,
    job,
    link,
    metadata,
    metrics,
    publication,
    reference,
    removal,
    search,
    service,
    shipment,
    shipped,
    substitution,
    webhook,
)
from erc.gateway.services import Services
from erc.gateway.settings import LOOPBACK

STATIC = Path(__file__).parent / "static"

ROUTES: list[BaseRoute] = [
    *compendium.ROUTES,
    *metadata.ROUTES,
    *removal.ROUTES,
    *job.ROUTES,
    *link.ROUTES,
    *events.ROUTES,
    *event_log.ROUTES,
    *publication.ROUTES,
    *reference.ROUTES,
    *webhook.ROUTES,
    *binding.ROUTES,
    *search.ROUTES,
    *shipment.ROUTES,
    *shipped.ROUTES,
    *substitution.ROUTES,
    *service.ROUTES,
    *metrics.ROUTES,
    *health.ROUTES,
    *admin.ROUTES,
    *pages.ROUTES,
    Mount("/static", StaticFiles(directory=STATIC)),
]


def create_app(services: Services) -> Starlette:
    """Return the application of the pages and the web API."""
    hosts = sorted({urlsplit(services.settings.public_url).hostname or "", *LOOPBACK, services.settings.host} - {""})
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
            Middleware(Protection, content_url=services.settings.content_url),
        ],
        exception_handlers={
            Refused: pages.on_refused,
            Rejected: pages.on_rejected,
            Unavailable: pages.on_unavailable,
            HTTPException: pages.on_http_error,
            Exception: pages.on_bug,
        },
    )
    app.state.services = services
    return app
