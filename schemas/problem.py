"""What is told to a person when something cannot be done (RFC 9457)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.diagnosis import Diagnosis


class Problem(BaseModel):
    """A problem document: `title` says what is wrong, `detail` how the author can mend it.

    `code` is a stable word for programs; `type` in the served document derives from it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    title: str
    detail: str = ""
    diagnosis: Diagnosis | None = Field(default=None, exclude_if=lambda value: value is None)
    """What the log of a failed step tells; absent where it tells nothing."""

    def sentence(self) -> str:
        """Return title and detail as one text for a terminal or a page."""
        return f"{self.title}. {self.detail}" if self.detail else self.title
