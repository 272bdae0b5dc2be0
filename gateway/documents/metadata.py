"""The o2r metadata and what is asked and answered about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from erc.gateway.documents.document import Document


def _texts(value: Any) -> Any:
    """Accept a text, a list of texts, or null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise PydanticCustomError("texts", "must be a text or a list of texts")


def _text_or_list(value: Any) -> Any:
    if isinstance(value, str | list):
        return value
    raise PydanticCustomError("text_or_list", "must be a text or a list")


Texts = Annotated[Any, AfterValidator(_texts), WithJsonSchema({"type": ["string", "array", "null"]})]
TextOrList = Annotated[Any, AfterValidator(_text_or_list), WithJsonSchema({"type": ["string", "array"]})]


class _Open(BaseModel):
    """A document that may have members beyond those that are named."""

    model_config = ConfigDict(extra="allow", strict=True)


class Creator(_Open):
    """An author."""

    name: str | None = None
    orcid: str | None = None
    affiliation: Texts = None


class Spatial(_Open):
    """Where: the whole, and each file that tells a place. GeoJSON, a box or its corners; kept as GeoJSON."""

    union: Any


class O2rMetadata(_Open):
    """The o2r metadata of a compendium; further members are kept."""

    access_right: Any = Field(description="`open`")
    creators: list[Creator] = Field(description="authors")
    description: str = Field(description="abstract")
    displayfile: str | None = Field(description="path of the file that shows the result")
    displayfile_candidates: list[Any] = Field(default_factory=list)
    mainfile: str = Field(description="path of the file that is run")
    mainfile_candidates: list[Any] = Field(default_factory=list)
    identifier: Any = Field(description="{doi, doiurl, reserveddoi}")
    title: str
    keywords: list[Any]
    communities: Any = Field(description='[{identifier: "o2r"}]')
    license: Any = Field(description="{text, data, code, metadata}")
    publication_date: str = Field(description="ISO date")
    publication_type: Any = Field(description="`other`")
    codefiles: list[Any] = Field(default_factory=list)
    inputfiles: list[Any] = Field(default_factory=list)
    depends: list[dict[str, Any]] = Field(default_factory=list, description="libraries")
    interaction: list[Any] = Field(default_factory=list)
    objectType: str = ""  # noqa: N815 - the name in the published schema
    version: str = ""
    softwarePaperCitation: str = ""  # noqa: N815
    paperLanguage: TextOrList = ""  # noqa: N815
    spatial: Spatial | None = None
    temporal: dict[str, Any] = Field(default_factory=dict, description="{begin, end}")


class MetadataBody(_Open):
    """What is put: the whole o2r metadata."""

    o2r: O2rMetadata


class MetadataPatch(_Open):
    """What is patched (RFC 7396): the members that change; null removes one."""

    o2r: dict[str, Any]


class O2rSection(Document):
    """The sections of the metadata that this address shows."""

    o2r: dict[str, Any]


class MetadataView(Document):
    """The metadata of a compendium and the number of their revision, which is also their ETag."""

    id: str
    metadata: O2rSection
    revision: int


class FaultView(Document):
    """What is wrong, and where in the o2r document (RFC 6901)."""

    pointer: str
    message: str


class ValidationView(Document):
    """What would come of saving: errors forbid it, warnings do not; `missing` are the required fields that lack."""

    valid: bool
    errors: list[FaultView]
    warnings: list[FaultView]
    missing: list[str]
    unmapped: dict[str, list[str]]
    """For each scheme the pointers of what it has no place for."""


class RevisionRow(Document):
    """A revision in a list: who wrote it, when, and which fields changed."""

    revision: int
    author: str
    created: datetime
    changed: list[str]


class RevisionList(Document):
    """A page of the history, newest first; `next` is the `cursor` of the next page."""

    results: list[RevisionRow]
    total: int | None
    next: str | None


class RevisionView(RevisionRow):
    """A revision with its document."""

    id: str
    metadata: O2rSection
