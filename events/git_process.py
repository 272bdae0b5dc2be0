"""Runs git for addresses that strangers wrote: https only, one checked host, no prompts, hooks, helpers or filters."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
import resource
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from erc.events.errors import Rejected, Unavailable
from erc.schemas.addresses import are_public, is_loopback
from erc.schemas.git_source import GitAddress

_LAUNCHED = """trap 'kill -KILL 0' TERM; git "$@" & wait $!"""
"""Leads git's session: git's own children do not hear that we died, so the leader is told and ends them all (Linux)."""
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1

ASK_SECONDS = 10.0
ANSWER_BYTES = 1 << 20
LEAST = (2, 37)
"""The first git that is held to an address by `http.curloptResolve`; older ones ignore it."""
_VERSION = re.compile(rb"git version (\d{1,4})\.(\d{1,4})", re.ASCII)
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_STATUS = re.compile(r"the requested url returned error: (\d{3})", re.ASCII)
_ABSENT, _MOVED = {"401", "403", "404", "410"}, {"301", "302", "303", "307", "308"}
_ABSENT_WORDS = (
    "repository '' not found",
    "repository not found",
    "could not read username",
    "authentication failed",
)


def loopback_allowed() -> bool:
    """Return `SOURCES_ALLOW_LOOPBACK`, which is off: whether repositories may be on this machine, over http too."""
    return os.environ.get("SOURCES_ALLOW_LOOPBACK", "").lower() in {"1", "true", "yes"}


def environment(*, loopback: bool = False) -> dict[str, str]:
    """Return all that git is told of this machine."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http" if loopback else "https",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def options(url: str, *, loopback: bool = False) -> list[str]:
    """Return the options before the verb. Blocks: the host is resolved, and git is held to what was found.

    Raises Rejected for a host that is not of the public internet, or (no_git) where no git can be held to an address;
    Unavailable when the host cannot be resolved.
    """
    if lacking := _lacking(environment()["PATH"]):
        raise Rejected("Repositories cannot be loaded here", lacking, code="no_git")
    said = {
        "protocol.allow": "never",
        "protocol.https.allow": "always",
        "protocol.http.allow": "always" if loopback else "never",
        "credential.helper": "",
        "http.followRedirects": "false",
        "http.proxy": "",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "20",
        "http.curloptResolve": _held_to(url, loopback=loopback),
        "core.hooksPath": "/dev/null",
        "core.fsmonitor": "false",
        "core.symlinks": "false",
        "core.packedGitWindowSize": "32m",
        "core.packedGitLimit": "256m",  # a pack may be larger than the reader's memory
        "pack.threads": "1",
        "core.attributesFile": "/dev/null",
        "fetch.recurseSubmodules": "false",
        "submodule.recurse": "false",
        "fetch.unpackLimit": "1",  # one file, whose size is limited
        "gc.auto": "0",
        "maintenance.auto": "false",
    }
    return [part for name, value in said.items() for part in ("-c", f"{name}={value}")]


@functools.lru_cache(8)
def _lacking(path: str) -> str:
    """Return what is wrong with the git on this path, as a sentence; nothing when it can be used. Asked once."""
    least = ".".join(str(part) for part in LEAST)
    try:
        command, told = ["git", "--version"], {**environment(), "PATH": path}
        said = subprocess.run(command, env=told, capture_output=True, timeout=ASK_SECONDS, check=False).stdout
    except subprocess.TimeoutExpired as error:
        raise Unavailable("git does not say its version in time") from error
    except OSError:
        return f"There is no git on the service's machine: install git {least} or newer."
    found = _VERSION.match(said[:200])
    if found and (int(found[1]), int(found[2])) >= LEAST:
        return ""
    has = f"git {int(found[1])}.{int(found[2])}" if found else "a git of unknown version"
    return f"The service's machine has {has}: install git {least} or newer, and start the service again."


def _held_to(url: str, *, loopback: bool) -> str:
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or (443 if place.scheme == "https" else 80)
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except OSError as error:
        raise Unavailable(f"The host {host} cannot be found now") from error
    if not (are_public(found) or (loopback and all(is_loopback(one) for one in found))):
        raise Rejected(
            "The repository is not on the public internet",
            f"{host} is an address of a private network. Publish the repository, or upload a folder.",
            code="source_address",
        )
    return f"{host}:{port}:{','.join(f'[{one}]' if ':' in one else one for one in found)}"


def asking(address: GitAddress) -> list[str]:
    """Return the verb that asks a repository which commit its default or the wanted branch or tag is."""
    wanted = [] if address.commit else _names(address.ref)
    return ["ls-remote", "--quiet", "--symref", "--", address.url, "HEAD", *wanted]


def _names(ref: str) -> list[str]:
    return [f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}"] if ref else []


def answered(address: GitAddress, output: str) -> str:
    """Return the commit that a repository named; raises Rejected when there is none that can be taken."""
    if address.commit:
        return address.commit
    found: dict[str, str] = {}
    for line in output.splitlines():
        commit, _, name = line.partition("\t")
        if _OBJECT.fullmatch(commit):
            found.setdefault(name, commit)
    for name in _names(address.ref) or ["HEAD"]:
        if name in found:
            return _usable(address, found[name])
    what = f"no branch or tag of the name {address.ref}" if address.ref else "no commit yet"
    raise Rejected(f"{address.url}@{address.ref or 'HEAD'} was not found", f"The repository has {what}.", "not_found")


def _usable(address: GitAddress, commit: str) -> str:
    if len(commit) == 40:
        return commit
    detail = "It names its commits by SHA-256, which is not taken yet. Upload the folder instead."
    raise Rejected(f"{address.url} cannot be read", detail, code="source_unreadable")


def failed(named: str, url: str, said: str) -> Rejected | Unavailable:
    """Return what it means that git ended with these words on its standard error.

    `url` is what git was given: whatever stands in it means nothing.
    """
    words = said.replace(url.rstrip("/") + "/", "").replace(url, "").lower()
    found = _STATUS.search(words)
    status = found[1] if found else ""
    if status in _ABSENT or any(phrase in words for phrase in _ABSENT_WORDS):
        detail = "It does not exist, or it is not public. Check the address; a private repository can be uploaded."
        return Rejected(f"{named} was not found", detail, code="not_found")
    if status in _MOVED:
        return Rejected(f"{named} has moved", "Give the address that a browser ends at.", code="source_moved")
    return Unavailable(f"{named} does not answer as a repository")


def run(
    argv: Sequence[str], folder: Path, seconds: float, file_bytes: int, *, loopback: bool, output: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder; no file that it writes may be larger. `output` is a descriptor for its standard output.

    Nothing of git outlives this call, nor the thread that made it.
    Raises Rejected (too_demanding) when it takes too long, Unavailable when it cannot be started.
    """
    command = ["/bin/sh", "-c", _LAUNCHED, "git", *argv]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(loopback=loopback),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_limited(file_bytes, os.getpid()),  # noqa: PLW1509 - no other thread of ours there
        )
    except OSError as error:
        raise Unavailable(f"git cannot be started: {error.strerror}") from error
    with process:
        try:
            said, complaint = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            detail = f"It took longer than {seconds:.0f} s. Upload the folder instead."
            raise Rejected("The repository takes too long to fetch", detail, code="too_demanding") from error
        finally:
            end(process.pid)
    return subprocess.CompletedProcess(command, process.returncode, said, complaint)


def end(session: int) -> None:
    """End whatever is left of a git that was started in a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def _limited(file_bytes: int, parent: int) -> Callable[[], None]:
    def limit() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return limit
