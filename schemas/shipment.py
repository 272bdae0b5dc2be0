"""A shipment: a compendium packed for a recipient."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from erc.schemas.ids import Digest, Id
from erc.schemas.problem import Problem


class ShipmentStatus(StrEnum):
    """The state of a shipment, in the reference's words; the last two are terminal here."""

    TO_BE_SHIPPED = "to be shipped"
    SHIPPED = "shipped"
    ERROR = "error"


class Shipment(BaseModel):
    """A shipment as the gateway keeps it; `version` counts its transitions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    compendium_id: Id
    owner: str
    recipient: str = "download"
    status: ShipmentStatus = ShipmentStatus.TO_BE_SHIPPED
    version: int = 0
    package: Digest | None = None
    """Blob of the zip."""
    problem: Problem | None = None
    created: datetime


class PackRecord(BaseModel):
    """What the shipper packs: the workspace's manifest, the image if wanted, and documents as texts by path."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    compendium_id: Id
    manifest: Digest
    image: Digest | None = None
    documents: dict[str, str]
    """Texts that go beside the workspace, by path within the bag's payload (`.erc/metadata_o2r_1.json`)."""
    contact_name: str = ""
    external_identifier: str = ""
