"""The folder that holds all state: its lock, its secrets, its ports, and where the running service is."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from pathlib import Path

from erc.deploy.refusal import Refusal
from erc.deploy.settings import DEFAULT_PORT

_LOG_BYTES = 16 << 20


class State:
    """A state folder (0700). One stack at a time may hold it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = -1

    def take(self) -> None:
        """Make the folders and take the lock. Raises Refusal when another stack holds it or it cannot be written."""
        try:
            for folder in (self.home, self.home / "secrets", self.home / "logs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.home / "secrets").chmod(0o700)
            lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refusal(f"The state folder {self.home} cannot be used: {error.strerror}. Set ERC_HOME.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise Refusal(
                f"A service is running already on {self.home}{self._where()}. Stop it, or choose another folder with "
                "--home (or ERC_HOME)."
            ) from None
        self._lock = lock
        # A service that was killed could not take its announcement back.
        self.withdraw()

    def _where(self) -> str:
        try:
            found = json.loads((self.home / "service.json").read_text(encoding="utf-8"))
            return f" (process {int(found['pid'])}, {found['url']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def forget_lock(self) -> None:
        """Close the inherited lock in a child: only the supervisor's end gives it back."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def release(self) -> None:
        """Give the folder back."""
        self.forget_lock()

    def secret(self, name: str) -> str:
        """Return the secret of that name, made at the first use; its file may be read by its owner only."""
        path = self.home / "secrets" / name
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            write_private(path, secrets.token_urlsafe(24) + "\n")
            return path.read_text(encoding="utf-8").strip()

    def log(self, name: str) -> Path:
        """Return the log file of a process; one above 16 MiB is put aside first."""
        path = self.home / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def port(self, name: str) -> int:
        """Return a free port of the loopback address: the one of last time when it is still free."""
        path = self.home / "ports.json"
        try:
            ports = {str(key): int(value) for key, value in json.loads(path.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            ports = {}
        if not (name in ports and is_free("127.0.0.1", ports[name])):
            ports[name] = _any_port()
            write_private(path, json.dumps(ports))
        return ports[name]

    def announce(self, url: str, content_url: str) -> None:
        """Say where the service is, for the command line."""
        document = {"url": url, "pid": os.getpid(), "content_url": content_url}
        write_private(self.home / "service.json", json.dumps(document))

    def withdraw(self) -> None:
        """Say that the service has ended."""
        (self.home / "service.json").unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def is_free(host: str, port: int) -> bool:
    """Return whether a server may listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the last run that wait for their end do not take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chosen_port(host: str, asked: int | None, name: str, first: int = DEFAULT_PORT) -> int:
    """Return the port that was asked for, else the first free one. Raises Refusal when the one asked for is taken."""
    if asked is None:
        return next((port for port in range(first, min(first + 200, 65536)) if is_free(host, port)), 0) or _any_port()
    if not is_free(host, asked):
        raise Refusal(f"Port {asked} is taken by another program. Stop that, or choose another with {name}.")
    return asked
