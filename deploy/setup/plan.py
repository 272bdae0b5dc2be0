"""What is missing on this machine, how much disk it takes and about how long."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import engine, machine, python_packages


@dataclass(frozen=True)
class Need:
    """Something that is missing: what it is for, its Debian packages, its size and time in round figures."""

    what: str
    packages: tuple[str, ...] = ()
    megabytes: int = 0
    seconds: int = 0
    optional: bool = False
    """Whether everything else goes on without it."""


def needs() -> list[Need]:
    """Return what is missing, in the order in which it is provided."""
    return [*_python(), *_engine(), *_archive(), *_browser(), *_compose(), *_small_image(), *_repeats()]


def _python() -> Iterator[Need]:
    if python_packages.needs_venv_package():
        yield Need("Python's own virtual environments", (), 15, 10)
    if not python_packages.up_to_date():
        yield Need("Python packages into .venv (pinned, their hashes are checked)", (), 1000, 110)


def _engine() -> Iterator[Need]:
    if engine.answering():
        return
    if engine.closed_socket() and engine.runs_here():
        acl = () if shutil.which("setfacl") else ("acl",)
        yield Need(f"access of {machine.user()} to the Docker engine (which amounts to root)", acl, 1, 2)
    elif engine.installed():
        yield Need("start of the Docker engine that is installed", (), 0, 5)
    else:
        acl = () if machine.is_root() or shutil.which("setfacl") else ("acl",)
        yield Need("a Docker engine, started in the background", ("docker.io", *acl), 350, 40)
        # Debian 13 has the client in a package of its own, which older releases do not know.
        yield Need("its command line", ("docker-cli",), 40, 5, optional=True)


def _archive() -> Iterator[Need]:
    tools = ["debootstrap"]
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    packages = () if keyring.exists() else ("debian-archive-keyring",)
    if not machine.is_root():
        tools += ["mmdebstrap", "newuidmap"]
    found = [tool for tool in tools if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    absent = tuple("uidmap" if tool == "newuidmap" else tool for tool in found)
    if absent or packages:
        yield Need("what makes base images from Debian's archive", (*absent, *packages), 10, 10)


def has_browser() -> bool:
    """Return whether there is a browser for the tests of the pages."""
    return any(shutil.which(name) for name in ("chromium", "google-chrome"))


def _browser() -> Iterator[Need]:
    if machine.distribution() != "debian":
        return
    if not has_browser():
        yield Need("Chromium, for the tests of the pages", ("chromium",), 450, 40, optional=True)
    if not any(Path("/usr/lib").glob("*/libatomic.so.1")):
        yield Need("libatomic, which the tests' driver of Chromium needs", ("libatomic1",), 1, 1, optional=True)


def _compose() -> Iterator[Need]:
    if shutil.which("docker-compose") is None:
        yield Need("Docker Compose, to test the composition", ("docker-compose",), 80, 10, optional=True)


def _repeats() -> Iterator[Need]:
    if not any(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        yield Need("libfaketime, to repeat runs on another day", ("libfaketime",), 1, 1, optional=True)
    if not Path("/usr/share/i18n/locales").is_dir():
        yield Need("locales, to repeat runs in another one", ("locales",), 20, 5, optional=True)


def _small_image() -> Iterator[Need]:
    if not Path("/bin/busybox").exists():
        yield Need("busybox, the smallest image to test runs in", ("busybox-static",), 2, 2)
