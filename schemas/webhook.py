"""A webhook: an address that somebody wants events to be sent to."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from erc.schemas.ids import Id


class Webhook(BaseModel):
    """A webhook as the gateway keeps it. Empty filters let every event through that its owner may see."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    owner: str
    address: str
    secret: str = Field(repr=False)
    """Key of the signatures, as Standard Webhooks writes it: `whsec_` and base64."""
    types: tuple[str, ...] = ()
    compendium: str = ""
    after: int = 0
    """It begins with the first event behind this position."""
    created: datetime
