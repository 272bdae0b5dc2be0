"""Compendia, jobs and shipments, each written together with the messages that follow from the change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select, true

from erc.events.catalog import Command, CompendiumChanged, CompendiumDeleted, Event, JobChanged, JobEnded
from erc.events.envelope import Outgoing, outgoing_command, outgoing_event
from erc.events.outbox import Database, Transaction, guarded_update, row_for_update, utc_now
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.store.queue import Queue
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment


class Records:
    """Reads and writes the gateway's aggregates."""

    def __init__(self, database: Database, queue: Queue, now: Callable[[], datetime] = utc_now) -> None:
        self.database, self._queue, self._now = database, queue, now

    # ------------------------------------------------------------------------------------------ read

    async def compendium(self, identifier: str) -> Compendium | None:
        """Return a compendium, or None."""
        rows = await self.database.rows(
            select(tables.compendium.c.document).where(tables.compendium.c.id == identifier)
        )
        return Compendium.model_validate(rows[0]["document"]) if rows else None

    async def job(self, identifier: str) -> Job | None:
        """Return a job, or None."""
        rows = await self.database.rows(select(tables.job.c.document).where(tables.job.c.id == identifier))
        return Job.model_validate(rows[0]["document"]) if rows else None

    async def shipment(self, identifier: str) -> Shipment | None:
        """Return a shipment, or None."""
        rows = await self.database.rows(select(tables.shipment.c.document).where(tables.shipment.c.id == identifier))
        return Shipment.model_validate(rows[0]["document"]) if rows else None

    async def saved_image(self, environment_key: str) -> str | None:
        """Return the blob of an environment's saved image, or None."""
        rows = await self.database.rows(select(tables.built.c.image).where(tables.built.c.key == environment_key))
        return rows[0]["image"] if rows else None

    async def compendia(
        self, principal: Principal, owner: str | None = None, start: int = 1, limit: int = 100
    ) -> Sequence[Compendium]:
        """Return the compendia that the principal may see, newest first; `start` counts from 1."""
        table = tables.compendium
        query = select(table.c.document).where(_visible(principal, table.c.candidate, table.c.owner))
        if owner:
            query = query.where(table.c.owner == owner)
        rows = await self.database.rows(_page(query, table.c.id, start, limit))
        return [Compendium.model_validate(row["document"]) for row in rows]

    async def jobs(
        self,
        principal: Principal,
        compendium_id: str | None = None,
        owner: str | None = None,
        status: str | None = None,
        start: int = 1,
        limit: int = 100,
    ) -> Sequence[Job]:
        """Return the jobs of compendia that the principal may see, newest first."""
        job, compendium = tables.job, tables.compendium
        joined = job.join(compendium, job.c.compendium_id == compendium.c.id)
        visible = _visible(principal, compendium.c.candidate, compendium.c.owner)
        query = select(job.c.document).select_from(joined).where(visible)
        for column, value in ((job.c.compendium_id, compendium_id), (job.c.owner, owner), (job.c.status, status)):
            if value:
                query = query.where(column == value)
        rows = await self.database.rows(_page(query, job.c.id, start, limit))
        return [Job.model_validate(row["document"]) for row in rows]

    # ------------------------------------------------------------------------------------------ write

    async def add_compendium(self, compendium: Compendium, command: Command) -> None:
        """Accept a compendium, as its first version, together with the command that loads it."""
        compendium = compendium.model_copy(update={"version": compendium.version + 1})
        async with self.database.transaction() as transaction:
            await transaction.connection.execute(insert(tables.compendium).values(**_compendium_row(compendium)))
            changed = CompendiumChanged(
                compendium_id=compendium.id, status=compendium.status, candidate=compendium.candidate
            )
            self._send(transaction, changed, compendium.version, [command], not compendium.candidate)

    async def add_job(self, advance: Advance[Job], candidate: bool) -> None:
        """Accept a job together with what follows from its start."""
        async with self.database.transaction() as transaction:
            await transaction.connection.execute(insert(tables.job).values(**_job_row(advance.state)))
            await self._job_messages(transaction, None, advance, candidate)

    async def add_shipment(self, shipment: Shipment, command: Command) -> None:
        """Accept a shipment together with the command that packs it."""
        async with self.database.transaction() as transaction:
            row = _row(shipment) | {"compendium_id": shipment.compendium_id, "owner": shipment.owner}
            await transaction.connection.execute(insert(tables.shipment).values(**row))
            transaction.send([outgoing_command(command, str(shipment.version), self._now())])

    async def move_compendium(
        self, identifier: str, decide: Callable[[Compendium], Advance[Compendium] | None]
    ) -> Compendium | None:
        """Change a compendium by a pure decision; None when it is not there or the decision finds nothing to do."""
        async with self.database.transaction() as transaction:
            rows = await transaction.rows(row_for_update(tables.compendium, identifier))
            before = Compendium.model_validate(rows[0]["document"]) if rows else None
            advance = decide(before) if before else None
            if advance is None or before is None:
                return None
            after = advance.state
            await _write(transaction, tables.compendium, before.version, _compendium_row(after))
            changed = CompendiumChanged(compendium_id=after.id, status=after.status, candidate=after.candidate)
            self._send(transaction, changed, after.version, advance.commands, not after.candidate)
            return after

    async def move_job(self, identifier: str, decide: Callable[[Job], Advance[Job] | None]) -> Job | None:
        """Change a job by a pure decision; None when it is not there or the decision finds nothing to do."""
        async with self.database.transaction() as transaction:
            rows = await transaction.rows(row_for_update(tables.job, identifier))
            before = Job.model_validate(rows[0]["document"]) if rows else None
            advance = decide(before) if before else None
            if advance is None or before is None:
                return None
            await _write(transaction, tables.job, before.version, _job_row(advance.state))
            candidate = await transaction.rows(
                select(tables.compendium.c.candidate).where(tables.compendium.c.id == before.compendium_id)
            )
            await self._job_messages(transaction, before, advance, not candidate or candidate[0]["candidate"])
            if advance.state.verdict is Verdict.CANCELLED:
                await transaction.connection.execute(insert(tables.cancellation).values(id=identifier))
            return advance.state

    async def move_shipment(
        self, identifier: str, decide: Callable[[Shipment], Advance[Shipment] | None]
    ) -> Shipment | None:
        """Change a shipment by a pure decision."""
        async with self.database.transaction() as transaction:
            rows = await transaction.rows(row_for_update(tables.shipment, identifier))
            before = Shipment.model_validate(rows[0]["document"]) if rows else None
            advance = decide(before) if before else None
            if advance is None or before is None:
                return None
            await _write(transaction, tables.shipment, before.version, _row(advance.state))
            return advance.state

    async def remove_compendium(self, identifier: str) -> None:
        """Forget a candidate; its blobs go when nothing refers to them."""
        async with self.database.transaction() as transaction:
            statement = delete(tables.compendium).where(tables.compendium.c.id == identifier)
            for row in await transaction.rows(statement.returning(tables.compendium.c.version)):
                deleted = CompendiumDeleted(compendium_id=identifier)
                self._send(transaction, deleted, row["version"] + 1, [], public=False)

    async def _job_messages(
        self, transaction: Transaction, before: Job | None, advance: Advance[Job], candidate: bool
    ) -> None:
        job = advance.state
        event = _job_event(before, job)
        direct = [command for command in advance.commands if not self._queue.waits(command)]
        self._send(transaction, event, job.version, direct, not candidate)
        await self._queue.moved(transaction, before, job, [c for c in advance.commands if self._queue.waits(c)])

    def _send(
        self, transaction: Transaction, event: Event, sequence: int, commands: Sequence[Command], public: bool
    ) -> None:
        now = self._now()
        said = outgoing_event(event, sequence, now, "gateway")
        asked = [outgoing_command(command, str(sequence), now) for command in commands]
        transaction.send([said, *asked], public={said.message_id: _public(said, event)} if public else None)


