"""What every document of the web API is declared with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """A JSON object. Readers ignore fields that they do not know: more may come."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class ProblemDocument(Document):
    """What went wrong, as RFC 9457 says it; `error` is the text of the o2r service."""

    type: str
    """`urn:erc:problem:` and the code."""
    status: int
    """The status of the answer."""
    title: str
    """What is wrong, in a sentence."""
    detail: str
    """How it can be mended; may be empty."""
    code: str
    """A stable word for programs."""
    error: str
    """The same as `title`, where clients of the o2r service look for it."""


class Listing(Document):
    """A page of a list: ids, how many there are in all, and where to go on."""

    results: list[str]
    total: int | None = None
    """How many there are in all; above 1,000 as of some seconds ago."""
    next: str | None = None
    """The `cursor` of the next page; null at the end."""


class NamedProblem(Document):
    """A problem that belongs to a document: why a compendium was rejected, why a job failed."""

    code: str
    title: str
    detail: str = ""


Free = dict[str, Any]
"""An object whose fields are not said here."""

Start = Field(ge=1, description="Number of the first result, from 1.")
