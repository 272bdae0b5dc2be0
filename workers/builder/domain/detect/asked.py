"""What one file asks for, in one form for all files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from erc.events.errors import Rejected
from erc.schemas.environment import Decision, Deviation, PlannedPackage, Script
from erc.workers.builder.domain.needs import SOURCES
from erc.workers.builder.domain.packages import Requirement
from erc.workers.builder.domain.suites import Wish

MAX_NOTES = 20
"""Notes of one file; what is left out after that is counted in one more."""


class Pip(NamedTuple):
    """A Python package for pip, and where it was asked for. `hashes` are `sha256:…`."""

    requirement: Requirement
    path: str
    line: int
    reason: str
    hashes: tuple[str, ...] = ()

    def planned(self) -> PlannedPackage:
        """Return it as a package of the plan."""
        return PlannedPackage(
            name=self.requirement.name,
            system="pip",
            version=self.requirement.version,
            reason=self.reason,
            path=self.path,
            line=self.line,
            hashes=list(self.hashes),
            source=self.requirement.name in SOURCES,
        )


class RNeed(NamedTuple):
    """An R package by its own name, the version that is wanted of it, and where."""

    name: str
    version: str
    path: str
    line: int
    reason: str


@dataclass
class Asked:
    """What one file asks for; what it says nothing of is None or empty."""

    path: str
    suite: Wish | None = None
    python: Wish | None = None
    r: Wish | None = None
    date: Wish | None = None
    image: str = ""
    apt: list[PlannedPackage] = field(default_factory=list)
    pip: list[Pip] = field(default_factory=list)
    r_packages: list[RNeed] = field(default_factory=list)
    r_versions: dict[str, Wish] = field(default_factory=dict)
    """Versions of R packages that were used, by name; they ask for no package by themselves."""
    own_r: str = ""
    """The R package that the workspace itself is."""
    speaks: set[str] = field(default_factory=set)
    """Of which languages (`python`, `r`) it lists the packages, if only that there are none."""
    scripts: list[Script] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = False
    """Whether nothing may be added to its Python packages, as a lock file lists all of them."""
    left_out: int = 0

    def note(self, sentence: str) -> None:
        """Keep a hint for the author; after some, only their number."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(sentence)
        else:
            self.left_out += 1

    def all_notes(self) -> list[str]:
        """Return the hints, with one that counts those that were not kept."""
        more = [f"{self.path}: {self.left_out} more hints of this kind are not shown."] if self.left_out else []
        return [*self.notes, *more]


def refused(path: str, line: int, what: str, mend: str = "", code: str = "environment_file_invalid") -> Rejected:
    """Return the refusal of a file, with the line at fault."""
    place = f"{path}:{line}" if line else path
    return Rejected(f"{path.rpartition('/')[2]} cannot be used", f"{place}: {what}.{' ' if mend else ''}{mend}", code)


def shown(text: str) -> str:
    """Return an author's words for a sentence: one printable line of bounded length in quotation marks."""
    clean = "".join(character if character.isprintable() else "�" for character in text[:80])
    return f"“{clean}{'…' if len(text) > 80 else ''}”"
