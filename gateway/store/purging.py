"""The end of a name: which compendia only it holds, and the name with all its generations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, text

from erc.events.outbox import Database
from erc.gateway.runs.deciding import Named
from erc.schemas import tables

_HELD = text(
    "WITH mine AS (SELECT compendium_id, job_id FROM run WHERE owner = :owner AND name = :name "
    "AND version = :version AND generation <= :generation) "
    "SELECT id, id IN (SELECT id FROM compendium AS this WHERE candidate AND owner = :owner "
    "AND NOT EXISTS (SELECT FROM run WHERE run.compendium_id = this.id "
    "AND (run.owner, run.name, run.version) <> (:owner, :name, :version)) "
    "AND NOT EXISTS (SELECT FROM run WHERE run.compendium_id = this.id AND run.owner = :owner "
    "AND run.name = :name AND run.version = :version AND run.generation > :generation) "
    "AND NOT EXISTS (SELECT FROM link WHERE link.compendium_id = this.id) "
    "AND NOT EXISTS (SELECT FROM shipment WHERE shipment.compendium_id = this.id) "
    "AND NOT EXISTS (SELECT FROM job WHERE job.compendium_id = this.id AND job.id NOT IN (SELECT job_id FROM mine) "
    "AND COALESCE(job.document->'repeat'->>'of', '') NOT IN (SELECT job_id FROM mine))) AS alone "
    "FROM compendium WHERE id IN (SELECT compendium_id FROM mine) ORDER BY id"
)
"""The compendia of a name's generations, and whether nothing else holds them: no other name, link, shipment or job."""


class Purging:
    """Ends names. What came after the generation that was seen is never touched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def held(self, named: Named) -> tuple[Sequence[str], Sequence[str]]:
        """Return the ids of the compendia that only this name holds, up to this generation, and of its others."""
        rows = await self._database.rows(_HELD, _about(named))
        return [row["id"] for row in rows if row["alone"]], [row["id"] for row in rows if not row["alone"]]

    async def forget(self, named: Named) -> None:
        """Forget a name up to this generation; it may be forgotten already."""
        run = tables.run
        this = (run.c.owner == named.owner, run.c.name == named.name, run.c.version == named.version)
        async with self._database.transaction() as transaction:
            statement = delete(run).where(*this, run.c.generation <= named.generation)
            await transaction.connection.execute(statement)


def _about(named: Named) -> dict[str, object]:
    return {
        "owner": named.owner,
        "name": named.name,
        "version": named.version,
        "generation": named.generation,
    }
