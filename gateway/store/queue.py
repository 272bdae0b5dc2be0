"""Builds and executions wait here, not in the stream: their command is sent when a slot is free, fairly by owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, text

from erc.events import trace
from erc.events.catalog import COMMANDS, Command, ExecuteWorkspace, PrepareEnvironment
from erc.events.envelope import outgoing_command
from erc.events.outbox import Database, Transaction, utc_now
from erc.gateway.estimate import Place, wait_seconds
from erc.schemas import tables
from erc.schemas.job import Job, StepName, StepStatus

WAITING_WORKERS = ("builder", "executor")
_LAST_STEP = {"builder": StepName.IMAGE_BUILD, "executor": StepName.IMAGE_EXECUTE}

_HOLD = select(*(func.pg_advisory_xact_lock(func.hashtext(f"erc.queue.{worker}")) for worker in WAITING_WORKERS))
_LINE = (
    "running AS (SELECT owner, count(*) AS jobs FROM waiting, queue "
    "WHERE waiting.worker = queue.worker AND released IS NOT NULL GROUP BY owner), "
    "turns AS (SELECT job_id, since, coalesce(jobs, 0) + row_number() OVER (PARTITION BY owner ORDER BY since, job_id) "
    "AS turn FROM waiting JOIN queue USING (worker) LEFT JOIN running USING (owner) WHERE released IS NULL), "
    "line AS (SELECT job_id, row_number() OVER (ORDER BY turn, since, job_id) AS position FROM turns), "
    "capable AS (SELECT coalesce(sum(slots), 0) AS slots FROM capacity JOIN queue USING (worker) "
    "WHERE seen > now() - interval '20 s') "
)
"""The one order in which a queue is served: whose work runs least comes first, then who has waited longest.

A job's turn is how many of its owner's would run if it ran. `line` numbers the jobs that wait, from 1.
"""
_RELEASE = text(
    f"WITH queue AS (SELECT cast(:worker AS text) AS worker), {_LINE}, "  # noqa: S608 - literals only
    "free AS (SELECT slots - (SELECT count(*) FROM waiting JOIN queue USING (worker) WHERE released IS NOT NULL) "
    "AS slots FROM capable) "
    "UPDATE waiting SET released = now() FROM line, free WHERE waiting.job_id = line.job_id AND worker = :worker "
    "AND position <= free.slots RETURNING waiting.job_id, waiting.command, waiting.cause, position"
)
_PLACE = text(
    f"WITH queue AS (SELECT worker FROM waiting WHERE job_id = :job AND released IS NULL LIMIT 1), {_LINE} "  # noqa: S608
    "SELECT queue.worker, position, slots, (SELECT coalesce(array_agg(extract(epoch FROM now() - released)::float8), "
    "'{}') FROM waiting JOIN queue USING (worker) WHERE released IS NOT NULL) AS ages "
    "FROM line, queue, capable WHERE job_id = :job"
)
_DURATIONS = text(
    "SELECT extract(epoch FROM cast(step->>'end' AS timestamptz) - cast(step->>'start' AS timestamptz))::float8 "
    "AS seconds FROM (SELECT document->'steps'->cast(:step AS text) AS step FROM job ORDER BY id DESC LIMIT 100) AS s "
    "WHERE step->>'status' IN ('success', 'failure') AND step->>'end' > step->>'start' LIMIT 20"
)
"""How long the last steps of a kind took; what was cancelled before it began took no time and is left out."""
_ENTER = text(
    "INSERT INTO waiting (job_id, worker, owner, cause, command) SELECT :job, :worker, :owner, :cause, "
    "jsonb_build_object('type', cast(:type AS text), 'data', cast(:data AS jsonb), "
    "'traceparent', cast(:traceparent AS text)) "
    "FROM (SELECT pg_advisory_xact_lock(hashtext('erc.queue.' || :worker))) AS held ON CONFLICT DO NOTHING"
)
"""Enters a queue and takes its lock."""


class Queue:
    """The waiting and the released work of the long queues."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now

    def waits(self, command: Command) -> bool:
        """Return whether this kind of command waits for a slot."""
        return isinstance(command, (PrepareEnvironment, ExecuteWorkspace))

    async def moved(
        self,
        transaction: Transaction,
        before: Job | None,
        job: Job,
        commands: Sequence[Command],
        traceparent: str | None,
    ) -> None:
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
                "traceparent": traceparent,
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
        for row in sorted(rows, key=lambda row: int(row["position"])):
            command = COMMANDS[row["command"]["type"]].model_validate(row["command"]["data"])
            place = row["command"].get("traceparent") or str(trace.Trace.begin())
            transaction.send([outgoing_command(command, row["cause"], self._now())], traceparent=place)
        return len(rows)


async def fill_all(database: Database, queue: Queue) -> None:
    """Fill the free slots of every long queue, as after a worker announced itself."""
    for worker in WAITING_WORKERS:
        async with database.transaction() as transaction:
            await queue.fill(transaction, worker)


async def place(database: Database, job_id: str) -> Place | None:
    """Return the place of a job in its queue and when its turn may come; None when it does not wait."""
    rows = await database.rows(_PLACE, {"job": job_id})
    if not rows:
        return None
    row = rows[0]
    took = await database.rows(_DURATIONS, {"step": _LAST_STEP[row["worker"]].value})
    durations = [float(last["seconds"]) for last in took]
    seconds = wait_seconds(int(row["position"]), int(row["slots"]), row["ages"], durations)
    return Place(int(row["position"]), seconds)


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
