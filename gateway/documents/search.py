"""Searches and their hits, in the shape of Elasticsearch."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class NewSearch(BaseModel):
    """A query of the part of Elasticsearch's language that is understood."""

    query: dict[str, Any] = Field(default_factory=dict)
    start: int = Field(0, alias="from", ge=0, le=10_000)
    size: int = Field(10, ge=0, le=100)


class Hit(BaseModel):
    """What was found, and how well it matches."""

    score: float = Field(alias="_score")
    source: dict[str, Any] = Field(alias="_source")


class HitList(BaseModel):
    """One page of hits, and how many there are in all."""

    total: int
    max_score: float | None
    hits: list[Hit]


class Found(BaseModel):
    """The answer to a search."""

    hits: HitList
