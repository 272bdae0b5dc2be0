"""Search over the indexer's documents and the jobs, in PostgreSQL; OpenSearch is a second adapter to come.

Whether somebody may see a hit is asked of the compendium as it is now, never of the index.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Float, Select, cast, func, literal, or_, select, true, union_all

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.searching import COMPENDIA, JOBS, Everything, Query, Search, Words
from erc.gateway.store.matching import compendium_matches, job_matches, rank, words_in
from erc.schemas import tables


@dataclass(frozen=True)
class Hits:
    """One page of a search: how many there are in all, the best score, and the documents with their scores."""

    total: int
    max_score: float | None
    documents: list[tuple[float, dict[str, Any]]]


class SearchEngine(Protocol):
    """Finds compendia and jobs; shows a principal only what it may see."""

    async def find(self, search: Search, principal: Principal) -> Hits:
        """Return the best matches."""
        ...


class PostgresSearch:
    """Full text search over `search_document`; jobs are found by their states, verdicts and ids."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, search: Search, principal: Principal) -> Hits:
        sources = [source(search.query, principal) for kind, source in _SOURCES.items() if kind in search.kinds]
        if not sources:
            return Hits(0, None, [])
        found = union_all(*sources).subquery()
        query = select(found, func.count().over().label("total"), func.max(found.c.score).over().label("best"))
        rows = await self._database.rows(
            query.order_by(found.c.score.desc(), found.c.id.desc()).offset(search.start - 1).limit(max(search.limit, 1))
        )
        if not rows and search.start > 1:
            first = await self.find(replace(search, start=1, limit=1), principal)
            return replace(first, documents=[])
        documents = [(float(row["score"]), row["document"]) for row in rows[: search.limit]]
        return Hits(int(rows[0]["total"]), float(rows[0]["best"]), documents) if rows else Hits(0, None, [])


def by_words(words: str, start: int, limit: int) -> Search:
    """Return the search of compendia by words."""
    query: Query = Everything() if words == "*" else Words(words)
    return Search(query, frozenset({COMPENDIA}), start, limit)


def _visible(principal: Principal) -> ColumnElement[bool]:
    compendium = tables.compendium
    if principal.level >= EDITOR:
        return true()
    return or_(~compendium.c.candidate, compendium.c.owner == principal.name)


def _compendia(query: Query, principal: Principal) -> Select[Any]:
    document, compendium = tables.search_document, tables.compendium
    joined = document.join(compendium, compendium.c.id == document.c.compendium_id)
    columns = (document.c.compendium_id.label("id"), document.c.document.label("document"))
    matching = select(*columns, rank(words_in(query)).label("score")).select_from(joined)
    return matching.where(_visible(principal), compendium_matches(query))


def _jobs(query: Query, principal: Principal) -> Select[Any]:
    job, compendium = tables.job, tables.compendium
    joined = job.join(compendium, compendium.c.id == job.c.compendium_id)
    source = func.jsonb_build_object(
        *("job_id", job.c.id, "compendium_id", job.c.compendium_id, "status", job.c.status, "user", job.c.owner),
        *("verdict", job.c.document["verdict"], "reason", job.c.document["reason"]),
        *("created", job.c.document["created"], "ended", job.c.document["ended"]),
    )
    score = cast(literal(0.5 if words_in(query) else 1.0), Float).label("score")
    matching = select(job.c.id, source.label("document"), score).select_from(joined)
    return matching.where(_visible(principal), job.c.link.is_(None), job.c.repeats.is_(None), job_matches(query))


_SOURCES = {COMPENDIA: _compendia, JOBS: _jobs}
