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
    problem: Problem | None = None
    created: datetime
    published: datetime | None = None
    snapshot: Digest | None = None
    """What was public at the moment of publication: the document that its public history begins with."""
