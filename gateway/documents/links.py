"""Public links."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from erc.gateway.documents.document import Document


class LinkDocument(Document):
    """A public link: its id stands for the compendium's in the addresses that it opens."""

    id: str = Field(examples=["lSaOCqxmNEO8Og42a0ONVRYUVoDWeBLr"])
    compendium_id: str
    compendium: str
    """The same once more, under the name that the o2r service gives it in its first answer."""
    user: str
    """Who made it."""
    created: datetime
    expires: datetime | None = None


class LinkList(Document):
    """Public links, newest first."""

    results: list[LinkDocument]
