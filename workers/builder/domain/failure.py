"""Says why a build failed, in terms of what the author wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.problem import FailedBuild
from erc.workers.builder.domain.packages import normalised
from erc.workers.builder.domain.phases import Phase

TAIL_LINES = 40
"""How many of the last lines of a log a problem shows."""
PASSING = frozenset({"image_missing", "blob_missing", "build_timeout", "build_out_of_memory"})
"""Codes of failures that another try may not have: such an environment is not remembered as broken."""
_LINE_CHARACTERS = 300
_APT_MISSING = re.compile(r"Unable to locate package ([a-z0-9][a-z0-9+.-]*)|Package '?([a-z0-9][a-z0-9+.-]*)'? has no")
_APT_UNMET = re.compile(r"^ ([a-z0-9][a-z0-9+.-]{0,99}) : (?:Pre)?Depends:", re.MULTILINE)
_PIP_MISSING = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)")
_PIP_CONFLICT = re.compile(r"Cannot install ([^\n]{1,500}?) because these package versions have conflicting")
_PIP_UNLOCKED = re.compile(
    r"(?:all requirements must have their versions pinned with ==|Hashes are required in --require-hashes mode)"
    r"[^\n]{0,300}\n\s+([A-Za-z0-9._-]+)"
)
_PIP_CHANGED = re.compile(r"DO NOT MATCH THE HASHES[^\n]{0,500}\n\s+([A-Za-z0-9._-]+)")
_PIP_SOURCE = re.compile(r"(?:Failed building wheel for|Could not build wheels for|Failed to build) ([A-Za-z0-9._-]+)")
_DISK_FULL = re.compile(r"no space left on device|You don't have enough free space", re.IGNORECASE)
_NETWORK = re.compile(
    r"Temporary failure resolving|Could not resolve|Could not connect to|Connection timed out|Connection failed|"
    r"Failed to establish a new connection|Max retries exceeded|Read timed out|Unable to connect to|"
    r"Failed to fetch|Some index files failed to download|NewConnectionError|NameResolutionError|"
    r"\b(?:5\d\d Server|429 Client) Error|HTTP error (?:5\d\d|429)\b|[Cc]onnection (?:reset|aborted|broken)|"
    r"Hash Sum mismatch|IncompleteRead|SSLError|EOF occurred"
)
_KILLED = re.compile(r"returned a non-zero code: 137\b")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LAST_LINES = 8
_TITLES = {
    Phase.SYSTEM_PACKAGES: "The packages of the distribution could not be installed",
    Phase.PYTHON_PACKAGES: "The Python packages could not be installed",
}


@dataclass(frozen=True)
class Place:
    """Where a build was: its phase, and the line of the runtime manifest."""

    phase: Phase = Phase.ASSEMBLY
    instruction: int = 0


@dataclass(frozen=True)
class _Failure:
    """What was said, where, and about which plan."""

    tail: list[str]
    plan: Plan
    place: Place

    def rejected(self, title: str, detail: str, code: str, package: PlannedPackage | None = None) -> Rejected:
        build = located(self.place, self.tail, package.path if package else "", package.line if package else 0)
        return Rejected(title, detail, code, build)

    def package(self, name: str, system: str) -> PlannedPackage | None:
        """Return the package that was planned under this name."""
        wanted = normalised(name) if system == "pip" else name
        of_system = (package for package in self.plan.packages if package.system == system)
        return next((package for package in of_system if package.name == wanted), None)


def explain(message: str, tail: list[str], plan: Plan, place: Place | None = None) -> Rejected | Unavailable:
    """Return the error for a failed build, from the engine's message and the last lines of its log.

    A full disk and an archive that does not answer are `Unavailable`: nothing that the author could mend.
    """
    said = _ANSI.sub("", "\n".join([*tail, message]))
    failure = _Failure(tail, plan, place or Place())
    if _DISK_FULL.search(said):
        return Unavailable("The disk of the container engine is full. Remove images that nobody needs.")
    if missing := [first or second for first, second in _APT_MISSING.findall(said)]:
        # An archive that did not answer leaves apt without lists, and then every package is unknown to it.
        return _no_archive(said) or _missing(failure, missing, "apt")
    if missing := _PIP_MISSING.findall(said):
        return _no_archive(said) or _missing(failure, [normalised(name) for name in missing], "pip")
    if known := _by_pip(failure, said) or _by_apt(failure, said):
        return known
    if _KILLED.search(message):
        detail = "Use fewer or smaller packages."
        return failure.rejected("Building the environment needs too much memory", detail, "build_out_of_memory")
    return _no_archive(said) or _unexplained(failure, said)


def located(place: Place, tail: Iterable[str], path: str = "", line: int = 0) -> FailedBuild:
    """Return where a build failed, with the end of its log, which is cut to a bounded size."""
    lines = [_ANSI.sub("", one)[:_LINE_CHARACTERS] for one in tail]
    return FailedBuild(
        phase=place.phase.value, instruction=place.instruction, path=path, line=line, log=lines[-TAIL_LINES:]
    )


def script_failed(path: str, exit_code: int, tail: list[str]) -> Rejected:
    """Return the error for a script of the author's that did not end well."""
    last = " | ".join(tail[-_LAST_LINES:])
    return Rejected(
        f"{path} did not succeed",
        f"It ended with exit code {exit_code}. It runs without network and not as root, so what it needs has to be "
        f"among the packages. The last lines of its log: {last or 'none'}",
        "script_failed",
        located(Place(Phase.SCRIPTS), tail, path),
    )


