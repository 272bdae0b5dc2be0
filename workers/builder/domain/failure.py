"""Says why a build failed, in terms of what the author wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan
from erc.workers.builder.domain.packages import normalised

_APT_MISSING = re.compile(r"Unable to locate package ([a-z0-9][a-z0-9+.-]*)|Package '?([a-z0-9][a-z0-9+.-]*)'? has no")
_PIP_MISSING = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)")
_DISK_FULL = re.compile(r"no space left on device|You don't have enough free space", re.IGNORECASE)
_NETWORK = re.compile(
    r"Temporary failure resolving|Could not resolve|Could not connect to|Connection timed out|Connection failed|"
    r"Failed to establish a new connection|Max retries exceeded|Read timed out|Unable to connect to|"
    r"Failed to fetch|Some index files failed to download|NewConnectionError|NameResolutionError"
)
_KILLED = re.compile(r"returned a non-zero code: 137\b")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LAST_LINES = 8


def explain(message: str, tail: list[str], plan: Plan) -> Rejected | Unavailable:
    """Return the error for a failed build, from the engine's message and the last lines of its log.

    A full disk and an archive that does not answer are `Unavailable`: nothing that the author could mend.
    """
    said = _ANSI.sub("", "\n".join([*tail, message]))
    if _DISK_FULL.search(said):
        return Unavailable("The disk of the container engine is full. Remove images that nobody needs.")
    if missing := [first or second for first, second in _APT_MISSING.findall(said)]:
        # An archive that did not answer leaves apt without lists, and then every package is unknown to it.
        return _no_archive(said) or _missing(missing, "apt", plan)
    if missing := _PIP_MISSING.findall(said):
        return _no_archive(said) or _missing([normalised(name) for name in missing], "pip", plan)
    if _KILLED.search(message):
        return Rejected(
            "Building the environment needs too much memory",
            "Use fewer or smaller packages.",
            code="build_out_of_memory",
        )
    return _no_archive(said) or Rejected(
        "The environment could not be built",
        "The last lines of the log: " + " | ".join(said.splitlines()[-_LAST_LINES:]),
        code="build_failed",
    )


def _no_archive(said: str) -> Unavailable | None:
    found = _NETWORK.search(said)
    return Unavailable(f"An archive of packages does not answer ({found[0]})") if found else None


def _missing(names: Iterable[str], system: str, plan: Plan) -> Rejected:
    known = {package.name: package for package in plan.packages if package.system == system}
    sentences = []
    for name in dict.fromkeys(names):
        reason = f" It was asked for by {known[name].reason}." if name in known and known[name].reason else ""
        version = known[name].version if name in known else ""
        sentences.append(f"{_where(name, version, system, plan.suite)}{reason}")
    return Rejected(
        "A package is not available" if len(sentences) == 1 else "Some packages are not available",
        " ".join(sentences) + " Remove it from the code, or use one that is available.",
        code="package_not_found",
    )


def _where(name: str, version: str, system: str, suite: str) -> str:
    if system == "pip":
        return (
            f"PyPI has no ready-made package of {name}{version} for the Python of Debian {suite}; "
            "another version may have one."
        )
    match = re.fullmatch(r"r-(?:cran|bioc)-(.+)", name)
    return f"The R package {match[1]} is not in Debian {suite}." if match else f"{name} is not in Debian {suite}."
