"""What a name means next: whose it is, whether it is there already, and which generation comes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from erc.gateway.errors import Refused
from erc.schemas.compendium import Compendium, SourceKind
from erc.schemas.git_source import GitAddress, SourceError, parse_git
from erc.schemas.run import auto_name, shown_name


@dataclass(frozen=True)
class Named:
    """One generation of a name: a compendium and the job that runs it. `source` is what its owner wrote."""

    owner: str
    name: str
    version: str
    generation: int
    origin: str
    source: str
    entrypoint: str
    compendium_id: str
    job_id: str
    created: datetime


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a name for a compendium; `update` wants the name to be there, `force` replaces whatever is."""

    name: str
    version: str
    origin: str
    source: str
    entrypoint: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    update: bool = False
    force: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a name: who has it by its newest generation of any version, and what the version means now.

    `going` says whether the job of that goes on, `variables` what was set for it.
    """

    holder: str | None = None
    current: Named | None = None
    compendium: Compendium | None = None
    going: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def next_generation(wanted: Wanted, compendium: Compendium, known: Known) -> int | None:
    """Return the number of the new generation, from 1; None when the present one is the same and goes on.

    Raises Refused: 409 when the name is another origin's, when other content has it, when a newer source has come
    meanwhile; 404 for an update of what is not there.
    """
    current = known.current
    if known.holder is not None and known.holder != wanted.origin and not wanted.force:
        raise _taken(wanted, known.holder)
    if current is None:
        if wanted.update:
            raise Refused(404, "no run with this name", "Start it with: erc run", "no_run")
        return 1
    if wanted.force or wanted.update:
        if not wanted.force and compendium.id < current.compendium_id:
            raise _late(wanted, current)
        return current.generation + 1
    if not _same(wanted, compendium, known) or (known.going and known.variables != wanted.variables):
        raise _exists(wanted, current)
    return None if known.going else current.generation + 1


def origin_of(compendium: Compendium, said: str) -> str:
    """Return whose name it is: of a repository its address without the branch, else what was said."""
    origin = compendium.origin
    if origin is None or origin.kind is not SourceKind.GIT:
        return said
    try:
        return repository(parse_git(origin.source, loopback=True))
    except SourceError:
        return said


def repository(address: GitAddress) -> str:
    """Return the address of a repository and folder, whatever the branch: `https://HOST/OWNER/REPO#FOLDER`."""
    url = address.url.removesuffix(".git")
    return f"{url}#{address.folder}" if address.folder else url


def _same(wanted: Wanted, compendium: Compendium, known: Known) -> bool:
    before, current = known.compendium, known.current
    if before is None or current is None or current.entrypoint != wanted.entrypoint:
        return False
    if before.id == compendium.id:
        return True
    made = any(one.mends or one.substitution for one in (before, compendium))
    return before.upload == compendium.upload and not made


def _taken(wanted: Wanted, holder: str) -> Refused:
    free = auto_name(wanted.name, wanted.origin)
    detail = (
        f"It belongs to {holder}; this is {wanted.origin}. Give another one with --name, take {free} with "
        "--auto-name, or replace it with --force."
    )
    more = {"name": wanted.name, "origins": [holder, wanted.origin]}
    return Refused(409, f"The name {wanted.name} is taken", detail, "run_name_taken", more)


def _exists(wanted: Wanted, current: Named) -> Refused:
    shown = shown_name(wanted.name, wanted.version)
    detail = (
        f"Generation {current.generation} of it has other content, or goes on with other variables. Make this its next "
        f"one with: erc update; or give --force, or another version: --name {wanted.name}@VERSION."
    )
    more = {"name": wanted.name, "generation": current.generation}
    return Refused(409, f"The run {shown} exists already", detail, "run_exists", more)


def _late(wanted: Wanted, current: Named) -> Refused:
    shown = shown_name(wanted.name, wanted.version)
    detail = f"Generation {current.generation} was brought after this one. Nothing was changed."
    more = {"name": wanted.name, "generation": current.generation}
    return Refused(409, f"A newer source of {shown} has come meanwhile", detail, "run_superseded", more)
