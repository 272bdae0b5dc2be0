"""Builds and executions wait here, not in the stream: their command is sent when a slot is free, fairly by owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from erc.events.catalog import COMMANDS, Command, ExecuteWorkspace, PrepareEnvironment
from erc.events.envelope import outgoing_command
from erc.events.outbox import Database, Transaction, utc_now
from erc.schemas import tables
from erc.schemas.job import Job, StepName, StepStatus

WAITING_WORKERS = ("builder", "executor")
_LAST_STEP = {"builder": StepName.IMAGE_BUILD, "executor": StepName.IMAGE_EXECUTE}

_NEXT = text(
    "SELECT w.job_id, w.command, w.cause FROM waiting w WHERE w.worker = :worker AND w.released IS NULL "
    "ORDER BY (SELECT count(*) FROM waiting r WHERE r.worker = w.worker AND r.owner = w.owner "
    "AND r.released IS NOT NULL), w.since, w.job_id LIMIT 1"
)
_SLOTS = text(
    "SELECT (SELECT coalesce(sum(slots), 0) FROM capacity WHERE worker = :worker AND seen > now() - interval '20 s') "
    "- (SELECT count(*) FROM waiting WHERE worker = :worker AND released IS NOT NULL) AS free"
)
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
        if freed:
            table = tables.waiting
            await transaction.connection.execute(
                delete(table).where(table.c.job_id == job.id, table.c.worker.in_(freed))
            )
        for command in commands:
            row = {
                "job_id": job.id,
                "worker": command.WORKER,
                "owner": job.owner,
                "cause": str(job.version),
                "command": {"type": f"{command.WORKER}.{command.VERB}", "data": command.model_dump(mode="json")},
            }
            await transaction.connection.execute(insert(tables.waiting).values(**row).on_conflict_do_nothing())
        for worker in {*freed, *(command.WORKER for command in commands)}:
            await self.fill(transaction, worker)

    async def fill(self, transaction: Transaction, worker: str) -> int:
        """Send the commands of as many waiting jobs as there are free slots; return how many."""
        await transaction.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"erc.queue.{worker}"))))
        free = int((await transaction.rows(_SLOTS, {"worker": worker}))[0]["free"])
        for released in range(free):
            rows = await transaction.rows(_NEXT, {"worker": worker})
            if not rows:
                return released
            row, table = rows[0], tables.waiting
            await transaction.connection.execute(
                update(table)
                .where(table.c.job_id == row["job_id"], table.c.worker == worker)
                .values(released=func.now())
            )
            command = COMMANDS[row["command"]["type"]].model_validate(row["command"]["data"])
            await transaction.send([outgoing_command(command, row["cause"], self._now())])
        return max(free, 0)


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
