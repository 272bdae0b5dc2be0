"""The documents of named runs and of environments, as far as the command line reads them; enumerations are open."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.evidence import Drift
from erc.schemas.problem import Problem
from erc.schemas.run import shown_name


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RunDocument(_Document):
    """What a name means now."""

    name: str
    version: str
    generation: int
    user: str = ""
    origin: str = ""
    source: str = ""
    entrypoint: str = ""
    status: str
    compendium_id: str
    job_id: str
    variables: dict[str, str] = Field(default_factory=dict)
    content: str | None = None
    image: str | None = None
    verdict: str | None = None
    problem: Problem | None = None
    created: datetime | None = None
    updated: datetime | None = None

    @property
    def shown(self) -> str:
        """The name as people write it."""
        return shown_name(self.name, self.version)


class PurgedRun(_Document):
    """A name that was forgotten."""

    name: str
    version: str
    deleted: list[str] = Field(default_factory=list)
    kept: list[str] = Field(default_factory=list)


class RunList(_Document):
    """Named runs."""

    results: list[RunDocument] = Field(default_factory=list)


class BuildDocument(_Document):
    """The image that a `build://` name means."""

    build: str
    generation: int
    image: str
    job_id: str


class InstalledPackage(_Document):
    """A package in an image."""

    system: str
    name: str
    version: str


class EnvironmentDocument(_Document):
    """The environment of a job."""

    job_id: str
    sentence: str
    environment_key: str | None = None
    image: str | None = None
    base: str | None = None
    origin: str | None = None
    reproducible: bool | None = None
    drifts: list[Drift] = Field(default_factory=list)
    packages: list[InstalledPackage] = Field(default_factory=list)
