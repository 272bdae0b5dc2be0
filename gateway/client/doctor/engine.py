"""The container engine, asked over its socket with nothing but the standard library."""

from __future__ import annotations

import getpass
import http.client
import json
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from erc.gateway.client.doctor.finding import Finding, fine, missing, note
from erc.schemas.limits import GIB

OLDEST_API, NEWEST_API = (1, 41), (1, 47)
"""The oldest version of the engine's API that was tried, and the newest that the service speaks."""
BASE_IMAGE = "erc-base:bookworm"
ROOM_BYTES = 10 * GIB
_SECONDS = 5.0
_NAME = "Container engine"
_INSTALL = "Install one (on Debian and Ubuntu: sudo apt-get install docker.io) or name its socket in DOCKER_HOST."


@dataclass(frozen=True)
class Engine:
    """Where the engine listens and what it says of itself; `problem` when it does not answer."""

    address: str
    version: dict[str, Any] | None = None
    problem: Finding | None = None


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def find_engine(environ: Mapping[str, str]) -> Engine:
    """Return the engine of DOCKER_HOST, else that of the usual sockets."""
    address = environ.get("DOCKER_HOST") or _usual_socket()
    if not address:
        return Engine("", problem=missing(_NAME, "none was found", _INSTALL))
    try:
        version = ask(address, "/version")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Engine(address, problem=_explained(address, error))
    return Engine(address, version)


def ask(address: str, path: str) -> dict[str, Any] | None:
    """Return what the engine at `unix://…` or `tcp://…` answers; None when it has no such thing.

    Raises OSError when it cannot be reached, ValueError or HTTPException when it is no engine.
    """
    connection = _connection(address)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        document = json.loads(answer.read(1 << 24))
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.NOT_FOUND:
        return None
    if answer.status != http.HTTPStatus.OK or not isinstance(document, dict):
        raise ValueError(f"it answers {answer.status}")
    return document


def examine_engine(engine: Engine) -> list[Finding]:
    """Tell whether the engine answers, whether its API is known, and whether it has room."""
    if engine.problem:
        return [engine.problem]
    about = engine.version or {}
    found = [fine(_NAME, f"{about.get('Version', 'unknown')} at {engine.address}"), _api(about)]
    return found + _room(engine)


def base_image(engine: Engine, environ: Mapping[str, str]) -> Finding:
    """Tell whether the image that environments are built on is there, or how it comes."""
    name, wanted = "Base image", environ.get("BUILDER_BASE") or BASE_IMAGE
    if engine.problem:
        return note(name, "it cannot be looked for without an engine", "Mend the engine first.")
    try:
        there = ask(engine.address, f"/images/{quote(wanted, safe='/:@')}/json")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return note(name, f"it cannot be looked for: {error}", "Mend the engine first.")
    if there:
        return fine(name, wanted)
    if environ.get("BUILDER_BASE"):
        return note(name, f"{wanted} of BUILDER_BASE is not there yet", "The first build fetches it from its registry.")
    tool = next((tool for tool in ("debootstrap", "mmdebstrap") if shutil.which(tool)), None)
    prepare = "python -m erc.workers.builder.bases"
    if tool:
        return note(
            name, f"{wanted} is not there yet", f"The first build makes it with {tool}; to make it now: {prepare}"
        )
    mend = (
        "Install debootstrap (as root) or mmdebstrap and uidmap, or name an image in BUILDER_BASE; else it is fetched."
    )
    return note(name, f"{wanted} is not there, and no tool that makes it", mend)


def _usual_socket() -> str:
    places = [Path("/run/docker.sock"), Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock"]
    found = next((place for place in places if _exists(place)), None)
    return f"unix://{found}" if found else ""


def _exists(place: Path) -> bool:
    try:
        return place.is_socket()
    except OSError:
        return False


def _connection(address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return _OverSocket(parts.path)
    if parts.scheme in {"tcp", "http"} and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=_SECONDS)
    raise ValueError("only unix://, tcp:// and http:// are known here")


def _explained(address: str, error: Exception) -> Finding:
    if isinstance(error, PermissionError):
        mend = f"Add yourself to the docker group: sudo usermod -aG docker {_user()}, then sign out and in again."
        return missing(_NAME, f"you may not use {address}", mend)
    if isinstance(error, FileNotFoundError):
        return missing(_NAME, f"there is no socket at {address}", _INSTALL)
    if isinstance(error, ConnectionRefusedError):
        return missing(_NAME, f"it does not run: {address} refuses", "Start it with: sudo systemctl start docker")
    if isinstance(error, TimeoutError):
        return missing(_NAME, f"{address} does not answer", "Start it again with: sudo systemctl restart docker")
    return missing(_NAME, f"{address} is no engine that can be used: {error}", _INSTALL)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "$USER"


def _api(about: dict[str, Any]) -> Finding:
    name = "Engine's API"
    newest, oldest = str(about.get("ApiVersion", "")), str(about.get("MinAPIVersion", "") or "1.12")
    try:
        high, low = _numbers(newest), _numbers(oldest)
    except ValueError:
        return missing(name, f"the version “{newest}” cannot be read", "Use a Docker engine of version 20.10 or later.")
    if high < OLDEST_API:
        return missing(name, f"{newest} is too old", "Use a Docker engine of version 20.10 or later.")
    if low > NEWEST_API:
        return missing(name, f"{oldest} to {newest} is newer than this service", "Install a newer version of erc.")
    return fine(name, newest)


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def _room(engine: Engine) -> list[Finding]:
    """Look for room where the engine keeps images, when that is on this machine and may be looked at."""
    name = "Engine's disk"
    try:
        about = ask(engine.address, "/info") or {}
        folder = Path(str(about["DockerRootDir"]))
        free = shutil.disk_usage(folder).free
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return []
    shown = f"{free / GIB:.1f} GiB are free for images in {folder}"
    if free >= ROOM_BYTES:
        return [fine(name, shown)]
    return [missing(name, shown, f"At least {ROOM_BYTES / GIB:.0f} GiB are needed: try docker system prune.")]
