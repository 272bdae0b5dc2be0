"""Files that say something about an environment without listing packages: `postBuild`, `start`, Julia's, Nix's."""

from __future__ import annotations

from erc.events.errors import Rejected
from erc.schemas.environment import Script
from erc.workers.builder.domain.detect.asked import Asked, refused
from erc.workers.builder.domain.detect.sources import Sources

_JULIA_USERS = frozenset({"JuliaCall", "JuliaConnectoR", "juliacall", "julia"})
_HINTS = {
    "start": "{path} is not run: there is no session to prepare. Set variables under environment in erc.yml.",
    "default.nix": "{path} is not read: environments are made of the distribution's and PyPI's packages.",
    "shell.nix": "{path} is not read: environments are made of the distribution's and PyPI's packages.",
    "flake.nix": "{path} is not read: environments are made of the distribution's and PyPI's packages.",
    "conda-lock.yml": "{path} is not read; environment.yml is.",
    "REQUIRE": "{path} is not read: Julia is not run by this service.",
}


def read_post_build(sources: Sources, path: str) -> Asked:
    """Return the script that is run, without network, at the end of a build."""
    asked, entry = Asked(path), sources.entry(path)
    if not sources.text(path).startswith("#!"):
        raise refused(path, 1, "it does not begin with `#!`", "Begin it with a line such as #!/bin/bash.")
    if entry:
        asked.scripts.append(Script(path=path, digest=entry.digest, reason=f"{path} is run at the end of the build"))
        asked.note(f"{path} is run without network: what it would download must be in the workspace.")
    return asked


def hint_of(_sources: Sources, path: str) -> Asked:
    """Return why a file of this name is not used."""
    asked = Asked(path)
    asked.note(_HINTS[path.rpartition("/")[2]].format(path=path))
    return asked


HINTED = tuple(_HINTS)


def read_julia_project(_sources: Sources, path: str) -> Asked:
    """Say that the packages of Julia are not installed."""
    asked = Asked(path)
    asked.note(f"{path} is not read: Julia is not run by this service.")
    return asked


def refuse_julia(path: str, used: set[str], place: str) -> None:
    """Raise Rejected when the code calls Julia, whose packages `path` lists."""
    if name := next(iter(sorted(used & _JULIA_USERS)), ""):
        raise Rejected(
            "The analysis needs Julia, which this service does not run",
            f"{path} lists packages of Julia, and {place or 'the code'} calls it through {name}. "
            "Save what Julia computes as a file of the workspace and read that file instead.",
            code="julia_unsupported",
        )
