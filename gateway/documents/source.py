"""Sources: archives that are sent in pieces."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from erc.gateway.documents.document import Document
from erc.schemas.ids import Digest


class SourceStart(Document):
    """The archive that is going to be sent."""

    digest: Digest
    """SHA-256 of all its bytes, 64 hexadecimal characters."""
    size: Annotated[int, Field(strict=True, ge=1)]
    """In bytes."""
    archive: Literal["tar", "tar.gz", "zip"] = "tar"


class SourceDocument(Document):
    """An archive that is there."""

    source: str
    """What a compendium is made from: `source://sha256:…`."""
    existed: bool
    """Whether you had sent it before."""


class SourceUploadDocument(Document):
    """An archive on its way."""

    upload: str
    offset: int
    """How many bytes have come: the next piece begins there."""
    size: int
    chunk: int
    """How many bytes a piece may have at most."""
    expires: datetime
    """When it is removed unless it is complete."""
