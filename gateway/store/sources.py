"""Archives that were sent in pieces: who may make a compendium of which, and what is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql

from erc.events.outbox import Database, Transaction
from erc.schemas import tables
from erc.schemas.ids import Digest

KEPT = timedelta(hours=24)
"""How long an upload may take, and how long a source waits for a compendium to be made of it."""


@dataclass(frozen=True)
class SourceUpload:
    """An archive on its way; `digest` and `size_bytes` are what its sender announced."""

    id: str
    owner: str
    digest: Digest
    size_bytes: int
    created: datetime

    @property
    def expires(self) -> datetime:
        """When its bytes are removed."""
        return self.created + KEPT


class Sources:
    """Reads and writes sources and uploads. Nobody learns anything about those of others."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def size(self, owner: str, digest: Digest, now: datetime) -> int | None:
        """Return the size in bytes of a source of this owner, which it keeps for another day; None without one."""
        table = tables.source
        mine = (table.c.owner == owner, table.c.digest == digest)
        async with self.database.transaction() as transaction:
            rows = await transaction.rows(update(table).where(*mine).values(used=now).returning(table.c.bytes))
        return int(rows[0]["bytes"]) if rows else None

    async def under_way(self, owner: str, digest: Digest) -> SourceUpload | None:
        """Return the upload of these bytes by this owner, None without one."""
        table = tables.source_upload
        return await self._found(table.c.owner == owner, table.c.digest == digest)

    async def upload(self, owner: str, identifier: str) -> SourceUpload | None:
        """Return an upload of this owner, None without one."""
        return await self._found(tables.source_upload.c.id == identifier, tables.source_upload.c.owner == owner)

    async def _found(self, *where: Any) -> SourceUpload | None:
        rows = await self.database.rows(select(tables.source_upload).where(*where))
        if not rows:
            return None
        row = rows[0]
        return SourceUpload(row["id"], row["owner"], row["digest"], row["bytes"], row["created"])

    async def begin(self, transaction: Transaction, upload: SourceUpload, most: int) -> bool:
        """Note an upload; False when its owner has `most` under way, or has begun this one just now."""
        table = tables.source_upload
        query = select(func.count().label("going")).select_from(table).where(table.c.owner == upload.owner)
        if (await transaction.rows(query))[0]["going"] >= most:
            return False
        row = {"id": upload.id, "owner": upload.owner, "digest": upload.digest, "created": upload.created}
        statement = postgresql.insert(table).values(**row, bytes=upload.size_bytes).on_conflict_do_nothing()
        return bool(await transaction.changed(statement))

    async def finish(self, upload: SourceUpload, now: datetime) -> None:
        """Turn an upload into a source."""
        table = tables.source
        row = {"owner": upload.owner, "digest": upload.digest, "bytes": upload.size_bytes, "used": now}
        kept = postgresql.insert(table).values(**row, created=now)
        async with self.database.transaction() as transaction:
            again = kept.on_conflict_do_update(index_elements=["owner", "digest"], set_={"used": now})
            await transaction.connection.execute(again)
            await transaction.connection.execute(_without(upload))

    async def forget(self, upload: SourceUpload) -> None:
        """Forget an upload."""
        async with self.database.transaction() as transaction:
            await transaction.connection.execute(_without(upload))


def _without(upload: SourceUpload) -> Any:
    return delete(tables.source_upload).where(tables.source_upload.c.id == upload.id)
