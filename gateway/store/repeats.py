"""The repeats of a job."""

from __future__ import annotations

from sqlalchemy import select

from erc.events.outbox import Database, Transaction
from erc.schemas import tables
from erc.schemas.job import Job
from erc.schemas.repeat import Variation

MOST = len(Variation) + 2
"""How many repeats of one job are read, the newest: no examination has more."""


class Repeats:
    """Reads the jobs that repeat another one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, job_id: str) -> list[Job]:
        """Return the repeats of a job, oldest first."""
        job = tables.job
        query = select(job.c.document).where(job.c.repeats == job_id).order_by(job.c.id.desc()).limit(MOST)
        return [Job.model_validate(row["document"]) for row in await self._database.rows(query)][::-1]

    async def going_on(self, transaction: Transaction, job_id: str) -> bool:
        """Return whether a job is being repeated, and keep others from repeating it before this transaction ends."""
        job = tables.job
        await transaction.rows(select(job.c.id).where(job.c.id == job_id).with_for_update())
        query = select(job.c.id).where(job.c.repeats == job_id, job.c.status.in_(["queued", "running"])).limit(1)
        return bool(await transaction.rows(query))
