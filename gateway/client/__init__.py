"""The client of the web API and the `erc` command line; needs none of the service's own packages."""

from __future__ import annotations

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable

__all__ = ["Client", "ClientError", "ExitCode", "Unreachable"]
