"""Real servers for tests, on the loopback address and free ports; they end with the test or with its process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class S3:
    """An S3 service: its address, its keys, and a bucket that is there."""

    url: str
    access_key: str
    secret_key: str
    bucket: str


def s3_program() -> str | None:
    """Return the S3 server that `make setup-extra` installs, None when it is not there."""
    return _extra("versitygw")


def registry_program() -> str | None:
    """Return the image registry that `make setup-extra` installs, None when it is not there."""
    return _extra("registry")


def _extra(program: str) -> str | None:
    kept = Path(__file__).resolve().parents[2] / ".erc" / "extra" / "bin" / program
    return str(kept) if kept.exists() else shutil.which(program)


@contextlib.contextmanager
def s3(folder: Path, program: str) -> Iterator[S3]:
    """An S3 service (versitygw, which heeds `If-None-Match`) on its own folder."""
    (folder / "buckets" / "erc").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    service = S3(f"http://127.0.0.1:{port}", "erc-access", "erc-secret-of-tests", "erc")
    keys = ["--access", service.access_key, "--secret", service.secret_key]
    command = [program, *keys, "--port", f"127.0.0.1:{port}", "--quiet", "posix", str(folder / "buckets")]

    def ready() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    with _running(command, folder / "s3.log", signal.SIGKILL, ready):
        yield service


@contextlib.contextmanager
def registry(folder: Path, program: str) -> Iterator[str]:
    """An image registry on its own folder; hands over its host and port, which engines trust on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: '{folder}/images'}}}}\n"
    )

    def ready() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    with _running([program, "serve", str(settings)], folder / "registry.log", signal.SIGKILL, ready):
        yield f"127.0.0.1:{port}"


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
