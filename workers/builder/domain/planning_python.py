"""The Python part of a plan: what files list and code imports, as requirements for pip."""

from __future__ import annotations

from pathlib import PurePosixPath

from erc.schemas.environment import Decision, Deviation, PlannedPackage
from erc.schemas.metadata import Dependency, Description, Kind
from erc.workers.builder.domain.detect.asked import Asked, Pip
from erc.workers.builder.domain.detect.code import Used
from erc.workers.builder.domain.detect.order import Collected
from erc.workers.builder.domain.packages import normalised, parse_requirement, python_requirement, same_as
from erc.workers.builder.domain.planning import Planned, apt, counted, place_of

_NOTEBOOK = ("nbconvert", "ipykernel")


def plan_python(planned: Planned, description: Description, collected: Collected, used: Used) -> None:
    """Add Python, the listed packages, and what the code imports beyond them."""
    pips = [pip for asked in collected.asked for pip in asked.pip]
    planned.packages.append(_python_itself(description, used, pips))
    if pips:
        path = collected.by_language.get("python", pips[0].path)
        choice = f"{counted(len(pips), 'Python package')} from {path}"
        planned.decisions.append(
            Decision(subject="packages", choice=choice, reason="They are listed there.", path=path)
        )
    locked = next((asked for asked in collected.asked if asked.complete and asked.pip), None)
    pips += _imported(planned, collected, used, pips, locked)
    tools = _tools(description, {pip.requirement.name for pip in pips})
    pips = _hashed(planned, [*pips, *tools], locked)
    planned.packages += [pip.planned() for pip in pips]
    planned.requirements = sorted({_line(pip) for pip in pips})
    if not planned.requirements and "RETICULATE_PYTHON" in planned.variables:
        planned.variables["RETICULATE_PYTHON"] = "/usr/bin/python3"


def _python_itself(description: Description, used: Used, pips: list[Pip]) -> PlannedPackage:
    if description.kind in {Kind.NOTEBOOK, Kind.PYTHON_SCRIPT}:
        return apt("python3", f"{description.main} is run by Python", description.main)
    places = [(pip.path, pip.line) for pip in pips] + [place_of(dependency) for dependency in used.of("python")]
    chunk = place_of(Dependency(name="", language="python", source=used.python_chunk or f"{description.main}:1"))
    path, line = next(iter(places), chunk)
    return apt("python3", "Python is used beside R", path, line)


def _line(pip: Pip) -> str:
    hashes = "".join(f" --hash={one}" for one in pip.hashes)
    return f"{pip.requirement.line}{hashes}"


def _imported(planned: Planned, collected: Collected, used: Used, pips: list[Pip], locked: Asked | None) -> list[Pip]:
    """Return what the code imports beyond the listed packages: neither Python's own nor a module of the workspace."""
    own, present = _own_modules(used), {pip.requirement.name for pip in pips}
    found: list[Pip] = []
    unlisted: list[str] = []
    for dependency in used.of("python"):
        if dependency.name in own or normalised(dependency.name) in present:
            continue
        requirement = python_requirement(dependency)
        if requirement is None or same_as(requirement.name) & present:
            continue
        present.add(requirement.name)
        if locked or "python" in collected.explicit:
            unlisted.append(dependency.name)
            continue
        path, line = place_of(dependency)
        source = f" in {dependency.source}" if dependency.source else ""
        found.append(Pip(requirement, path, line, f"import {dependency.name}{source}"))
    _say(planned, collected, found, unlisted, locked.path if locked else "erc.yml")
    return found


def _say(planned: Planned, collected: Collected, found: list[Pip], unlisted: list[str], path: str) -> None:
    if found:
        listed = collected.by_language.get("python")
        reason = f"{listed} does not list them." if listed else "No file lists them, so the code was read."
        choice = f"{counted(len(found), 'Python package')} from the code"
        first = found[0]
        planned.decisions.append(
            Decision(subject="packages", choice=choice, reason=reason, path=first.path, line=first.line)
        )
    if unlisted:
        names = ", ".join(unlisted[:10])
        planned.notes.append(f"The code imports {names}, which {path} does not list under this name.")


def _own_modules(used: Used) -> set[str]:
    paths = [PurePosixPath(path) for path in used.modules]
    return {path.stem for path in paths} | {path.parent.name for path in paths}


def _tools(description: Description, present: set[str]) -> list[Pip]:
    """Return what runs a notebook, as far as nobody lists it."""
    if description.kind is not Kind.NOTEBOOK:
        return []
    tools = (parse_requirement(name) for name in _NOTEBOOK if name not in present)
    return [Pip(tool, description.main, 1, f"runs {description.main}") for tool in tools if tool is not None]


def _hashed(planned: Planned, pips: list[Pip], locked: Asked | None) -> list[Pip]:
    """Return the packages with hashes when all have some, as pip wants all or none; without them it is said."""
    if all(pip.hashes for pip in pips) or not any(pip.hashes for pip in pips):
        return pips
    missing = ", ".join(pip.requirement.name for pip in pips if not pip.hashes)
    path = locked.path if locked else next(pip.path for pip in pips if pip.hashes)
    planned.deviations.append(
        Deviation(
            subject="hashes",
            wanted=f"the hashes of {path}",
            got="versions without hashes",
            reason=f"pip takes hashes of all packages or of none, and these have none: {missing[:200]}.",
            path=path,
        )
    )
    return [pip._replace(hashes=()) for pip in pips]
