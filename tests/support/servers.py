"""Real servers for tests, on the loopback address and free ports; they end with the test or with its process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from erc.deploy.nats_server import Nats
from erc.deploy.postgres import Postgres
from erc.deploy.state import State

_LIBC = ctypes.CDLL(None)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL of its own with its files in `folder`; `.url` is the address of its owner."""
    server = Postgres.prepare(_state(folder))
    with _running(server.command, folder / "postgres.log", signal.SIGQUIT, server.ready):
        yield server


@contextlib.contextmanager
def nats(folder: Path) -> Iterator[Nats]:
    """A NATS with JetStream of its own with its files in `folder`; `.url` holds its password."""
    server = Nats.prepare(_state(folder))
    with _running(server.command, folder / "nats.log", signal.SIGKILL, server.ready):
        yield server


def _state(folder: Path) -> State:
    (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    return State(folder)


@contextlib.contextmanager
def _running(command: list[str], log: Path, end: signal.Signals, ready: Callable[[], bool]) -> Iterator[None]:
    parent = os.getpid()

    def die_with_the_test() -> None:
        _LIBC.prctl(1, int(end))
        if os.getppid() != parent:
            os._exit(1)

    with log.open("ab") as words:
        process = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            preexec_fn=die_with_the_test,  # noqa: PLW1509
        )
    try:
        deadline = time.monotonic() + 30
        while not ready():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.01)
        yield
    finally:
        process.send_signal(end)
        process.wait()
