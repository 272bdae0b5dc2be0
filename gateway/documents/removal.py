"""What was deleted and may come back."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class RemovedRow(BaseModel):
    """A published compendium that was deleted; `size` in bytes."""

    id: str
    title: str
    user: str
    deleted: datetime
    deleted_by: str
    size: int


class RemovedList(BaseModel):
    """A page of what was deleted, newest first; `next` is where the next page starts."""

    results: list[RemovedRow]
    total: int
    next: int | None


class RestoredView(BaseModel):
    """The id of what is public again."""

    id: str
