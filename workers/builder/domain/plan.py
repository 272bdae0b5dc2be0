"""Decides what environment a workspace needs, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from erc.events.errors import Rejected
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Dependency, Description, Kind
from erc.schemas.workspace import Manifest
from erc.workers.builder.domain.command import command
from erc.workers.builder.domain.packages import (
    Requirement,
    normalised,
    parse_requirement,
    python_requirement,
    r_package,
)
from erc.workers.builder.domain.requirements import Declared, read_requirements

SUITE = "bookworm"

_LATEX = ("texlive-latex-recommended", "texlive-fonts-recommended", "lmodern")
_NOTEBOOK = ("nbconvert", "ipykernel")
_NOT_READ = {
    "Dockerfile": "The Dockerfile of the workspace is kept but not used: the service writes its own.",
    "environment.yml": "environment.yml is not read; list Python packages in requirements.txt.",
    "Pipfile": "Pipfile is not read; list Python packages in requirements.txt.",
    "renv.lock": "renv.lock is not read: R packages have the versions of the distribution.",
}


def plan(description: Description, manifest: Manifest, read: Callable[[str], bytes]) -> Plan:
    """Return the environment for a described workspace; equal input gives an equal plan.

    `read` returns the bytes of a file of the manifest. Raises `Rejected` when the main file is not there, when a
    path leaves the workspace, or when a package has a name that cannot be one.
    """
    if description.main not in manifest:
        raise Rejected(
            "The main file is not in the workspace",
            f"{description.main} was named as main file. Add it, or name another one as `main` in erc.yml.",
            code="main_missing",
        )
    notes = [note for path, note in _NOT_READ.items() if path in manifest]
    if description.kind in {Kind.RMARKDOWN, Kind.R_SCRIPT}:
        packages = _r_packages(description)
        notes += [_any_version(package) for package in packages if package.version]
        requirements: list[str] = []
    else:
        declared, more = _declared(manifest, read)
        packages, requirements = _python_packages(description, manifest, declared)
        notes += more
    return Plan(
        kind=description.kind,
        suite=SUITE,
        packages=packages,
        requirements="".join(f"{line}\n" for line in requirements),
        command=command(description),
        notes=notes,
    )


def _any_version(package: PlannedPackage) -> str:
    return f"{package.name}: version {package.version} was asked for; the one of Debian {SUITE} is used."


def _r_packages(description: Description) -> list[PlannedPackage]:
    needed = [_apt("r-base-core", f"{description.main} is run by R")]
    if description.kind is Kind.RMARKDOWN:
        needed += [
            _apt("r-cran-rmarkdown", f"{description.main} is R Markdown"),
            _apt("pandoc", f"renders {description.main}"),
        ]
        if description.display.lower().endswith(".pdf"):
            needed += [_apt(name, f"{description.display} is typeset by LaTeX") for name in _LATEX]
    asked = (r_package(dependency) for dependency in _of_language(description, "r"))
    return _unique([*needed, *(package for package in asked if package is not None)])


def _apt(name: str, reason: str) -> PlannedPackage:
    return PlannedPackage(name=name, system="apt", reason=reason)


def _unique(packages: Iterable[PlannedPackage]) -> list[PlannedPackage]:
    """Keep the first of each name, ordered by system and name."""
    first: dict[tuple[str, str], PlannedPackage] = {}
    for package in packages:
        first.setdefault((package.system, package.name), package)
    return [first[key] for key in sorted(first)]


def _of_language(description: Description, language: str) -> list[Dependency]:
    return [dependency for dependency in description.dependencies if dependency.language.lower() == language]


def _declared(manifest: Manifest, read: Callable[[str], bytes]) -> tuple[list[Declared], list[str]]:
    if "requirements.txt" not in manifest:
        return [], []
    return read_requirements("requirements.txt", read("requirements.txt"))


def _python_packages(
    description: Description, manifest: Manifest, declared: list[Declared]
) -> tuple[list[PlannedPackage], list[str]]:
    wanted = [*declared, *_imported(description, manifest, {item.requirement.name for item in declared})]
    if description.kind is Kind.NOTEBOOK:
        present = {item.requirement.name for item in wanted}
        tools = (parse_requirement(name) for name in _NOTEBOOK if name not in present)
        wanted += [Declared(tool, f"runs {description.main}") for tool in tools if tool is not None]
    packages = [_apt("python3", f"{description.main} is run by Python")]
    packages += [_pip(item) for item in wanted]
    return _unique(packages), sorted({item.requirement.line for item in wanted})


def _imported(description: Description, manifest: Manifest, present: set[str]) -> list[Declared]:
    """What the code imports beyond the declared requirements: neither Python's own nor a module of the workspace."""
    own = _own_modules(manifest)
    found = []
    for dependency in _of_language(description, "python"):
        if dependency.name in own or normalised(dependency.name) in present:
            continue
        requirement = python_requirement(dependency)
        if requirement is not None and requirement.name not in present:
            source = f" in {dependency.source}" if dependency.source else ""
            found.append(Declared(requirement, f"import {dependency.name}{source}"))
            present = present | {requirement.name}
    return found


def _own_modules(manifest: Manifest) -> set[str]:
    paths = [PurePosixPath(entry.path) for entry in manifest.entries() if entry.path.endswith(".py")]
    return {path.stem for path in paths} | {path.parent.name for path in paths}


def _pip(item: Declared) -> PlannedPackage:
    requirement: Requirement = item.requirement
    return PlannedPackage(name=requirement.name, system="pip", version=requirement.version, reason=item.source)
