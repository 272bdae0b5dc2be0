"""Compendia, their files and metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from erc.gateway.documents.document import Document, NamedProblem
from erc.schemas.compendium import CompendiumStatus, Origin


class FileNode(Document):
    """A file of a tree."""

    path: str
    """Where it can be got."""
    name: str
    size: int
    """In bytes."""
    extension: str
    """In small letters, with the dot; empty when there is none."""
    type: str
    """Its media type."""


class FolderNode(Document):
    """A folder of a tree."""

    path: str
    name: str
    children: list[FolderNode | FileNode]
    size: int
    """Of all files in it, in bytes."""
    type: Literal["directory"]


class CompendiumDocument(Document):
    """A compendium: paper, code, data and environment."""

    id: str
    metadata: dict[str, Any]
    """By their kind: `raw` as found, `o2r` as shown, others as brokered."""
    created: datetime
    user: str
    """Public id of its owner."""
    bag: bool
    compendium: bool
    """Whether it came with an `erc.yml`."""
    substituted: bool
    status: CompendiumStatus
    """How far it has come in: jobs can be run when it is ready."""
    files: FolderNode | None = None
    filesMissing: Literal[True] | None = None  # noqa: N815 - the o2r service's word
    """Said when there are no files yet."""
    candidate: Literal[True] | None = None
    """Said until it is published."""
    published: datetime | None = None
    problem: NamedProblem | None = None
    """Why it was rejected."""
    origin: Origin | None = None
    """Where it came from, if that is known."""


class CompendiumId(Document):
    """The id of a compendium."""

    id: str


class Creation(Document):
    """What a compendium is made from: the file of a multipart form, or one of the remote sources."""

    compendium: bytes = Field(default=b"", description="The archive (zip, tar, tar.gz, tar.xz …).")
    content_type: Literal["compendium", "workspace"] = "workspace"
    source: str | None = None
    """`source://sha256:…` of an archive that you sent in pieces, or a repository: `https://HOST/OWNER/REPO@REF#FOLDER`."""
    share_url: str | None = None
    """Address of a public share (Sciebo) or a record (Zenodo)."""
    path: str | None = None
    """What of the share is meant; all of it by default."""
    doi: str | None = None
    """DOI of a Zenodo record."""
    zenodo_record_id: str | int | None = None
    filename: str | None = None
    """Which file of the record is meant."""


class SourceForm(Document):
    """A remote source that a compendium is loaded from; one of the three is needed."""

    content_type: Literal["compendium", "workspace"] = "workspace"
    share_url: str | None = None
    path: str | None = None
    doi: str | None = None
    zenodo_record_id: str | int | None = None
    filename: str | None = None


class Publication(Document):
    """A compendium that is public now."""

    id: str
    published: datetime | None
    snapshot: str
    """Address of what was public at that moment."""


class SnapshotJob(Document):
    """A job at the moment of the publication."""

    id: str
    user: str
    created: datetime
    status: str
    verdict: str | None
    sequence: int
    """Number of its last event before its public history."""
    repeats: str | None = None
    """The job that it repeats."""


class Snapshot(Document):
    """What was public at the moment of the publication."""

    id: str
    user: str
    created: datetime
    published: datetime
    status: str
    sequence: int
    """Number of the compendium's last event before its public history."""
    manifest: str | None
    metadata: dict[str, Any]
    jobs: list[SnapshotJob]
