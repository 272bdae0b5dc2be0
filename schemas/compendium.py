"""A compendium: paper, code, data and environment, owned by somebody, a candidate until it is published."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest, Id
from erc.schemas.problem import Problem


class CompendiumStatus(StrEnum):
    """How far the compendium has come in; the last two are terminal."""

    LOADING = "loading"
    DESCRIBING = "describing"
    READY = "ready"
    REJECTED = "rejected"


class SubstitutionFile(BaseModel):
    """A file of the base compendium and the file of the overlay that takes its place."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    base: str
    overlay: str
    filename: str
    """Where the overlay's file lies in the new compendium."""


class Substitution(BaseModel):
    """How a compendium was made from two others: the code of the base with data of the overlay."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    base: Id
    overlay: Id
    files: tuple[SubstitutionFile, ...]
    handling: str = "keepBase"


class Compendium(BaseModel):
    """A compendium as the gateway keeps it; `version` counts its transitions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    owner: str
    candidate: bool = True
    status: CompendiumStatus = CompendiumStatus.LOADING
    version: int = 0
    upload: Digest
    manifest: Digest | None = None
    description: Digest | None = None
    bag: bool = False
    compendium: bool = False
    """Whether it came with an `erc.yml`."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    revision: int = 1
    """Number of the last revision of the o2r metadata; the first is what was read from the files."""
    public_revision: int = 1
    """The revision that was published: those before it are a candidate's."""
    choice: Digest | None = None
    """The description by which a person chose another main file, while its code is still being read."""
    substitution: Substitution | None = None
    mends: Id | None = None
    """The compendium that this one was made from by accepting a proposed change."""
    size_bytes: int = 0
    """What a quota counts: the size of the upload, or of the files of a substitution."""
    problem: Problem | None = None
    created: datetime
    published: datetime | None = None
    snapshot: Digest | None = None
    """What was public at the moment of publication: the document that its public history begins with."""
