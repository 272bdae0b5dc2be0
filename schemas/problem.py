"""What is told to a person when something cannot be done (RFC 9457)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.diagnosis import Diagnosis


class FailedBuild(BaseModel):
    """Where the build of an environment failed: in which phase, at which line, and what was said last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phase: str
    """`base`, `system_packages`, `python_packages`, `assembly` or `scripts`; enumerations are open."""
    instruction: int = 0
    """Line of the runtime manifest (the generated Dockerfile), from 1; 0 when it was none of its lines."""
    path: str = ""
    """The file of the workspace that asked for what failed, empty when that is not known."""
    line: int = 0
    """Line of that file, from 1; 0 when the whole file asked for it."""
    log: list[str] = Field(default_factory=list)
    """The last lines of the build's log, at most 40."""


class Problem(BaseModel):
    """A problem document: `title` says what is wrong, `detail` how the author can mend it.

    `code` is a stable word for programs; `type` in the served document derives from it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    title: str
    detail: str = ""
    build: FailedBuild | None = Field(default=None, exclude_if=lambda build: build is None)
    """Where the build failed, for a build that did."""
    diagnosis: Diagnosis | None = Field(default=None, exclude_if=lambda value: value is None)
    """What the log of a failed step tells; absent where it tells nothing."""

    def sentence(self) -> str:
        """Return title and detail as one text for a terminal or a page."""
        return f"{self.title}. {self.detail}" if self.detail else self.title
