"""Search over the indexer's documents, in PostgreSQL's full text search; OpenSearch is a second adapter to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import text

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal


@dataclass(frozen=True)
class Hits:
    """One page of a search: how many there are in all, the best score, and the documents with their scores."""

    total: int
    max_score: float | None
    documents: list[tuple[float, dict[str, Any]]]


class Search(Protocol):
    """Finds compendia by words; shows a principal only what it may see."""

    async def find(self, words: str, principal: Principal, start: int, limit: int) -> Hits:
        """Return the best matches; `start` counts from 1."""
        ...


class PostgresSearch:
    """`websearch_to_tsquery` over `search_document`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, words: str, principal: Principal, start: int, limit: int) -> Hits:
        rows = await self._database.rows(
            _FIND,
            {
                "words": words,
                "name": principal.name,
                "all": principal.level >= EDITOR,
                "start": max(start, 1) - 1,
                "limit": limit,
            },
        )
        found = [(float(row["score"]), row["document"]) for row in rows]
        return Hits(
            total=int(rows[0]["total"]) if rows else 0,
            max_score=max((score for score, _ in found), default=None),
            documents=found,
        )


_FIND = text(
    "SELECT document, ts_rank(words, query) AS score, count(*) OVER () AS total "
    "FROM search_document, websearch_to_tsquery('english', :words) AS query "
    "WHERE words @@ query AND (NOT candidate OR owner = :name OR :all) "
    "ORDER BY score DESC, compendium_id DESC OFFSET :start LIMIT :limit"
)
