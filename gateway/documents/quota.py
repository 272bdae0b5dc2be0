"""What an account may have, and has."""

from __future__ import annotations

from erc.gateway.documents.document import Document


class Share(Document):
    """How much of a quota is used."""

    used: int
    limit: int | None
    """Null when there is no limit."""


class QuotaDocument(Document):
    """What the asker may have, and has."""

    candidates: Share
    """Compendia that are not published."""
    bytes: Share
    """Of all compendia."""
    jobs: Share
    """Jobs that have not ended."""
