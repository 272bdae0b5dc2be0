"""The service under chaos: its processes twice, its NATS behind a proxy, and hands on all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from support.kernel import alive, descendants, name, until
from support.service import Service, running
from system.chaos.proxy import Proxy

from erc.deploy.nats_server import Nats
from erc.deploy.state import State

TESTS = Path(__file__).parents[2]
DYING = ("setpriv", "--pdeathsig", "KILL")
"""Runs a program that dies with the thread that started it."""


class NatsServer:
    """A NATS that can be killed and started again on its files."""

    def __init__(self, folder: Path) -> None:
        (folder / "secrets").mkdir(mode=0o700, parents=True)
        self._server = Nats.prepare(State(folder))
        self._log = folder / "nats.log"
        self.url, self.port = self._server.url, self._server.port
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = ThreadPoolExecutor(1)

    def start(self) -> None:
        """Start it and wait until it answers."""
        # By a thread that lives as long as this program: the kernel ends a child with the thread that started it.
        self._process = self._keeper.submit(self._spawn).result()
        assert until(self._server.ready, 30), self._log.read_text()[-2000:]

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as words:
            return subprocess.Popen([*DYING, *self._server.command], stdout=words, stderr=words)

    def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


@dataclass
class Stack:
    """Everything that runs."""

    service: Service
    nats: NatsServer
    proxy: Proxy
    orders: Path
    twins: subprocess.Popen[bytes]
    engine: Callable[[str], None] | None = None
    """Does something to an engine of our own: `kill` or `stop`."""

    def pids(self, process: str) -> list[int]:
        """Return the process ids of a process and its twin."""
        below = descendants(self.service.process.pid) | descendants(self.twins.pid)
        return sorted(pid for pid in alive(below) if name(pid) == f"erc-{process}"[:15])

    def postmaster(self) -> int | None:
        """Return the process id of PostgreSQL."""
        below = alive(descendants(self.service.process.pid))
        return min((pid for pid in below if name(pid) == "postgres"), default=None)

    def backends(self) -> list[int]:
        """Return the process ids of PostgreSQL's backends that serve our processes."""
        found = []
        for pid in alive(descendants(self.postmaster() or 0)):
            with contextlib.suppress(OSError):
                if "postgres: erc_" in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(pid)
        return sorted(found)


@contextlib.contextmanager
def stack(work: Path, environment: dict[str, str], *, with_twins: bool = True) -> Iterator[Stack]:
    """Start everything in a folder; stop everything at the end."""
    home, orders = work / "home", work / "orders"
    home.mkdir()
    orders.mkdir()
    nats = NatsServer(work / "nats")
    nats.start()
    proxy = Proxy(nats.port)
    address = nats.url.replace(str(nats.port), str(proxy.port))
    environment = {"ERC_FAULTS": str(orders), "NATS_URL": address, "DEPLOY_RESTART_SECONDS": "0.5"} | environment
    try:
        with running(home, **environment) as service, _twins(home, environment, with_twins) as twins:
            yield Stack(service, nats, proxy, orders, twins)
    finally:
        nats.end(signal.SIGKILL)


@contextlib.contextmanager
def _twins(home: Path, environment: dict[str, str], wanted: bool) -> Iterator[subprocess.Popen[bytes]]:
    command = [*DYING, sys.executable, "-m", "system.chaos.twins", "--home", str(home)]
    if not wanted:
        command = [*DYING, "sleep", "infinity"]
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    with (home.parent / "twins.log").open("wb") as words:
        process = subprocess.Popen(
            command, env=os.environ | environment | {"PYTHONPATH": path}, stdout=words, stderr=words
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(holds: Callable[[], bool], seconds: float) -> float | None:
    """Return how many seconds it took until something held, None when it did not."""
    began = time.monotonic()
    return time.monotonic() - began if until(holds, seconds) else None
