"""The question what environment a workspace needs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from erc.gateway.documents.document import Document

MOST_FILES = 50_000


class FileSeen(Document):
    """A file of a workspace: small files that describe the environment, and code, come with their text."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    size_bytes: Annotated[int, Field(ge=0, le=1 << 53)]
    text: str | None = None
    """What is in it; without it the file is known by its name alone."""


class PlanQuestion(Document):
    """The files of a workspace that is not sent."""

    files: Annotated[list[FileSeen], Field(min_length=1, max_length=MOST_FILES)]
