"""Names of runs: what each means now, what it meant before, and the next generation in one transaction with its job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from erc.events.outbox import Database, Transaction
from erc.gateway.runs.deciding import Known, Named, Wanted
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job

_RUN = tables.run
_KEY = (_RUN.c.owner, _RUN.c.name, _RUN.c.version)


@dataclass(frozen=True)
class Found:
    """What a name means now: its newest generation with the job; the compendium is None when it is gone."""

    named: Named
    job: Job
    compendium: Compendium | None


class Runs:
    """Reads and writes names. A generation is never changed: the highest of a name and version counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, owner: str, name: str, version: str) -> Found | None:
        """Return what a name means now, or None."""
        rows = await self._database.rows(_joined().where(*_is(owner, name, version)).limit(1))
        return _found(rows[0]) if rows else None

    async def built(self, owner: str, name: str, version: str) -> Found | None:
        """Return the newest generation that came to have an image, or None."""
        image = tables.job.c.document["image_id"].astext
        rows = await self._database.rows(_joined().where(*_is(owner, name, version), image.is_not(None)).limit(1))
        return _found(rows[0]) if rows else None

    async def of_owner(self, owner: str, start: int, limit: int) -> Sequence[Found]:
        """Return what the names of an owner mean now, by name and version; `start` counts from 1."""
        newest = _joined().where(_RUN.c.owner == owner).ext(distinct_on(*_KEY))
        rows = await self._database.rows(newest.offset(start - 1).limit(limit))
        return [_found(row) for row in rows]

    async def hold(self, transaction: Transaction, owner: str, wanted: Wanted) -> Known:
        """Return what is known of a name; nobody gives it another meaning until the transaction has ended."""
        lock = func.pg_advisory_xact_lock(func.hashtext("erc.run"), func.hashtext(f"{owner} {wanted.name}"))
        await transaction.connection.execute(select(lock))
        of_name = (_RUN.c.owner == owner, _RUN.c.name == wanted.name)
        newest = select(_RUN.c.origin).where(*of_name).order_by(_RUN.c.created.desc(), _RUN.c.generation.desc())
        holders = await transaction.rows(newest.limit(1))
        rows = await transaction.rows(_joined().where(*_is(owner, wanted.name, wanted.version)).limit(1))
        found = _found(rows[0]) if rows else None
        return Known(
            holder=holders[0]["origin"] if holders else None,
            current=found.named if found else None,
            compendium=found.compendium if found else None,
            going=found is not None and not found.job.terminal,
            variables=found.job.variables.values if found and found.job.variables else {},
        )

    async def add(self, transaction: Transaction, named: Named) -> None:
        """Keep the next generation of a name that this transaction holds."""
        await transaction.connection.execute(insert(_RUN).values(**asdict(named)))


async def forget_runs(transaction: Transaction, compendium_id: str) -> None:
    """Free the names that mean this compendium now, with all their history."""
    current, newer = _RUN.alias("present"), _RUN.alias("newer")
    same = [current.c[column.name] == column for column in _KEY]
    later = [newer.c[column.name] == column for column in _KEY]
    newest = ~exists().where(*later, newer.c.generation > current.c.generation)
    means = exists().where(*same, current.c.compendium_id == compendium_id, newest)
    await transaction.connection.execute(delete(_RUN).where(means))


def _joined() -> Select[Any]:
    """Return the query for generations with job and compendium, in each name the newest first."""
    job, compendium = tables.job, tables.compendium
    joined = _RUN.join(job, job.c.id == _RUN.c.job_id).outerjoin(compendium, compendium.c.id == _RUN.c.compendium_id)
    columns = (*_RUN.c, job.c.document.label("job"), compendium.c.document.label("compendium"))
    return select(*columns).select_from(joined).order_by(*_KEY, _RUN.c.generation.desc())


def _is(owner: str, name: str, version: str) -> tuple[ColumnElement[bool], ...]:
    return (_RUN.c.owner == owner, _RUN.c.name == name, _RUN.c.version == version)


def _found(row: Mapping[str, Any]) -> Found:
    values = dict(row)
    job, compendium = values.pop("job"), values.pop("compendium")
    return Found(
        Named(**values), Job.model_validate(job), Compendium.model_validate(compendium) if compendium else None
    )
