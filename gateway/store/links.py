"""Public links: one a compendium, good while the compendium is a candidate and until they expire."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from erc.events.outbox import Database
from erc.gateway.identifiers import is_link_id, new_link_id
from erc.gateway.store.rows import page
from erc.schemas import tables
from erc.schemas.job import Job

_LINK, _COMPENDIUM = tables.link, tables.compendium
_JOINED = _LINK.join(_COMPENDIUM, _COMPENDIUM.c.id == _LINK.c.compendium_id)


@dataclass(frozen=True)
class PublicLink:
    """Whoever knows the id may look at the compendium; `owner` made it."""

    id: str
    compendium_id: str
    owner: str
    created: datetime
    expires: datetime | None = None


class PublicLinks:
    """The links that people give to reviewers. All raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opens(self, link: str) -> str | None:
        """Return the id of the candidate that a link opens now, or None."""
        return (await self.good({link})).get(link)

    async def good(self, links: Collection[str]) -> dict[str, str]:
        """Return the candidates that these links open now; those that open nothing are left out."""
        wanted = [link for link in links if is_link_id(link)]
        if not wanted:
            return {}
        query = select(_LINK.c.id, _LINK.c.compendium_id).select_from(_JOINED).where(_LINK.c.id.in_(wanted), _good())
        return {row["id"]: row["compendium_id"] for row in await self._database.rows(query)}

    async def of_compendium(self, compendium_id: str) -> PublicLink | None:
        """Return the link of a candidate, None when there is none that is good."""
        query = select(_LINK).select_from(_JOINED).where(_LINK.c.compendium_id == compendium_id, _good())
        rows = await self._database.rows(query)
        return PublicLink(**rows[0]) if rows else None

    async def made(self, owner: str | None, start: int, limit: int) -> Sequence[PublicLink]:
        """Return the links that somebody made, or all; newest first."""
        query = select(_LINK).select_from(_JOINED).where(_good())
        if owner is not None:
            query = query.where(_LINK.c.owner == owner)
        query = query.order_by(_LINK.c.created.desc(), _LINK.c.id).offset(start - 1).limit(limit)
        return [PublicLink(**row) for row in await self._database.rows(query)]

    async def keep(self, compendium_id: str, owner: str, expires: datetime | None, now: datetime) -> PublicLink | None:
        """Return the link of a candidate, made now unless it has one; None when it is no candidate.

        `expires` is written when it is given; a link that has expired is replaced by a new one.
        """
        mine = _LINK.c.compendium_id == compendium_id
        async with self._database.transaction() as transaction:
            held = select(_COMPENDIUM.c.candidate).where(_COMPENDIUM.c.id == compendium_id).with_for_update(read=True)
            rows = await transaction.rows(held)
            if not rows or not rows[0]["candidate"]:
                return None
            await transaction.connection.execute(delete(_LINK).where(mine, _LINK.c.expires <= func.now()))
            values = {"id": new_link_id(), "compendium_id": compendium_id, "owner": owner, "created": now}
            statement = insert(_LINK).values(**values, expires=expires)
            await transaction.connection.execute(statement.on_conflict_do_nothing(index_elements=["compendium_id"]))
            if expires is not None:
                await transaction.connection.execute(update(_LINK).where(mine).values(expires=expires))
            return PublicLink(**(await transaction.rows(select(_LINK).where(mine)))[0])

    async def remove(self, compendium_id: str) -> bool:
        """Revoke the link of a compendium; return whether there was one that was good."""
        mine = _LINK.c.compendium_id == compendium_id
        async with self._database.transaction() as transaction:
            statement = delete(_LINK).where(mine).returning(or_(_LINK.c.expires.is_(None), _not_over()).label("good"))
            rows = await transaction.rows(statement)
        return bool(rows) and bool(rows[0]["good"])

    async def jobs(
        self, link: str, owner: str | None = None, status: str | None = None, start: int = 1, limit: int = 100
    ) -> Sequence[Job]:
        """Return the jobs that were started by a link, newest first."""
        job = tables.job
        query = select(job.c.document).where(job.c.link == link, job.c.repeats.is_(None))
        for column, value in ((job.c.owner, owner), (job.c.status, status)):
            if value:
                query = query.where(column == value)
        rows = await self._database.rows(page(query, job.c.id, start, limit))
        return [Job.model_validate(row["document"]) for row in rows]


def _good() -> ColumnElement[bool]:
    return and_(_COMPENDIUM.c.candidate, or_(_LINK.c.expires.is_(None), _not_over()))


def _not_over() -> ColumnElement[bool]:
    return _LINK.c.expires > func.now()
