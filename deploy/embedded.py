"""The order in which the stack starts: servers, schema and streams, then every process from one warmed parent."""

from __future__ import annotations

import gc
import http.client
import importlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from erc.deploy.nats_server import Nats, check_version
from erc.deploy.postgres import Postgres
from erc.deploy.processes import MIGRATIONS, PROCESSES, PROVISION, Process
from erc.deploy.refusal import Refusal
from erc.deploy.settings import Settings
from erc.deploy.state import State, chosen_port
from erc.deploy.supervisor import Spec, Supervisor
from erc.events import telemetry
from erc.events.__main__ import NATS_MUST_RESTART

SERVER_SECONDS = 30.0
ENOUGH_BYTES = 256 << 20
"""With so much free space, a NATS that takes nothing is started again."""
HOPELESS = 6
"""So many ends in a row before the first answer, in about six seconds, and the start is given up."""


@dataclass(frozen=True)
class Addresses:
    """Where everything is. The first two hold passwords."""

    database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    host: str
    port: int
    content_port: int

    @property
    def url(self) -> str:
        """Address of the pages and the web API, as this machine reaches it."""
        return f"http://{self._reachable}:{self.port}"

    @property
    def content_url(self) -> str:
        """Address of what users made."""
        return f"http://{self._reachable}:{self.content_port}"

    @property
    def _reachable(self) -> str:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", "localhost"} else self.host  # noqa: S104 - compared
        return f"[{host}]" if ":" in host else host


class Stack:
    """A stack on one state folder, whose lock is held. `say` tells the person what happens."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        say: Callable[[str], None],
        processes: Sequence[Process] = PROCESSES,
    ) -> None:
        self._settings, self._state, self._say = settings, state, say
        only = settings.only
        self._processes = [process for process in processes if only is None or process.name in only]
        if only and (unknown := only - {process.name for process in processes}):
            raise Refusal(f"There is no process {', '.join(sorted(unknown))}; see `python -m erc.deploy --help`.")
        self.supervisor = Supervisor(state.log, state.forget_lock, say, settings.restart_seconds)
        self._one_time = secrets.token_urlsafe(24)
        self._subscribers_url = ""

    def start(self) -> Addresses | None:
        """Start everything and wait until it answers; None when a signal asked for the end before.

        Raises Refusal when something cannot be started.
        """
        settings, state = self._settings, self._state
        postgres = None if settings.database_url else Postgres.prepare(state)
        nats = None if settings.nats_url else Nats.prepare(state)
        self._subscribers_url = nats.url_of("provision") if nats else os.environ.get("NATS_SUBSCRIBERS_URL", "")
        servers = [server for server in (postgres, nats) if server]
        self.supervisor.start([server.spec() for server in servers])
        port = chosen_port(settings.host, settings.port, "--port")
        addresses = Addresses(
            settings.database_url or (postgres.url if postgres else ""),
            settings.nats_url or (nats.url if nats else ""),
            settings.host,
            port,
            chosen_port(settings.host, settings.content_port, "GATEWAY_CONTENT_PORT", port + 1),
        )
        self._warm()
        for server in servers:
            if not self._await(server.ready, server.spec().name, SERVER_SECONDS):
                return None
        check_version(addresses.nats_url)
        if not self._prepare(addresses):
            return None
        self.supervisor.start([self._spec(process, addresses) for process in self._processes])
        if any(process.name == "gateway" for process in self._processes):
            healthy = self._await(lambda: answers(addresses.url), "gateway", settings.ready_seconds)
            return addresses if healthy else None
        return addresses

    def sign_in(self, addresses: Addresses) -> str:
        """Return the address of the first page; it signs its reader in, once."""
        return f"{addresses.url}/sign-in?token={self._one_time}"

    def _warm(self) -> None:
        """Import everything once: the forks share it."""
        for process in (*self._processes, MIGRATIONS, PROVISION):
            importlib.import_module(process.module)
        telemetry.warm()
        gc.collect()
        gc.freeze()

    def _await(self, ready: Callable[[], bool], name: str, seconds: float) -> bool:
        def settled() -> bool:
            return ready() or self.supervisor.failures(name) >= HOPELESS

        if self.supervisor.until(settled, seconds) and self.supervisor.failures(name) < HOPELESS:
            return True
        if self.supervisor.stopping:
            return False
        how = "ended again and again" if self.supervisor.failures(name) else f"did not answer within {seconds:.0f} s"
        raise Refusal(f"{name} {how}. {self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        log = self._state.log(name)
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return "Its log, {}, ends with:\n{}".format(log, "\n".join(text.splitlines()[-12:]))

    def _prepare(self, addresses: Addresses) -> bool:
        """Bring the tables to the newest version and declare the streams."""
        passwords = {f"MIGRATIONS_{process.name.upper()}_PASSWORD": self._password(process) for process in PROCESSES}
        owner = {
            "DATABASE_URL": addresses.database_url,
            "NATS_URL": addresses.nats_url,
            "NATS_SUBSCRIBERS_URL": self._subscribers_url,
        }
        steps = [(MIGRATIONS, owner | passwords), (PROVISION, owner)]
        failed = self.supervisor.run_to_end(
            [Spec(step.name, _entry(step), environment=environment) for step, environment in steps]
        )
        if self.supervisor.stopping:
            return False
        if failed:
            raise Refusal(f"{failed[0]} failed. {self._last_words(failed[0])}")
        return True

    def _password(self, process: Process) -> str:
        return self._state.secret(f"role_{process.name}")

    def _spec(self, process: Process, addresses: Addresses) -> Spec:
        environment = {
            "DATABASE_URL": as_role(addresses.database_url, process.role, self._password(process)),
            "NATS_URL": addresses.nats_url,
            "ERC_HOME": str(self._state.home),
        }
        if process.name == "gateway":
            environment |= {
                "GATEWAY_HOST": addresses.host,
                "GATEWAY_PORT": str(addresses.port),
                "GATEWAY_CONTENT_PORT": str(addresses.content_port),
                "GATEWAY_PUBLIC_URL": os.environ.get("GATEWAY_PUBLIC_URL", addresses.url),
                "GATEWAY_CONTENT_URL": os.environ.get("GATEWAY_CONTENT_URL", addresses.content_url),
                "GATEWAY_OPERATOR_TOKEN": self._state.secret("operator_token"),
                "GATEWAY_ONE_TIME_TOKEN": self._one_time,
            }
        if process.name == "relay":
            environment["NATS_SUBSCRIBERS_URL"] = self._subscribers_url
        blames = self._blamed_by_relay if process.name == "relay" else lambda _code: None
        return Spec(process.name, _entry(process), tier=process.tier, environment=environment, blames=blames)

    def _blamed_by_relay(self, code: int) -> str | None:
        """A NATS that was out of disk space takes nothing any more until it is started again."""
        if code != NATS_MUST_RESTART or self._settings.nats_url:
            return None
        free = shutil.disk_usage(self._state.home).free
        if free < ENOUGH_BYTES:
            self._say(f"NATS has no room: {free >> 20} MiB are free on the disk of {self._state.home}. Free some.")
            return None
        return "nats"


def _entry(process: Process) -> Callable[[], object]:
    entry: Callable[[], object] = getattr(importlib.import_module(process.module), process.entry)
    return entry


def as_role(url: str, role: str, password: str) -> str:
    """Return the address of a database for another role."""
    address = urlsplit(url)
    place = address.netloc.rpartition("@")[2]
    return urlunsplit(address._replace(netloc=f"{role}:{quote(password, safe='')}@{place}"))


def answers(url: str) -> bool:
    """Return whether `GET /health/live` there is 200."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
