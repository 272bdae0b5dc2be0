"""Engines of these tests' own, which may be killed, and services on them that build in two megabytes."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel import alive, descendants, name
from support.service import Service, running
from support.tiny import tiny_base
from system.chaos.engine import Engine

BASE = "erc-tiny:1"
BUILD_SECONDS = 2.0


class Place:
    """An engine with its files, and a way to ask it."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder)

    def asked(self, *words: str) -> list[str]:
        """Return the lines that `docker …` answers."""
        command = ["docker", "--host", self.engine.address, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    def environments(self) -> list[str]:
        """Return the names of the environments that this engine has."""
        return self.asked("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=erc-environment")

    def left(self) -> list[str]:
        """Return the containers and volumes that there are."""
        return self.asked("ps", "--all", "--format", "{{.Names}} {{.Status}}") + self.asked("volume", "ls", "--quiet")


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """Run an engine; it has no network. Its folder has a short name, as the names of its sockets are bounded."""
    with tempfile.TemporaryDirectory(prefix="erc-", ignore_cleanup_errors=True) as folder:
        own = Place(Path(folder))
        own.engine.start()
        try:
            yield own
        finally:
            own.engine.end()


@contextlib.contextmanager
def installation(home: Path, own: Place, **settings: str) -> Iterator[Service]:
    """Run a service on an engine, with short leases."""
    home.mkdir()
    environment = {
        "DOCKER_HOST": own.engine.address,
        "EVENTS_ACK_WAIT_SECONDS": "2",
        "EVENTS_HEARTBEAT_SECONDS": "0.5",
        "BUILDER_FREE_BYTES": str(64 << 20),
        "GATEWAY_JANITOR_SECONDS": "1",
        **settings,
    }
    with running(home, **environment) as service:
        yield service


def pids(service: Service, process: str) -> list[int]:
    """Return the processes of this name of a service."""
    return [pid for pid in alive(descendants(service.process.pid)) if name(pid) == f"erc-{process}"[:15]]


@pytest.fixture(scope="module")
def own() -> Iterator[Place]:
    with place() as own:
        tiny_base(BASE, BUILD_SECONDS, own.engine.address)
        yield own


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, own: Place) -> Iterator[Service]:
    with installation(tmp_path_factory.mktemp("erc") / "home", own, BUILDER_BASE=BASE) as service:
        yield service
