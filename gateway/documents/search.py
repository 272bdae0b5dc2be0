"""What a search finds, in the shape of the o2r service."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from erc.gateway.documents.document import Document


class NewSearch(Document):
    """A query of the part of Elasticsearch's language that is understood."""

    query: dict[str, Any] = Field(default_factory=dict)
    start: int = Field(0, alias="from", ge=0, le=10_000)
    size: int = Field(10, ge=0, le=100)


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
