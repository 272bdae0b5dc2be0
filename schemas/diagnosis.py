"""Why a build or a run failed, as far as its log tells, and how the author can mend it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Cause(StrEnum):
    """What was missing or wrong."""

    MISSING_PACKAGE = "missing_package"
    PACKAGE_NOT_FOUND = "package_not_found"
    """No archive has it under this name."""
    PACKAGE_VERSION = "package_version"
    PACKAGE_CONFLICT = "package_conflict"
    """Two packages ask for versions of a third that exclude each other."""
    HASH_MISMATCH = "hash_mismatch"
    SYSTEM_LIBRARY = "system_library"
    MISSING_PROGRAM = "missing_program"
    MISSING_FILE = "missing_file"
    ABSOLUTE_PATH = "absolute_path"
    NEEDS_NETWORK = "needs_network"
    OUT_OF_MEMORY = "out_of_memory"
    DISK = "disk"
    TIME = "time"
    LANGUAGE_VERSION = "language_version"
    PYTHON_2 = "python_2"
    REMOVED_FUNCTION = "removed_function"
    NOTEBOOK_ORDER = "notebook_order"
    DISPLAY = "display"
    ENCODING = "encoding"
    LICENCE_KEY = "licence_key"
    ACCELERATOR = "accelerator"
    PERMISSION = "permission"
    CODE = "code"
    """The code itself ends with an error that no environment would mend."""


class Edit(BaseModel):
    """A change of one file of the workspace that would mend the failure."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    patch: str
    """A unified diff against the workspace's file; a file that does not exist is diffed against `/dev/null`."""
    content: str
    """The whole text of the file after the change."""


class Diagnosis(BaseModel):
    """One explained failure."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cause: Cause
    subject: str = ""
    """What it is about: a package, a file, an address, a function."""
    sentence: str
    """What happened, in one sentence for the author."""
    advice: str = ""
    """What to do, in one sentence or two."""
    evidence: str
    """The line of the log that shows it, at most 500 characters."""
    evidence_line: int = Field(ge=1)
    """Its number among the lines of the log that was read, from 1."""
    path: str = ""
    """The author's file at that place, empty when the log names none."""
    line: int = 0
    """Line of that file, from 1; for a notebook the line within its cell."""
    cell: int = 0
    """Number of the notebook's cell as it was counted when it ran, from 1; 0 outside notebooks."""
    edits: list[Edit] = Field(default_factory=list)
    """Proposed changes of environment files, in the order of doing; empty when only the author can decide."""
