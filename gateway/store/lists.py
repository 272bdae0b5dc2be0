"""Lists of compendia and jobs: one query over an index for a page and its total, whatever is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, not_, or_, select, true, tuple_

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.paging import COUNTED, EMPTY, Page, Paging, Place, cursor
from erc.schemas import tables
from erc.schemas.compendium import CompendiumStatus

_COMPENDIUM, _JOB = tables.compendium.c, tables.job.c

T = TypeVar("T")


@dataclass(frozen=True)
class Compendia:
    """Which compendia are wanted; None wants all. `candidate` is True for candidates alone, False for none.

    Without it the published ones are listed, and before them the asker's own candidates when the asker is `user`.
    """

    user: str | None = None
    doi: str | None = None
    job: str | None = None
    status: CompendiumStatus | None = None
    candidate: bool | None = None


@dataclass(frozen=True)
class Jobs:
    """Which jobs are wanted; None wants all. Those that a public link started are shown to those who name the link.

    Whether it is good must be known before.
    """

    compendium: str | None = None
    link: str | None = None
    user: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class JobRow:
    """What a list tells of a job."""

    id: str
    status: str
    user: str


class Lists:
    """Reads pages. Nobody is shown, or has counted for him, what he may not see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def compendia(self, principal: Principal, wanted: Compendia, paging: Paging) -> Page[str]:
        """Return the ids of a page of compendia."""
        status, candidate = wanted.status, _COMPENDIUM.candidate
        shown = _shown(principal, wanted)
        if status and shown.compare(not_(candidate)):
            # What is published was ready, and stays so.
            if status is not CompendiumStatus.READY:
                return EMPTY
            status = None
        query = select(_COMPENDIUM.id, candidate).where(shown)
        for column, value in ((_COMPENDIUM.owner, wanted.user), (_COMPENDIUM.doi, wanted.doi)):
            query = query.where(column == value) if value else query
        if wanted.job:
            query = query.where(
                _COMPENDIUM.id == select(_JOB.compendium_id).where(_JOB.id == wanted.job).scalar_subquery()
            )
        if status:
            query = query.where(_COMPENDIUM.status == status.value)
        first = candidate if shown.compare(true()) else None
        return await self._page(query, _COMPENDIUM.id, first, paging, lambda row: str(row["id"]))

    async def jobs(self, principal: Principal, wanted: Jobs, paging: Paging) -> Page[JobRow]:
        """Return a page of jobs of compendia that the principal may see."""
        joined = tables.job.join(tables.compendium, _JOB.compendium_id == _COMPENDIUM.id)
        shown = _JOB.link == wanted.link if wanted.link else and_(_JOB.link.is_(None), _visible(principal))
        query = select(_JOB.id, _JOB.status, _JOB.owner).select_from(joined).where(shown)
        filters = ((_JOB.compendium_id, wanted.compendium), (_JOB.owner, wanted.user), (_JOB.status, wanted.status))
        for column, value in filters:
            query = query.where(column == value) if value else query
        return await self._page(
            query, _JOB.id, None, paging, lambda row: JobRow(row["id"], row["status"], row["owner"])
        )

    async def _page(
        self,
        query: Select[Any],
        key: ColumnElement[str],
        first: ColumnElement[bool] | None,
        paging: Paging,
        made: Callable[[Any], T],
    ) -> Page[T]:
        """Return a page in the order of `key`, those with `first` before the others."""
        counted = select(func.count().label("total")).select_from(
            query.with_only_columns(literal(1)).limit(COUNTED + 1).subquery()
        )
        order = [key.desc() if paging.newest_first else key]
        page = query.add_columns(counted.scalar_subquery().label("total"))
        page = page.order_by(*([] if first is None else [first.desc()]), *order).limit(paging.limit + 1)
        after = paging.after
        page = page.offset(paging.start - 1) if after is None else page.where(_behind(key, first, after, paging))
        rows = await self._database.rows(page)
        total = int((rows or await self._database.rows(counted))[0]["total"])
        more = len(rows) > paging.limit
        rows = rows[: paging.limit]
        last = Place(rows[-1]["id"], first is not None and rows[-1]["candidate"]) if more else None
        return Page(
            [made(row) for row in rows], total if total <= COUNTED else None, cursor(paging, last) if last else None
        )


def _behind(
    key: ColumnElement[str], first: ColumnElement[bool] | None, after: Place, paging: Paging
) -> ColumnElement[bool]:
    if first is None:
        return key < after.id if paging.newest_first else key > after.id
    if paging.newest_first:
        return tuple_(first, key) < tuple_(literal(after.candidate), literal(after.id))
    later = and_(first if after.candidate else not_(first), key > after.id)
    return or_(later, not_(first)) if after.candidate else later


def _shown(principal: Principal, wanted: Compendia) -> ColumnElement[bool]:
    candidate, name = _COMPENDIUM.candidate, principal.name
    if wanted.candidate:
        if principal.anonymous:
            return false()
        own = true() if principal.level >= EDITOR else _COMPENDIUM.owner == name
        return and_(candidate, own)
    if wanted.candidate is None and wanted.job:
        return _visible(principal)
    if wanted.candidate is None and name and wanted.user == name:
        return true()
    return not_(candidate)


def _visible(principal: Principal) -> ColumnElement[bool]:
    if principal.level >= EDITOR:
        return true()
    if principal.anonymous:
        return not_(_COMPENDIUM.candidate)
    return or_(not_(_COMPENDIUM.candidate), _COMPENDIUM.owner == principal.name)
