"""What a search finds, in the shape of the o2r service."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from erc.gateway.documents.document import Document


class Hit(Document):
    """A document that was found."""

    score: float | None = Field(alias="_score")
    source: dict[str, Any] = Field(alias="_source")


class HitList(Document):
    """A page of what was found."""

    total: int
    max_score: float | None
    hits: list[Hit]


class Found(Document):
    """What was found."""

    hits: HitList
