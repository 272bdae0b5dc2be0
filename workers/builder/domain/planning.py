"""What the parts of a plan have in common: packages, and the reasons for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from erc.schemas.environment import Decision, Deviation, PlannedPackage
from erc.schemas.metadata import Dependency


@dataclass
class Planned:
    """The parts of a plan while it is made."""

    packages: list[PlannedPackage] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def apt(name: str, reason: str, path: str, line: int = 1) -> PlannedPackage:
    """Return a package of the distribution that a file needs without naming it; its first line stands for all of it."""
    return PlannedPackage(name=name, system="apt", reason=reason, path=path, line=line)


def unique(packages: Iterable[PlannedPackage]) -> list[PlannedPackage]:
    """Keep the first of each name, ordered by system and name."""
    first: dict[tuple[str, str], PlannedPackage] = {}
    for package in packages:
        first.setdefault((package.system, package.name), package)
    return [first[key] for key in sorted(first)]


def counted(number: int, noun: str) -> str:
    """Return `1 R package` or `3 R packages`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def place_of(dependency: Dependency) -> tuple[str, int]:
    """Return the file and line of a dependency's source, `main.Rmd:12`; line 0 where it is a cell's number."""
    path, _, number = dependency.source.rpartition(":")
    if re.fullmatch(r"[0-9]{1,9}", number):
        return path, int(number)
    return (path, 0) if number.startswith("cell ") else (dependency.source, 0)
