"""The runtime environment: a plan that explains itself, and the image built from it."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.metadata import Kind

BUILDER_VERSION = "1"
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


class Plan(BaseModel):
    """What environment a workspace needs and why. Pure data; its key decides whether anything is built."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Kind
    suite: str = "bookworm"
    packages: list[PlannedPackage] = Field(default_factory=list)
    requirements: str = ""
    """Text of the pip requirements handed to the build, empty when none."""
    command: list[str]
    """What the container runs in `/erc`, an argument list; file names are arguments, never part of code."""
    notes: list[str] = Field(default_factory=list)
    """Deviations and hints for the author."""

    def key(self, base: str, platform: str) -> str:
        """Return the environment key: equal keys mean an equal environment, and no second build.

        `base` is the digest of the base image, `platform` such as `linux/amd64`. Neither the command nor the
        reasons are part of it: editing a script costs no build.
        """
        essence = {
            "base": base,
            "builder": BUILDER_VERSION,
            "platform": platform,
            "suite": self.suite,
            "packages": sorted([package.system, package.name, package.version] for package in self.packages),
            "requirements": self.requirements,
        }
        return hashlib.sha256(json.dumps(essence, sort_keys=True).encode()).hexdigest()
