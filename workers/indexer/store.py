"""Reads compendia, writes search documents."""

from __future__ import annotations

from sqlalchemy import delete, func, select, text, update

from erc.events.outbox import Database
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.workers.indexer.domain import SearchDocument

_UPSERT = text(
    "INSERT INTO search_document (compendium_id, version, owner, candidate, document, words) "
    "SELECT :id, cast(:version AS integer), :owner, cast(:candidate AS boolean), cast(:document AS jsonb), "
    "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('simple', :names), 'B') "
    "|| setweight(to_tsvector('english', :text), 'C') WHERE EXISTS (SELECT FROM compendium WHERE id = :id) "
    "ON CONFLICT (compendium_id) DO UPDATE SET version = excluded.version, owner = excluded.owner, "
    "candidate = excluded.candidate, document = excluded.document, words = excluded.words "
    "WHERE search_document.version < excluded.version OR (:again AND search_document.version = excluded.version)"
)
_FORGET_WRONG = text(
    "DELETE FROM search_document d WHERE NOT EXISTS (SELECT FROM compendium c WHERE c.id = d.compendium_id "
    "AND c.status = 'ready' AND c.version >= d.version)"
)
_PAGE = 100


class SearchDocuments:
    """The index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def compendium(self, identifier: str) -> Compendium | None:
        """Return the compendium as it is now, or None."""
        rows = await self._database.rows(
            select(tables.compendium.c.document).where(tables.compendium.c.id == identifier)
        )
        return Compendium.model_validate(rows[0]["document"]) if rows else None

    async def put(self, compendium: Compendium, found: SearchDocument, document: str, *, again: bool = False) -> None:
        """Write the search document unless a later version is there, or the same one and not `again`."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                _UPSERT,
                {
                    "id": compendium.id,
                    "version": compendium.version,
                    "owner": compendium.owner,
                    "candidate": compendium.candidate,
                    "document": document,
                    "title": found.title,
                    "names": found.names,
                    "text": found.text,
                    "again": again,
                },
            )

    async def remove(self, identifier: str) -> None:
        """Forget a compendium."""
        table = tables.search_document
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(table).where(table.c.compendium_id == identifier))

    async def identifiers(self, after: str) -> list[str]:
        """Return a page of the ids of compendia behind this one, in order."""
        column = tables.compendium.c.id
        rows = await self._database.rows(select(column).where(column > after).order_by(column).limit(_PAGE))
        return [row["id"] for row in rows]

    async def forget_wrong(self) -> int:
        """Remove what belongs to no compendium that is ready, or to a version that it never had; return how many."""
        async with self._database.transaction() as transaction:
            return await transaction.changed(_FORGET_WRONG)

    async def asked(self) -> list[str]:
        """Return the operations that ask for a rebuild and have not ended, oldest first."""
        table = tables.operation
        query = (
            select(table.c.id).where(table.c.action == "rebuild_index", table.c.ended.is_(None)).order_by(table.c.id)
        )
        return [row["id"] for row in await self._database.rows(query)]

    async def tell(self, operation: str, progress: dict[str, int], *, ended: bool) -> None:
        """Note how far a rebuild is."""
        table = tables.operation
        values = {"document": progress} | ({"ended": func.now()} if ended else {})
        async with self._database.transaction() as transaction:
            await transaction.changed(update(table).where(table.c.id == operation).values(**values))
