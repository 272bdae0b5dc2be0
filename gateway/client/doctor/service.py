"""The running service and the ports that it takes."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from erc.gateway.client.client import Client
from erc.gateway.client.discovery import find_service, home_of
from erc.gateway.client.doctor.finding import Finding, fine, missing, note
from erc.gateway.client.failures import ClientError, Unreachable

DEFAULT_PORT = 8080
_NAME = "Running service"


def examine_service(environ: Mapping[str, str]) -> list[Finding]:
    """Tell whether a service answers and who it takes us for; when none does, whether its ports are free."""
    try:
        with Client(lambda: find_service(environ.get("ERC_URL", ""), environ)) as client:
            client.healthy()
            found = fine(_NAME, f"answers at {client.service.url}")
            return [found, *_token(client, environ)]
    except Unreachable as error:
        quiet = note(_NAME, error.problem.title, error.problem.detail)
        return [quiet, *_ports(environ)]
    except ClientError as error:
        return [missing(_NAME, error.problem.title, error.problem.detail or "Look at what the service says.")]


def _token(client: Client, environ: Mapping[str, str]) -> list[Finding]:
    name = "Token"
    if not client.service.token:
        place = home_of(environ) / "secrets" / "operator_token"
        return [
            note(name, "none is known, so only what is public can be seen", f"Set ERC_TOKEN, or make {place} readable.")
        ]
    try:
        client.jobs(1)
    except ClientError as error:
        return [missing(name, error.problem.sentence(), "Set ERC_TOKEN to a token that the service knows.")]
    return [fine(name, "is accepted")]


def _ports(environ: Mapping[str, str]) -> list[Finding]:
    first = environ.get("GATEWAY_PORT", "")
    port = int(first) if first.isdecimal() else DEFAULT_PORT
    taken = [number for number in (port, port + 1) if not _free(number)]
    if not taken:
        return [fine("Ports", f"{port} and {port + 1} are free")]
    shown = " and ".join(map(str, taken))
    return [
        note(
            "Ports",
            f"taken by something else: {shown}",
            "erc up takes the next free ones, or N and N+1 of: erc up --port N",
        )
    ]


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True
