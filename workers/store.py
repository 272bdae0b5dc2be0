"""How a worker keeps its work: one row a work id, guarded by the attempt, so that a late writer changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects.postgresql import insert

from erc.events.catalog import Event
from erc.events.envelope import outgoing_event
from erc.events.errors import Cancelled
from erc.events.outbox import Database, Transaction, utc_now
from erc.schemas import tables


class Fenced(Exception):  # noqa: N818
    """Another attempt at this work has begun: this one must neither write nor acknowledge."""


@dataclass(frozen=True)
class Work:
    """One attempt at one command. `version` counts the events emitted so far."""

    id: str
    command: str
    attempt: int
    version: int
    document: dict[str, Any]


class WorkStore:
    """The work of one worker in one table."""

    def __init__(self, database: Database, table: Table, source: str, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._table, self._source, self._now = database, table, source, now

    async def begin(self, work_id: str, command: str) -> Work | None:
        """Begin a new attempt; None when this command has been done already.

        Raises Cancelled when the work was asked to stop, Fenced when another attempt begins at this moment.
        """
        table = self._table
        async with self._database.transaction() as transaction:
            rows = await transaction.rows(select(table).where(table.c.id == work_id).with_for_update())
            row = rows[0] if rows else None
            if row and row["command"] == command and row["status"] != "running":
                return None
            work = Work(
                work_id,
                command,
                attempt=row["attempt"] + 1 if row else 1,
                version=row["version"] if row else 0,
                document=row["document"] if row and row["command"] == command else {},
            )
            cancelled = await self._is_cancelled(transaction, work_id)
            if not await transaction.changed(self._upsert(work, "cancelled" if cancelled else "running")):
                raise Fenced
        if cancelled:
            raise Cancelled
        return work

    def _upsert(self, work: Work, status: str) -> Any:
        values = {
            "command": work.command,
            "attempt": work.attempt,
            "status": status,
            "document": work.document,
            "changed": func.now(),
        }
        statement = insert(self._table).values(id=work.id, version=work.version, **values)
        # A row that was not there could not be held: whoever came in between has this attempt's number.
        before = self._table.c.attempt == work.attempt - 1
        return statement.on_conflict_do_update(index_elements=["id"], set_=values, where=before)

    async def emit(
        self, work: Work, *events: Event, status: str = "running", document: dict[str, Any] | None = None
    ) -> Work:
        """Commit a transition of this attempt together with its events; raises Fenced when the attempt is stale."""
        async with self._database.transaction() as transaction:
            return await self.emit_in(transaction, work, *events, status=status, document=document)

    async def emit_in(
        self,
        transaction: Transaction,
        work: Work,
        *events: Event,
        status: str = "running",
        document: dict[str, Any] | None = None,
    ) -> Work:
        """Do the same within a transaction that writes more of the worker's own tables."""
        table = self._table
        after = replace(work, version=work.version + len(events), document=document or work.document)
        changed = await transaction.changed(
            update(table)
            .where(table.c.id == work.id, table.c.attempt == work.attempt, table.c.status == "running")
            .values(version=after.version, status=status, document=after.document, changed=func.now())
        )
        if not changed:
            raise Fenced
        now = self._now()
        transaction.send(
            outgoing_event(event, work.version + number, now, self._source)
            for number, event in enumerate(events, start=1)
        )
        return after

    async def current(self, work: Work) -> Work:
        """Return this attempt with the events emitted so far; raises Fenced when it goes on no longer."""
        table = self._table
        rows = await self._database.rows(
            select(table).where(table.c.id == work.id, table.c.attempt == work.attempt, table.c.status == "running")
        )
        if not rows:
            raise Fenced
        row = rows[0]
        return Work(row["id"], row["command"], row["attempt"], row["version"], row["document"])

    async def cancelled(self, work_id: str) -> bool:
        """Say that the work goes on (`changed` is its lease), and return whether it was asked to stop."""
        table = self._table
        async with self._database.transaction() as transaction:
            going_on = (table.c.id == work_id, table.c.status == "running")
            await transaction.connection.execute(update(table).where(*going_on).values(changed=func.now()))
            return await self._is_cancelled(transaction, work_id)

    async def _is_cancelled(self, transaction: Transaction, work_id: str) -> bool:
        cancellation = tables.cancellation
        return bool(await transaction.rows(select(cancellation.c.id).where(cancellation.c.id == work_id)))

    async def goes_on(self, work_id: str) -> bool:
        """Return whether any attempt at this work goes on."""
        table = self._table
        query = select(table.c.id).where(table.c.id == work_id, table.c.status == "running")
        return bool(await self._database.rows(query))

    async def running(self) -> set[str]:
        """Return the ids of the work that has begun and is still wanted: neither it nor its job has ended."""
        table, job, cancellation = self._table, tables.job, tables.cancellation
        over = select(job.c.id).where(job.c.id == table.c.id, job.c.status.in_(["success", "failure"])).exists()
        stopped = select(cancellation.c.id).where(cancellation.c.id == table.c.id).exists()
        rows = await self._database.rows(select(table.c.id).where(table.c.status == "running", ~over, ~stopped))
        return {row["id"] for row in rows}


class CapacityStore:
    """The heartbeat row in which a worker process says how much it can do at once."""

    def __init__(
        self, database: Database, instance: str, worker: str, slots: int, about: Mapping[str, Any] | None = None
    ) -> None:
        self._database, self._instance, self._worker, self._slots = database, instance, worker, slots
        self._about = about

    async def announce(self) -> None:
        """Say that this process is alive with its slots, and what it works with as far as that is known by now."""
        values: dict[str, Any] = {"worker": self._worker, "slots": self._slots, "seen": func.now()}
        if self._about:
            values["about"] = dict(self._about)
        statement = insert(tables.capacity).values(instance=self._instance, **values)
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(
                statement.on_conflict_do_update(index_elements=["instance"], set_=values)
            )

    async def withdraw(self) -> None:
        """Say that this process ends."""
        capacity = tables.capacity
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(capacity.delete().where(capacity.c.instance == self._instance))