def _public(message: Outgoing, event: Event) -> str:
    compendium_id = getattr(event, "compendium_id", message.aggregate_id)
    return f"erc.public.{compendium_id}.{message.aggregate}.{message.subject.rsplit('.', 1)[-1]}"


def _job_event(before: Job | None, job: Job) -> JobChanged:
    old = before.steps if before else {}
    steps = {name: step.status for name, step in job.steps.items() if name not in old or old[name] != step}
    about: dict[str, Any] = {
        "job_id": job.id,
        "compendium_id": job.compendium_id,
        "status": job.status,
        "steps": steps,
    }
    if not job.terminal:
        return JobChanged(**about)
    chunks = {name: step.log_chunks for name, step in job.steps.items() if step.log_chunks}
    return JobEnded(**about, verdict=job.verdict or Verdict.FAILED, log_chunks=chunks)


async def _write(transaction: Transaction, table: Any, version: int, row: dict[str, Any]) -> None:
    changes = {key: value for key, value in row.items() if key not in {"id", "created"}}
    changed = await transaction.changed(guarded_update(table, row["id"], version, **changes))
    assert changed == 1, "the row is held by this transaction"


def _row(thing: Compendium | Job | Shipment) -> dict[str, Any]:
    return {
        "id": thing.id,
        "status": thing.status.value,
        "version": thing.version,
        "document": thing.model_dump(mode="json"),
        "created": thing.created,
    }


def _compendium_row(compendium: Compendium) -> dict[str, Any]:
    return _row(compendium) | {"owner": compendium.owner, "candidate": compendium.candidate}


def _job_row(job: Job) -> dict[str, Any]:
    return _row(job) | {"owner": job.owner, "compendium_id": job.compendium_id}


def _visible(principal: Principal, candidate: Any, owner: Any) -> ColumnElement[bool]:
    """The filter of lists; `authorise` decides about the single thing."""
    if principal.level >= EDITOR:
        return true()
    return or_(candidate.is_(False), owner == principal.name)


def _page(query: Select[Any], order: Any, start: int, limit: int) -> Select[Any]:
    return query.order_by(order.desc()).offset(max(start, 1) - 1).limit(limit)
