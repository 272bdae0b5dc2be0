"""What the embedded stack reads from the command line and the environment, once."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from erc.deploy.refusal import Refusal
from erc.gateway.identity.settings import Misconfigured, read_identity

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Settings:
    """Where the state is and what to start. A port that is None is chosen freely."""

    home: Path
    host: str = "127.0.0.1"
    port: int | None = None
    content_port: int | None = None
    database_url: str | None = field(default=None, repr=False)
    """Address of the owner of another PostgreSQL; None starts an own one."""
    nats_url: str | None = field(default=None, repr=False)
    """Address of another NATS; None starts an own one."""
    once: bool = False
    """Stop as soon as everything answers."""
    only: frozenset[str] | None = None
    """Names of the processes to start; None for all."""
    ready_seconds: float = 60.0
    restart_seconds: float = 5.0
    """The longest pause before a process that ended is started again."""

    @classmethod
    def read(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
        """Read the command line, then the environment. Raises Refusal for what must not be started."""
        given = _parser().parse_args(arguments)
        home = given.home or environ.get("ERC_HOME") or Path.home() / ".erc"
        settings = cls(
            home=Path(home).expanduser().resolve(),
            host=environ.get("GATEWAY_HOST", "127.0.0.1"),
            port=given.port or _port(environ, "GATEWAY_PORT"),
            content_port=_port(environ, "GATEWAY_CONTENT_PORT"),
            database_url=environ.get("DATABASE_URL") or None,
            nats_url=environ.get("NATS_URL") or None,
            once=given.once,
            only=frozenset(given.only.split(",")) if given.only else None,
            ready_seconds=float(environ.get("DEPLOY_READY_SECONDS", "60")),
            restart_seconds=float(environ.get("DEPLOY_RESTART_SECONDS", "5")),
        )
        signing_in = _providers(environ)
        if settings.host not in LOOPBACK and not signing_in:
            raise Refusal(
                f"GATEWAY_HOST is {settings.host}, which others can reach, and no sign-in is configured. "
                "Name a provider in GATEWAY_PROVIDERS, or leave GATEWAY_HOST out to serve this machine only."
            )
        return settings


def _providers(environ: Mapping[str, str]) -> bool:
    """Return whether a sign-in is configured; what is wrong with it is said before anything starts."""
    try:
        return bool(read_identity(environ).providers)
    except Misconfigured as error:
        raise Refusal(str(error)) from error


def _port(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refusal(f"{name} is {text!r}; a port is a number from 1 to 65535.")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m erc.deploy",
        description="Start NATS, PostgreSQL and every process of the service; Ctrl-C stops them.",
    )
    parser.add_argument("--home", type=Path, help="folder of all state (default: ERC_HOME, else ~/.erc)")
    parser.add_argument("--port", type=int, help="port of the pages and the web API (default: 8080 or the next free)")
    parser.add_argument("--once", action="store_true", help="stop as soon as everything answers")
    parser.add_argument("--only", metavar="NAMES", help="start these processes only, as in gateway,relay,loader")
    return parser
