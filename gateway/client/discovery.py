"""Finds the service: `--url` or `ERC_URL`, else the one whose state is in `ERC_HOME`; and what proves who asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from erc.gateway.client.credentials import Credentials
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.schemas.problem import Problem

START = "start one with: erc up"


@dataclass(frozen=True)
class Service:
    """Where the service is and what proves who asks; `home` is the folder of its state when it runs here."""

    url: str
    token: str = field(default="", repr=False)
    home: Path | None = None


def home_of(environ: Mapping[str, str]) -> Path:
    """Return the folder that holds the state of a service on this machine."""
    named = environ.get("ERC_HOME")
    return Path(named).expanduser() if named else Path.home() / ".erc"


def find_service(url: str, environ: Mapping[str, str]) -> Service:
    """Return the service at this address, or the one on this machine when the address is empty.

    Who asks is proved by `ERC_TOKEN`, else by what `erc login` got there, else by being the operator of this machine.
    The operator's token of this machine is only ever sent to the service on this machine. Raises Unreachable when no
    service is known, ClientError for an address that cannot be one.
    """
    home = home_of(environ)
    local, token, kept = _local_url(home), environ.get("ERC_TOKEN", ""), Credentials(home)
    if url:
        asked = _checked(url)
        own = local is not None and asked == local
        token = token or kept.token(asked) or (_local_token(home) if own else "")
        return Service(asked, token, home if own else None)
    if local is None:
        raise Unreachable("No service answers", f"None has its state in {home}; {START}")
    return Service(local, token or kept.token(local) or _local_token(home), home)


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        problem = Problem(
            code="address", title=f"“{url}” is no address of a service", detail="It begins with http:// or https://."
        )
        raise ClientError(problem, ExitCode.USAGE)
    return url.rstrip("/")


def _local_url(home: Path) -> str | None:
    try:
        document = json.loads((home / "service.json").read_text(encoding="utf-8"))
        return str(document["url"]).rstrip("/")
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _local_token(home: Path) -> str:
    try:
        return (home / "secrets" / "operator_token").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
