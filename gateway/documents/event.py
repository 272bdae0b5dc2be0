"""Pages of the event log."""

from __future__ import annotations

from typing import Any

from erc.gateway.documents.document import Document


class EventPage(Document):
    """Events in the order of their publication; the AsyncAPI document describes them."""

    events: list[dict[str, Any]]
    next: str
    """The cursor to go on from."""
    more: bool
    """Whether there was more when this was read."""
