"""The examination: every check in the order in which a person mends."""

from __future__ import annotations

from collections.abc import Mapping

from erc.gateway.client.discovery import home_of
from erc.gateway.client.doctor import engine, host, service
from erc.gateway.client.doctor.finding import Finding


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Return what was found about everything that the service needs on this machine."""
    home = home_of(environ)
    found_engine = engine.find_engine(environ)
    return [
        host.python(),
        host.system(),
        host.server_packages(),
        host.nats(environ),
        host.postgresql(environ),
        *engine.examine_engine(found_engine),
        engine.base_image(found_engine, environ),
        host.namespaces(),
        host.disk(home),
        *host.certificates(environ),
        *service.examine_service(environ),
    ]
