"""What was deleted and may come back."""

from __future__ import annotations

from datetime import datetime

from erc.gateway.documents.document import Document


class RemovedRow(Document):
    """A published compendium that was deleted; `size` in bytes."""

    id: str
    title: str
    user: str
    deleted: datetime
    deleted_by: str
    size: int


class RemovedList(Document):
    """A page of what was deleted, newest first; `next` is the `cursor` of the next page."""

    results: list[RemovedRow]
    total: int | None
    next: str | None


class RestoredView(Document):
    """The id of what is public again."""

    id: str
