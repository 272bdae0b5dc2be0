"""Reads compendia, writes search documents."""

from __future__ import annotations

from sqlalchemy import delete, select, text

from erc.events.outbox import Database
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.workers.indexer.domain import SearchDocument

_UPSERT = text(
    "INSERT INTO search_document (compendium_id, version, owner, candidate, document, words) VALUES "
    "(:id, :version, :owner, :candidate, cast(:document AS jsonb), setweight(to_tsvector('english', :title), 'A') "
    "|| setweight(to_tsvector('simple', :names), 'B') || setweight(to_tsvector('english', :text), 'C')) "
    "ON CONFLICT (compendium_id) DO UPDATE SET version = excluded.version, owner = excluded.owner, "
    "candidate = excluded.candidate, document = excluded.document, words = excluded.words "
    "WHERE search_document.version < excluded.version"
)


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

    async def put(self, compendium: Compendium, found: SearchDocument, document: str) -> None:
        """Write the search document unless a later version is there; `document` is its JSON."""
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
                },
            )

    async def remove(self, identifier: str) -> None:
        """Forget a compendium."""
        table = tables.search_document
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(table).where(table.c.compendium_id == identifier))
