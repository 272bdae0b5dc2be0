"""Shipments and their recipients."""

from __future__ import annotations

from datetime import datetime

from erc.gateway.documents.document import Document, NamedProblem
from erc.schemas.shipment import ShipmentStatus


class Recipient(Document):
    """Somewhere a compendium can be shipped to."""

    id: str
    label: str


class Recipients(Document):
    """Where compendia can be shipped to."""

    recipients: list[Recipient]


class ShipmentStart(Document):
    """What is to be shipped, and to whom."""

    compendium_id: str
    recipient: str = "download"
    image: bool | str = False
    """Whether the image of the newest job goes with it."""


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
    problem: NamedProblem | None = None


class ShipmentState(Document):
    """The state of a shipment."""

    id: str
    status: ShipmentStatus
