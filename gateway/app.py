"""The gateway, assembled as data: routes, middleware, what handles errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from erc.events.errors import Rejected, Unavailable
from erc.gateway.bodies import Bodies
from erc.gateway.errors import Refused
from erc.gateway.finding import Finder
from erc.gateway.identity.limiting import Limiting
from erc.gateway.identity.renewal import Renewal
from erc.gateway.pages import routes as pages
from erc.gateway.protection import Protection, allowed_hosts
from erc.gateway.routes import (
    admin,
    binding,
    compendia,
    compendium,
    device,
    download,
    environment,
    event_log,
    events,
    files,
    health,
    inspection,
    job,
    link,
    mending,
    metadata,
    metrics,
    plan,
    publication,
    purging,
    quota,
    reference,
    removal,
    repeat,
    runs,
    search,
    service,
    shipment,
    shipped,
    sign_in,
    source,
    substitution,
    token,
    user,
    webhook,
)
from erc.gateway.services import Services
from erc.gateway.settings import GatewaySettings

STATIC = Path(__file__).parent / "static"

ROUTES: list[BaseRoute] = [
    *compendia.ROUTES,
    *download.ROUTES,
    *compendium.ROUTES,
    *metadata.ROUTES,
    *removal.ROUTES,
    *job.ROUTES,
    *runs.ROUTES,
    *purging.ROUTES,
    *environment.ROUTES,
    *mending.ROUTES,
    *repeat.ROUTES,
    *plan.ROUTES,
    *link.ROUTES,
    *files.ROUTES,
    *inspection.ROUTES,
    *events.ROUTES,
    *event_log.ROUTES,
    *publication.ROUTES,
    *quota.ROUTES,
    *reference.ROUTES,
    *webhook.ROUTES,
    *binding.ROUTES,
    *search.ROUTES,
    *shipment.ROUTES,
    *source.ROUTES,
    *shipped.ROUTES,
    *substitution.ROUTES,
    *service.ROUTES,
    *sign_in.ROUTES,
    *user.ROUTES,
    *token.ROUTES,
    *device.ROUTES,
    *metrics.ROUTES,
    *health.ROUTES,
    *admin.ROUTES,
    *pages.ROUTES,
    Mount("/static", StaticFiles(directory=STATIC)),
]


class Gateway(Starlette):
    """The application, protected as a whole: what its middleware and its last resort answer as well."""

    def __init__(self, routes: Sequence[BaseRoute], **parts: Any) -> None:
        super().__init__(**parts)
        self.router = Finder(routes)

    def build_middleware_stack(self) -> ASGIApp:
        """Put the protection around everything."""
        settings: GatewaySettings = self.state.services.settings
        hosts = allowed_hosts(settings, settings.public_url)
        return Protection(super().build_middleware_stack(), hosts, settings.public_url, settings.content_url)


def create_app(services: Services) -> Starlette:
    """Return the application of the pages and the web API."""
    app = Gateway(
        routes=ROUTES,
        middleware=[
            Middleware(Limiting, limits=services.identity.limits, refuse=pages.on_refused),
            Middleware(Renewal, renew=services.sessions.renew, set_cookie=services.identity.cookies.session_header),
            Middleware(Bodies),
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
