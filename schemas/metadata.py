"""What a workspace says about itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest


class Kind(StrEnum):
    """What the main file is, and so how it is run."""

    RMARKDOWN = "rmarkdown"
    R_SCRIPT = "r"
    NOTEBOOK = "notebook"
    PYTHON_SCRIPT = "python"


KINDS = {
    ".rmd": Kind.RMARKDOWN,
    ".rmarkdown": Kind.RMARKDOWN,
    ".ipynb": Kind.NOTEBOOK,
    ".r": Kind.R_SCRIPT,
    ".py": Kind.PYTHON_SCRIPT,
}
"""The kind of a main file by its suffix in lower case."""


def kind_of(path: str) -> Kind | None:
    """Return how a file is run, None when it cannot be a main file."""
    return KINDS.get(PurePosixPath(path).suffix.lower())


class Dependency(BaseModel):
    """A package that the code needs, and where that was read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    language: str
    """`r` or `python`."""
    version: str = ""
    """A version specifier as written (`==2.1`, `>=1`), empty when none was given."""
    source: str = ""
    """Path of the file that declares or uses it, with the line: `main.Rmd:12`."""


class Description(BaseModel):
    """The document that the metadata worker keeps as a blob: what to run, what to compare, and the metadata."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Kind
    main: str
    display: str
    """Path of the display file that a run makes; it is in the workspace only when the author published one."""
    outputs: list[str] = Field(default_factory=list)
    """Further published files that a run must make: those that `check` in `erc.yml` names by their paths."""
    erc_id: str = ""
    """The author's own id of the compendium (from `erc.yml`), else empty."""
    dependencies: list[Dependency] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    manifest: Digest
    choice: Digest | None = None
    """The description by which a person chose main and display, when this one was read after such a choice."""
    raw: dict[str, Any] = Field(default_factory=dict)
    """The raw document: everything found, under the reference's raw names."""
    o2r: dict[str, Any] = Field(default_factory=dict)
    """The o2r document, brokered from the raw one."""
