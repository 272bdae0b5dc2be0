"""The Docker engine: the one that is found, else one that is installed and started here."""

from __future__ import annotations

import contextlib
import grp
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from .machine import STATE, Missing, as_root, is_root, say, user

_START_SECONDS = 90.0
_TRIES = 4
_FORGET = """for name in docker.pid docker/containerd/containerd.pid; do
    case "$(cat "/proc/$(cat "/var/run/$name" 2>/dev/null)/comm" 2>/dev/null)" in
        dockerd|containerd) ;;
        *) rm -f "/var/run/$name" ;;
    esac
done"""
"""Removes the pid files of an engine that was killed: their numbers may belong to others by now."""
_PID_FILE = STATE / "dockerd.pid"
_LOG = STATE / "dockerd.log"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


def sockets() -> list[str]:
    """Return the usual sockets of an engine on this machine."""
    own = [Path(os.environ["XDG_RUNTIME_DIR"]) / "docker.sock"] if "XDG_RUNTIME_DIR" in os.environ else []
    home = Path.home()
    usual = [*own, home / ".docker/run/docker.sock", home / ".docker/desktop/docker.sock"]
    return ["/run/docker.sock", "/var/run/docker.sock", *map(str, usual)]


def answering() -> str | None:
    """Return the address of the engine that answers; None when there is none."""
    named = os.environ.get("DOCKER_HOST")
    addresses = [named] if named else [f"unix://{path}" for path in sockets()]
    return next((address for address in addresses if _pings(address)), None)


def _pings(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        connection: http.client.HTTPConnection = _UnixConnection(parts.path)
    elif parts.scheme in {"tcp", "http"} and parts.hostname:
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=10)
    else:
        return (
            bool(shutil.which("docker"))
            and not subprocess.run(["docker", "version"], capture_output=True, check=False).returncode
        )
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def installed() -> str | None:
    """Return the path of the engine's program."""
    return shutil.which("dockerd", path="/usr/sbin:/usr/bin:/sbin:/usr/local/bin")


def closed_socket() -> str | None:
    """Return the socket of an engine that is there but closed to this user."""
    return next((path for path in sockets()[:2] if Path(path).exists() and not os.access(path, os.W_OK)), None)


def runs_here() -> bool:
    """Return whether a dockerd that would open the usual socket runs on this machine."""
    return any(_opens_usual_socket(process) for process in Path("/proc").iterdir() if process.name.isdecimal())


def _opens_usual_socket(process: Path) -> bool:
    """Return whether a process is a dockerd of this system (of no container here) that was given no other socket."""
    if _name_of(process) != "dockerd":
        return False
    with contextlib.suppress(OSError):
        if (process / "ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink():
            return False
        words = (process / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        hosts = [word for word in words if word.startswith(("unix://", "fd://", "tcp://", "--host", "-H"))]
        return not hosts or any("/run/docker.sock" in host or "fd://" in host for host in hosts)
    return True


def _name_of(process: Path) -> str:
    """Return the name of a process that lives; empty for one that has ended, even if nobody has asked how."""
    with contextlib.suppress(OSError, IndexError):
        name, _, rest = (process / "stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
        return "" if rest.split()[0] in {"Z", "X"} else name
    return ""


def start() -> None:
    """Start the installed engine and wait until it answers. Raises Missing with the end of its log."""
    if Path("/proc/1/comm").read_text(encoding="utf-8").strip() == "systemd":
        subprocess.run(as_root(["systemctl", "enable", "--now", "docker"]), capture_output=True, check=False)
        _await(tries=0)
        return
    _await(tries=_TRIES)


def _start_daemon() -> None:
    """Start dockerd in the background, where no systemd does it."""
    STATE.mkdir(parents=True, exist_ok=True)
    command = [installed() or "dockerd", "--pidfile", str(_PID_FILE)]
    if not is_root():
        # The socket is open to the group of who set this up: a new membership counts at the next login only.
        command += ["--group", grp.getgrgid(os.getgid()).gr_name]
    # In the background only behind sudo, which may have to ask for a password here. `make engine-stop` ends it.
    detach = 'setsid "$@" >>"$0" 2>&1 </dev/null &'
    if subprocess.run(as_root(["sh", "-c", detach, str(_LOG), *command]), cwd="/", check=False).returncode:
        raise Missing("The Docker engine could not be started as root.")


def _await(tries: int) -> None:
    """Wait for the engine, and start it so often: one that was killed leaves a pid file behind that stops the next."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if answering():
            return
        if tries and not runs_here():
            tries -= 1
            subprocess.run(as_root(["sh", "-c", _FORGET]), check=False)
            _start_daemon()
            time.sleep(1)
        if closed_socket() and runs_here():
            open_socket()
        time.sleep(0.2)
    words = _LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-6:] if _LOG.exists() else []
    raise Missing(
        "The Docker engine was started and does not answer. In a container it needs --privileged, or set DOCKER_HOST "
        "to an engine elsewhere. Its last words:\n" + "\n".join(words)
    )


def open_socket() -> None:
    """Open the engine's socket to this user, until the engine starts again.

    An access list beside the group takes nothing from anybody and counts at once, unlike a new membership.
    Raises Missing when that is not possible.
    """
    path = closed_socket()
    if path is None:
        return
    subprocess.run(as_root(["setfacl", "-m", f"u:{user()}:rw", path]), capture_output=True, check=False)
    if closed_socket() is not None:
        raise Missing(
            f"The engine's socket {path} is closed to {user()}. Run: sudo usermod -aG docker {user()} - then sign out "
            "and in again."
        )
    say(f"Until the engine starts again, {user()} may use it. To keep that: sudo usermod -aG docker {user()}")


def stop() -> str:
    """Stop the engine that set-up started; return a sentence about it."""
    try:
        pid = int(_PID_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "No engine runs that set-up started."
    if _name_of(Path("/proc") / str(pid)) != "dockerd":
        return "The engine that set-up started has ended already."
    subprocess.run(as_root(["kill", f"-{signal.SIGTERM.value}", str(pid)]), check=False)
    end = time.monotonic() + 20
    while time.monotonic() < end and _name_of(Path("/proc") / str(pid)) == "dockerd":
        time.sleep(0.1)
    return "The engine that set-up started has been stopped."
