"""Which environments are built or broken, which bases there are, and the cluster-wide lock of a build under way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from erc.events.outbox import Database, utc_now
from erc.schemas import tables
from erc.schemas.evidence import Evidence
from erc.schemas.ids import Digest
from erc.workers.builder.domain.rules import Built, KeptBase
from erc.workers.held import held

BROKEN_FOR = timedelta(seconds=60)
"""How long an environment that could not be built is not tried again."""


class Environments:
    """The builder's cache of environments."""

    def __init__(self, database: Database, engine: AsyncEngine, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._engine, self._now = database, engine, now

    async def find(self, key: Digest) -> Built | None:
        """Return the environment of this key, or None."""
        rows = await self._database.rows(select(tables.built).where(tables.built.c.key == key))
        return Built(rows[0]["image_id"], rows[0]["image"], rows[0]["evidence"]) if rows else None

    async def put(self, key: Digest, image_id: str, evidence: Digest | None = None) -> None:
        """Remember an environment, used at this moment; another image forgets the saved one and its evidence."""
        values = {"image_id": image_id, "image": None, "evidence": evidence}
        statement = insert(tables.built).values(key=key, **values)
        other = tables.built.c.image_id != image_id
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_=values, where=other)
            )
            if evidence:
                this = (tables.built.c.key == key, tables.built.c.image_id == image_id)
                await transaction.connection.execute(tables.built.update().where(*this).values(evidence=evidence))
        await self.used(key)

    async def used(self, key: Digest) -> None:
        """Note that an environment is used at this moment: what was not for long is the first to go."""
        await self._change(key, {"used": func.now()})

    async def saved(self, key: Digest, image: Digest) -> None:
        """Remember the blob of an environment's image."""
        await self._change(key, {"image": image})

    async def reloaded(self, key: Digest, image_id: str) -> None:
        """Remember the id under which the engine has an image that was loaded again."""
        await self._change(key, {"image_id": image_id})

    async def _change(self, key: Digest, values: dict[str, object]) -> None:
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                tables.built.update().where(tables.built.c.key == key).values(**values)
            )

    async def broken(self, key: Digest) -> Digest | None:
        """Return the blob of the problem of an environment that could not be built a moment ago, or None."""
        rows = await self._database.rows(select(tables.broken).where(tables.broken.c.key == key))
        return rows[0]["problem"] if rows and self._now() - rows[0]["failed"] < BROKEN_FOR else None

    async def failed(self, key: Digest, problem: Digest) -> None:
        """Remember that an environment cannot be built; never for a failure of the infrastructure."""
        values = {"problem": problem, "failed": self._now()}
        statement = insert(tables.broken).values(key=key, **values)
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))

    async def base(self, name: str) -> KeptBase | None:
        """Return what is remembered of a base image, or None."""
        rows = await self._database.rows(select(tables.base).where(tables.base.c.name == name))
        return KeptBase(rows[0]["image_id"], rows[0]["image"], rows[0]["document"]["versions"]) if rows else None

    async def keep_base(self, name: str, kept: KeptBase) -> None:
        """Remember a base image in the place of what was remembered under its name."""
        document = {"versions": kept.versions, "asked": self._now().isoformat()}
        values = {"image_id": kept.image_id, "image": kept.image, "document": document, "created": self._now()}
        statement = insert(tables.base).values(name=name, **values)
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    async def adopt(self, evidence: Evidence, index: Digest, image: Digest) -> None:
        """Take over an environment of another installation: its evidence, its index, and the blob of its image.

        From now on it is found by its key and loaded; neither it nor its base is built here. A base that is known
        here under the same name with another id stays what it is.
        """
        if evidence.base_name and await self.base(evidence.base_name) is None:
            await self.keep_base(evidence.base_name, KeptBase(evidence.base))
        await self.put(evidence.environment_key, evidence.image_id, index)
        await self.saved(evidence.environment_key, image)

    def building(self, key: Digest) -> AbstractAsyncContextManager[None]:
        """Hold the one build of this key in the whole cluster; others wait here and then find it done."""
        return held(self._engine, key)
