"""Shipments and their recipients."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from erc.gateway.documents.document import Document, NamedProblem
from erc.gateway.identifiers import is_text
from erc.schemas.shipment import ShipmentStatus

MD_CHARACTERS = 64 << 10


class Recipient(Document):
    """Somewhere a compendium can be shipped to."""

    id: str
    label: str


class Recipients(Document):
    """Where compendia can be shipped to."""

    recipients: list[Recipient]


class NewShipment(Document):
    """What to ship, and how."""

    compendium_id: str
    recipient: str = "download"
    update_packaging: bool = False
    """Whether packaging that is there may be written anew. The service always packs anew, from a copy."""
    image: bool = False
    """Whether the saved image of the environment is packed too."""
    shipment_id: str = Field("", alias="_id")
    """An own id, used when it has the form of the service's: 26 lower-case letters and digits."""
    deposition_id: str | None = Field(None, max_length=200)
    deposition_url: str | None = Field(None, max_length=2000, pattern=r"^https?://[!-~]+$")
    md: dict[str, Any] = Field(default_factory=dict)
    cookie: str = ""
    """Read by nobody: the session is the header's."""

    @field_validator("md", mode="before")
    @classmethod
    def _md(cls, given: Any) -> Any:
        """Read what a form holds as JSON; what cannot be kept is refused."""
        try:
            document = json.loads(given or "{}") if isinstance(given, str) else given
            text = json.dumps(document, allow_nan=False, ensure_ascii=False)
        except RecursionError as error:
            raise ValueError("it is too deep") from error
        if len(text) > MD_CHARACTERS or not is_text(text) or "\\u0000" in json.dumps(document):
            raise ValueError(f"it is JSON of at most {MD_CHARACTERS} characters without NUL")
        return document

    @field_validator("deposition_id")
    @classmethod
    def _plain(cls, given: str | None) -> str | None:
        if given is not None and not is_text(given):
            raise ValueError("it is a text without NUL")
        return given


class ShipmentDocument(Document):
    """A shipment."""

    id: str
    compendium_id: str
    recipient: str
    deposition_id: str | None
    deposition_url: str | None
    update_packaging: str
    last_modified: datetime
    user: str
    status: ShipmentStatus
    md: dict[str, Any]
    """What the sender said of it."""
    problem: NamedProblem | None = None


class ShipmentState(Document):
    """The state of a shipment."""

    id: str
    status: ShipmentStatus


class ShippedFile(Document):
    """A file of the packed bag."""

    id: str
    filename: str
    filesize: int
    checksum: str | None
    """SHA-256, hexadecimal."""
    links: dict[str, str]


class ShippedFiles(Document):
    """The files of the packed bag."""

    files: list[ShippedFile]
