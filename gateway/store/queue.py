"""Builds and executions wait here, not in the stream: their command is sent when a slot is free, fairly by owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, text

from erc.events.catalog import COMMANDS, Command, ExecuteWorkspace, PrepareEnvironment
from erc.events.envelope import outgoing_command
from erc.events.outbox import Database, Transaction, utc_now
from erc.schemas import tables
from erc.schemas.job import Job, StepName, StepStatus

WAITING_WORKERS = ("builder", "executor")
_LAST_STEP = {"builder": StepName.IMAGE_BUILD, "executor": StepName.IMAGE_EXECUTE}

_HOLD = select(*(func.pg_advisory_xact_lock(func.hashtext(f"erc.queue.{worker}")) for worker in WAITING_WORKERS))
_RELEASE = text(
    "WITH free AS (SELECT greatest(0, "
    "(SELECT coalesce(sum(slots), 0) FROM capacity WHERE worker = :worker AND seen > now() - interval '20 s') "
    "- (SELECT count(*) FROM waiting WHERE worker = :worker AND released IS NOT NULL)) AS slots), "
    "running AS (SELECT owner, count(*) AS jobs FROM waiting WHERE worker = :worker AND released IS NOT NULL "
    "GROUP BY owner), "
    "next AS (SELECT job_id FROM waiting LEFT JOIN running USING (owner) "
    "WHERE worker = :worker AND released IS NULL "
    "ORDER BY coalesce(jobs, 0) + row_number() OVER (PARTITION BY owner ORDER BY since, job_id), since, job_id "
    "LIMIT (SELECT slots FROM free)) "
    "UPDATE waiting SET released = now() FROM next WHERE waiting.job_id = next.job_id AND worker = :worker "
    "RETURNING waiting.job_id, waiting.command, waiting.cause"
)
"""Fair by owner: whose work runs least comes first, then who has waited longest."""
_ENTER = text(
    "INSERT INTO waiting (job_id, worker, owner, cause, command) SELECT :job, :worker, :owner, :cause, "
    "jsonb_build_object('type', cast(:type AS text), 'data', cast(:data AS jsonb)) "
    "FROM (SELECT pg_advisory_xact_lock(hashtext('erc.queue.' || :worker))) AS held ON CONFLICT DO NOTHING"
)
"""Enters a queue and takes its lock."""
_POSITION = text(
    "SELECT w.worker, w.released, (SELECT count(*) FROM waiting o WHERE o.worker = w.worker AND o.released IS NULL "
    "AND (o.since, o.job_id) <= (w.since, w.job_id)) AS position FROM waiting w WHERE w.job_id = :job"
)


class Queue:
    """The waiting and the released work of the long queues."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now

    def waits(self, command: Command) -> bool:
        """Return whether this kind of command waits for a slot."""
        return isinstance(command, (PrepareEnvironment, ExecuteWorkspace))

    async def moved(self, transaction: Transaction, before: Job | None, job: Job, commands: Sequence[Command]) -> None:
        """Give back the slots that a job's transition frees, queue what it asks for, and fill free slots."""
        freed = _freed(before, job)
        if {*freed} - {command.WORKER for command in commands} and (commands or len(freed) > 1):
            await self.hold(transaction)
        if freed:
            table = tables.waiting
            await transaction.connection.execute(
                delete(table).where(table.c.job_id == job.id, table.c.worker.in_(freed))
            )
        for command in commands:
            row = {
                "job": job.id,
                "worker": command.WORKER,
                "owner": job.owner,
                "cause": str(job.version),
                "type": f"{command.WORKER}.{command.VERB}",
                "data": command.model_dump_json(),
            }
            await transaction.connection.execute(_ENTER, row)
        asked = {command.WORKER for command in commands}
        for worker in asked:
            await self._release(transaction, worker)
        for worker in sorted({*freed} - asked):
            await self.fill(transaction, worker)

    async def hold(self, transaction: Transaction) -> None:
        """Take the locks of all queues, in the order in which everybody takes more than one."""
        await transaction.connection.execute(_HOLD)

    async def fill(self, transaction: Transaction, worker: str) -> int:
        """Send the commands of as many waiting jobs as there are free slots; return how many."""
        await transaction.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"erc.queue.{worker}"))))
        return await self._release(transaction, worker)

    async def _release(self, transaction: Transaction, worker: str) -> int:
        rows = await transaction.rows(_RELEASE, {"worker": worker})
        for row in rows:
            command = COMMANDS[row["command"]["type"]].model_validate(row["command"]["data"])
            transaction.send([outgoing_command(command, row["cause"], self._now())])
        return len(rows)


async def fill_all(database: Database, queue: Queue) -> None:
    """Fill the free slots of every long queue, as after a worker announced itself."""
    for worker in WAITING_WORKERS:
        async with database.transaction() as transaction:
            await queue.fill(transaction, worker)


async def position(database: Database, job_id: str) -> int | None:
    """Return the place of a job in its queue, from 1; None when it does not wait."""
    rows = await database.rows(_POSITION, {"job": job_id})
    return next((int(row["position"]) for row in rows if row["released"] is None), None)


def _freed(before: Job | None, job: Job) -> list[str]:
    if before is None:
        return []
    if job.terminal:
        return list(WAITING_WORKERS)
    over = {StepStatus.SUCCESS, StepStatus.FAILURE}
    return [
        worker
        for worker, step in _LAST_STEP.items()
        if job.steps[step].status in over and before.steps[step].status not in over
    ]
