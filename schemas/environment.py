"""The runtime environment: a plan that explains itself, and the image built from it."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest
from erc.schemas.metadata import Kind

BUILDER_VERSION = "3"
"""Part of every environment key: raised when the same plan would give another image."""


class PlannedPackage(BaseModel):
    """A package of the plan: what, from where, why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    """Name in its own system (`r-cran-ggplot2`, `numpy`)."""
    system: str
    """`apt` or `pip`."""
    version: str = ""
    """Specifier as the author wrote it, empty when any version will do."""
    reason: str = ""
    """One phrase: `library(ggplot2) in main.Rmd:12`."""
    path: str = ""
    """The file of the workspace that asks for it, empty when the service does."""
    line: int = 0
    """Line of that file, from 1; 0 when the whole file asks for it."""
    hashes: list[str] = Field(default_factory=list)
    """Allowed digests of the package's files, `sha256:…`, when a lock file states them."""
    source: bool = False
    """Whether pip may build it from its source (an sdist); else only a ready-made wheel will do."""


class Decision(BaseModel):
    """One step of the way to a plan: what was decided, for which reason, by which line of which file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: str
    """What was decided: `base`, `python`, `r`, `date`, `packages`, `file` (read, or left aside)."""
    choice: str
    """What it came to: `bookworm`, `3.11`, `requirements.txt is read`."""
    reason: str
    path: str = ""
    line: int = 0


class Deviation(BaseModel):
    """Something that was asked for and cannot be had exactly; never silent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: str
    """`R`, `Python`, or a package's name."""
    wanted: str
    got: str
    """What the environment has instead, or `the suite's own version`."""
    reason: str
    path: str = ""
    line: int = 0


class Script(BaseModel):
    """A file of the workspace that is run, without network, while the environment is built (`postBuild`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    digest: Digest
    reason: str = ""


class Plan(BaseModel):
    """What environment a workspace needs and why. Pure data; its key decides whether anything is built."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Kind
    distribution: str = "debian"
    """`debian` or `ubuntu`."""
    suite: str = "bookworm"
    image: str = ""
    """A base image of a registry by digest, where a Dockerfile or setting names one; else the suite is made here."""
    python: str = ""
    """Minor version of the suite's Python, `3.11`; empty when the run needs none."""
    r: str = ""
    """Version of the suite's R, `4.2.2`; empty when the run needs none."""
    date: str = ""
    """ISO day at which the environment stands, when the workspace tells one."""
    packages: list[PlannedPackage] = Field(default_factory=list)
    requirements: str = ""
    """Text of the pip requirements handed to the build, empty when none; with `--hash` where all are locked."""
    scripts: list[Script] = Field(default_factory=list)
    variables: dict[str, str] = Field(default_factory=dict)
    """Environment variables of build and run."""
    command: list[str]
    """What the container runs in `/erc`, an argument list; file names are arguments, never part of code."""
    decisions: list[Decision] = Field(default_factory=list)
    """How the plan came about, in the order of deciding."""
    deviations: list[Deviation] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    """Hints for the author."""

    def key(self, base: str, platform: str) -> str:
        """Return the environment key: equal keys mean an equal environment, and no second build.

        `base` is the digest of the base image, `platform` such as `linux/amd64`. Neither the command nor the
        reasons are part of it: editing a script costs no build.
        """
        essence = {
            "base": base,
            "builder": BUILDER_VERSION,
            "platform": platform,
            "suite": f"{self.distribution} {self.suite}",
            "image": self.image,
            "date": self.date,
            "packages": sorted([package.system, package.name, package.version] for package in self.packages),
            "sources": sorted(package.name for package in self.packages if package.source),
            "requirements": self.requirements,
            "scripts": [[script.path, script.digest] for script in self.scripts],
            "variables": sorted(self.variables.items()),
        }
        return hashlib.sha256(json.dumps(essence, sort_keys=True).encode()).hexdigest()