def too_slow(limit: str, place: Place, tail: Iterable[str], path: str = "") -> Rejected:
    """Return the error for a build that was stopped after its time, `limit`; `path` is the script that went on."""
    return Rejected(
        "Building the environment took too long",
        f"{path or 'It'} was stopped after {limit}. "
        + ("Let it do less." if path else "Use fewer or smaller packages."),
        "build_timeout",
        located(place, tail, path),
    )


def floods(path: str, limit_bytes: int, tail: Iterable[str]) -> Rejected:
    """Return the error for a script that was stopped as it did not stop printing."""
    return Rejected(
        f"{path} prints too much",
        f"It was stopped after {limit_bytes >> 20} MiB. Print less, or write to a file.",
        "script_output_too_large",
        located(Place(Phase.SCRIPTS), tail, path),
    )


def _by_pip(failure: _Failure, said: str) -> Rejected | None:
    if match := _PIP_CONFLICT.search(said):
        names = [re.split(r"[=<>!~\[; ]", part)[0] for part in re.split(r",\s*|\s+and\s+", match[1]) if part]
        package = next(filter(None, (failure.package(name, "pip") for name in names)), None)
        detail = f"{match[1]} ask for versions of the same package that exclude each other. Loosen one of them."
        return failure.rejected("Some Python packages exclude each other", detail, "packages_conflict", package)
    if match := _PIP_CHANGED.search(said):
        detail = f"What the index has of {match[1]} is none of the files that the lock file allows. Lock it again."
        return failure.rejected(
            "A package is not the one that was locked", detail, "hash_mismatch", failure.package(match[1], "pip")
        )
    if match := _PIP_UNLOCKED.search(said):
        detail = f"{match[1]} is needed, and the lock file has no digest of it. Lock everything that is needed."
        return failure.rejected(
            "The lock file is not complete", detail, "lock_incomplete", failure.package(match[1], "pip")
        )
    if match := _PIP_SOURCE.search(said):
        detail = f"{match[1]} could not be built from its source. Choose a version that has a ready-made package."
        return failure.rejected(
            "A package could not be built", detail, "package_build_failed", failure.package(match[1], "pip")
        )
    return None


def _by_apt(failure: _Failure, said: str) -> Rejected | None:
    unmet = _APT_UNMET.findall(said)
    if not unmet:
        return None
    package = next(filter(None, (failure.package(name, "apt") for name in unmet)), None)
    detail = f"{', '.join(dict.fromkeys(unmet))} cannot be installed together with the others. Remove one of them."
    return failure.rejected("Some packages exclude each other", detail, "packages_conflict", package)


def _unexplained(failure: _Failure, said: str) -> Rejected:
    phase = failure.place.phase
    code = f"{phase}_failed" if phase in _TITLES else "build_failed"
    detail = "The last lines of the log: " + " | ".join(said.splitlines()[-_LAST_LINES:])
    return failure.rejected(_TITLES.get(phase, "The environment could not be built"), detail, code)


def _no_archive(said: str) -> Unavailable | None:
    found = _NETWORK.search(said)
    return Unavailable(f"An archive of packages does not answer ({found[0]})") if found else None


def _missing(failure: _Failure, names: Iterable[str], system: str) -> Rejected:
    sentences, first = [], None
    for name in dict.fromkeys(names):
        package = failure.package(name, system)
        first = first or package
        reason = f" It was asked for by {package.reason}." if package and package.reason else ""
        version = package.version if package else ""
        sentences.append(f"{_where(name, version, system, failure.plan)}{reason}")
    return failure.rejected(
        "A package is not available" if len(sentences) == 1 else "Some packages are not available",
        " ".join(sentences) + " Remove it from the code, or use one that is available.",
        "package_not_found",
        first,
    )


def _where(name: str, version: str, system: str, plan: Plan) -> str:
    suite = f"{plan.distribution.capitalize()} {plan.suite}"
    if system == "pip":
        return (
            f"PyPI has no ready-made package of {name}{version} for the Python of {suite}; "
            "another version may have one."
        )
    match = re.fullmatch(r"r-(?:cran|bioc)-(.+)", name)
    return f"The R package {match[1]} is not in {suite}." if match else f"{name} is not in {suite}."
