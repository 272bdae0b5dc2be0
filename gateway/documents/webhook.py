"""Webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from erc.gateway.documents.document import Document


class WebhookStart(Document):
    """Where events are to be sent, and which."""

    address: str
    """Begins with https:// and names a host of the public internet."""
    types: tuple[str, ...] = ()
    """Types of events, such as `job.ended`; all by default."""
    compendium: str | None = None
    after: str | None = None
    """A cursor of the event log to begin behind; now by default."""


class WebhookDocument(Document):
    """A webhook."""

    id: str
    user: str
    address: str
    types: list[str]
    compendium: str | None
    created: datetime
    state: Literal["active", "failing", "disabled"]
    disabled: datetime | None
    position: str
    failures: int
    due: datetime | None
    deliveries: str
    secret: str | None = None
    """Key of the signatures; shown once, when the webhook is made."""


class WebhookList(Document):
    """The asker's webhooks, newest first."""

    results: list[WebhookDocument]


class TestAsked(Document):
    """Where the outcome of a test will be seen."""

    deliveries: str


class Delivery(Document):
    """An attempt to deliver an event."""

    made: datetime
    number: int
    outcome: str
    event: str | None


class Deliveries(Document):
    """The last attempts, newest first."""

    results: list[Delivery]
