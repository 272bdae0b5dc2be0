"""A shipment: a compendium packed for a recipient."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Digest, Id
from erc.schemas.problem import Problem


class ShipmentStatus(StrEnum):
    """The state of a shipment, in the reference's words."""

    TO_BE_SHIPPED = "to be shipped"
    SHIPPED = "shipped"
    PUBLISHED = "published"
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
    record: Digest | None = None
    """Blob of what is to be packed."""
    update_packaging: bool = False
    deposition_id: str | None = None
    deposition_url: str | None = None
    md: dict[str, Any] = Field(default_factory=dict)
    """What the sender said of the shipment."""
    created: datetime
    modified: datetime | None = None


class PackRecord(BaseModel):
    """What the shipper packs: the workspace's manifest, the image if wanted, and documents as texts by path."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    compendium_id: Id
    manifest: Digest
    image: Digest | None = None
    documents: dict[str, str]
    """Texts that go beside the workspace, by path within the bag's payload (`.erc/metadata_o2r_1.json`)."""
    left_out: list[str] = Field(default_factory=list)
    """Paths within the payload that are not packed."""
    contact_name: str = ""
    external_identifier: str = ""
