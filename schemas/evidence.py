"""What the build of an environment leaves behind for those who want to know what was built, how, and from what."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest


class Origin(StrEnum):
    """Where an image came from, and so how much is known of its making."""

    BUILT = "built"
    """This installation built it from the plan."""
    FOUND = "found"
    """The engine had it under the name of its key, and this installation does not know who built it."""
    BROUGHT = "brought"
    """The compendium brought it (`image.tar`): only what it says itself is known."""


class Drift(BaseModel):
    """One thing of an environment: what was wanted, what was built, and what its suite had at that time."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    system: str
    """`apt`, `pip`, `r` (packages of R), `python` or `R` (the languages themselves), or `base`."""
    name: str
    wanted: str = ""
    """Version or specifier as it was asked for, empty when any would do."""
    built: str = ""
    """Version in the image, empty when it is not there."""
    current: str = ""
    """Version that the base's suite had when it was last asked, empty when it is not known."""
    met: bool
    """Whether the image has what was wanted."""
    reason: str = ""
    """Why it deviates or is there: of the plan."""
    path: str = ""
    line: int = 0


class DriftReport(BaseModel):
    """How an environment differs from what was asked for: deviations of the plan and everything that was planned."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    environment_key: str
    suite: str
    """Distribution and suite: `debian bookworm`."""
    drifts: list[Drift] = Field(default_factory=list)
    """What is not met first, then by system and name."""


class Reproducibility(BaseModel):
    """What came of building the same plan once more from nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reproducible: bool
    """Whether packages and the content, kind and mode of every file are equal; times of files are left aside."""
    layers: bool
    """Whether even the digests of all layers are equal."""
    packages: list[str] = Field(default_factory=list)
    """Packages that only one of the two has, as `+` or `-` with system, name and version."""
    paths: list[str] = Field(default_factory=list)
    """Paths that differ, at most 1000 of them."""
    differing: int = 0
    """How many paths differ."""


class Evidence(BaseModel):
    """The index of an environment's evidence; every digest is a blob."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    environment_key: str
    image_id: str
    origin: Origin = Origin.BUILT
    base: str
    """Id of the base image; empty where it is not known."""
    base_name: str = ""
    """The name under which it is remembered."""
    packages: Digest
    """Package list of the image, CycloneDX 1.6 JSON."""
    provenance: Digest
    """SLSA v1 provenance, an in-toto statement, not signed."""
    drift: Digest
    """A `DriftReport`."""
    reproducibility: Digest | None = None
    """A `Reproducibility`, where it was tried."""
    reproducible: bool | None = None
