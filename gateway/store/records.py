"""Compendia, jobs and shipments, each written together with the messages that follow from the change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import delete, insert, select

from erc.events import trace
from erc.events.catalog import Command, CompendiumChanged, CompendiumDeleted, Event
from erc.events.envelope import outgoing_command, outgoing_event
from erc.events.outbox import Database, Transaction, row_for_update, utc_now
from erc.gateway.auth import Principal
from erc.gateway.identifiers import new_id
from erc.gateway.packing import CANCELLED, cancel_shipment
from erc.gateway.pipeline import cancel_job
from erc.gateway.repeats import follow_ups, start_repeat
from erc.gateway.store.queue import Queue
from erc.gateway.store.revisions import AlsoOf, Decide
from erc.gateway.store.rows import Also as Also
from erc.gateway.store.rows import (
    compendium_row,
    first_event,
    hold,
    is_published,
    job_row,
    jobs_of,
    of_compendium,
    page,
    row_of,
    stop,
    visible,
    write,
)
from erc.gateway.store.rows import nothing as nothing
from erc.gateway.store.telling import compendium_event, job_event, public_subject
from erc.gateway.store.unlinking import unlink
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Id
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment


class Records:
    """Reads and writes the gateway's aggregates."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        now: Callable[[], datetime] = utc_now,
        moved: Callable[[Job, Job], None] = lambda _before, _after: None,
        make_id: Callable[[], Id] = new_id,
    ) -> None:
        self.database, self._queue, self._now, self._moved, self._make_id = database, queue, now, moved, make_id

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
        query = select(table.c.document).where(visible(principal, table.c.candidate, table.c.owner))
        if owner:
            query = query.where(table.c.owner == owner)
        rows = await self.database.rows(page(query, table.c.id, start, limit))
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
        seen = visible(principal, compendium.c.candidate, compendium.c.owner)
        query = select(job.c.document).select_from(joined).where(seen, job.c.link.is_(None), job.c.repeats.is_(None))
        for column, value in ((job.c.compendium_id, compendium_id), (job.c.owner, owner), (job.c.status, status)):
            if value:
                query = query.where(column == value)
        rows = await self.database.rows(page(query, job.c.id, start, limit))
        return [Job.model_validate(row["document"]) for row in rows]

    async def add_compendium(self, compendium: Compendium, command: Command, also: Also = nothing) -> None:
        """Accept a compendium together with the command that loads it."""
        async with self.database.transaction() as transaction:
            await also(transaction)
            await transaction.connection.execute(insert(tables.compendium).values(**compendium_row(compendium)))
            changed = CompendiumChanged(
                compendium_id=compendium.id, status=compendium.status, candidate=compendium.candidate
            )
            self._send(transaction, changed, compendium.version, [command], not compendium.candidate)

    async def add_job(self, advance: Advance[Job], also: Also = nothing) -> None:
        """Accept a job together with what follows from its start; raises Refused (404) without its compendium."""
        async with self.database.transaction() as transaction:
            await also(transaction)
            await hold(transaction, advance.state.compendium_id)
            await self._add_job(transaction, advance, trace.traceparent())

    async def _add_job(self, transaction: Transaction, advance: Advance[Job], traceparent: str | None) -> None:
        await transaction.connection.execute(insert(tables.job).values(**job_row(advance.state)))
        await self._job_messages(transaction, None, advance, traceparent)

    async def end_job(self, transaction: Transaction, identifier: str) -> Callable[[], None] | None:
        """Cancel a job within a transaction that has no lock of a queue; None when it has ended already.

        What is returned is to be called once the transaction has ended.
        """
        moved = await self._move_job(transaction, identifier, lambda job: cancel_job(job, self._now()))
        return partial(self._moved, *moved) if moved else None

    async def add_shipment(self, shipment: Shipment, command: Command, also: Also = nothing) -> None:
        """Accept a shipment together with the command that packs it; raises Refused (404) without its compendium."""
        async with self.database.transaction() as transaction:
            await also(transaction)
            await hold(transaction, shipment.compendium_id)
            row = row_of(shipment) | {"compendium_id": shipment.compendium_id, "owner": shipment.owner}
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
            await write(transaction, tables.compendium, before.version, compendium_row(after))
            event = compendium_event(before, after)
            self._send(transaction, event, after.version, advance.commands, not after.candidate)
            return after

    async def edit_compendium(self, identifier: str, decide: Decide, also: AlsoOf | None = None) -> Compendium | None:
        """Change or publish a compendium by a decision on it and its jobs, none of which changes meanwhile; else None.

        Whatever the jobs of a published one do later is public.
        """
        async with self.database.transaction() as transaction:
            rows = await transaction.rows(row_for_update(tables.compendium, identifier))
            if not rows:
                return None
            before = Compendium.model_validate(rows[0]["document"])
            advance = await decide(before, lambda: jobs_of(transaction, identifier))
            if advance is None:
                return None
            after = advance.state
            await write(transaction, tables.compendium, before.version, compendium_row(after))
            if also:
                await also(transaction, before, after)
            event = compendium_event(before, after)
            self._send(transaction, event, after.version, advance.commands, public=not after.candidate)
            return after

    async def move_job(
        self, identifier: str, decide: Callable[[Job], Advance[Job] | None], also: Also = nothing
    ) -> Job | None:
        """Change a job by a pure decision; None when it is not there or the decision finds nothing to do."""
        async with self.database.transaction() as transaction:
            moved = await self._move_job(transaction, identifier, decide)
            if moved is not None:
                await also(transaction)
        if moved is None:
            return None
        self._moved(*moved)
        return moved[1]

    async def _move_job(
        self, transaction: Transaction, identifier: str, decide: Callable[[Job], Advance[Job] | None]
    ) -> tuple[Job, Job] | None:
        rows = await transaction.rows(row_for_update(tables.job, identifier))
        before = Job.model_validate(rows[0]["document"]) if rows else None
        advance = decide(before) if before else None
        if advance is None or before is None:
            return None
        await write(transaction, tables.job, before.version, job_row(advance.state))
        first = await transaction.rows(first_event(before))
        place = trace.within(first[0]["traceparent"] if first else None)
        await self._job_messages(transaction, before, advance, place)
        if advance.stops:
            await stop(transaction, identifier)
        for repeat in follow_ups(advance.state):
            further = start_repeat(self._make_id(), advance.state, repeat, before.owner, self._now())
            await self._add_job(transaction, further, place)
        return before, advance.state

    async def move_shipment(
        self, identifier: str, decide: Callable[[Shipment], Advance[Shipment] | None], also: Also = nothing
    ) -> Shipment | None:
        """Change a shipment by a pure decision; None when it is not there or the decision finds nothing to do."""
        async with self.database.transaction() as transaction:
            after = await self._move_shipment(transaction, identifier, decide)
            if after is not None:
                await also(transaction)
            return after

    async def _move_shipment(
        self, transaction: Transaction, identifier: str, decide: Callable[[Shipment], Advance[Shipment] | None]
    ) -> Shipment | None:
        rows = await transaction.rows(row_for_update(tables.shipment, identifier))
        before = Shipment.model_validate(rows[0]["document"]) if rows else None
        advance = decide(before) if before else None
        if advance is None or before is None:
            return None
        await write(transaction, tables.shipment, before.version, row_of(advance.state))
        if advance.state.problem == CANCELLED:
            await stop(transaction, identifier)
        cause, now = str(advance.state.version), self._now()
        transaction.send(outgoing_command(command, cause, now) for command in advance.commands)
        return advance.state

    async def remove_compendium(self, identifier: str, also: Also = nothing) -> tuple[list[str], list[str]]:
        """Forget a compendium and end what goes on for it; return the ids of the jobs and shipments that were ended.

        Its blobs go when nothing refers to them. Who saw it may still see its events.
        """
        table = tables.compendium
        async with self.database.transaction() as transaction:
            await also(transaction)
            statement = delete(table).where(table.c.id == identifier)
            kept = (table.c.owner, table.c.candidate, table.c.published)
            gone = await transaction.rows(statement.returning(table.c.version, *kept))
            if not gone:
                return [], []
            now, grave = self._now(), {column.name: gone[0][column.name] for column in kept}
            tombstone = insert(tables.tombstone).values(compendium_id=identifier, deleted=now, **grave)
            await transaction.connection.execute(tombstone)
            jobs = await of_compendium(transaction, tables.job, identifier)
            shipments = await of_compendium(transaction, tables.shipment, identifier)
            await self._queue.hold(transaction)
            moved = [await self._move_job(transaction, one, lambda job: cancel_job(job, now)) for one in jobs]
            left = [one for one in shipments if await self._move_shipment(transaction, one, cancel_shipment)]
            await stop(transaction, identifier)
            await unlink(transaction, identifier)
            deleted = CompendiumDeleted(compendium_id=identifier)
            self._send(transaction, deleted, gone[0]["version"] + 1, [], public=not grave["candidate"])
        ended = [pair for pair in moved if pair]
        for pair in ended:
            self._moved(*pair)
        return [job.id for _before, job in ended], left

    async def _job_messages(
        self, transaction: Transaction, before: Job | None, advance: Advance[Job], traceparent: str | None
    ) -> None:
        job = advance.state
        published = await is_published(transaction, job.compendium_id)
        direct = [command for command in advance.commands if not self._queue.waits(command)]
        self._send(transaction, job_event(before, job), job.version, direct, published, traceparent)
        waiting = [command for command in advance.commands if self._queue.waits(command)]
        await self._queue.moved(transaction, before, job, waiting, traceparent)

    def _send(
        self,
        transaction: Transaction,
        event: Event,
        sequence: int,
        commands: Sequence[Command],
        public: bool,
        traceparent: str | None = None,
    ) -> None:
        now = self._now()
        said = outgoing_event(event, sequence, now, "gateway")
        asked = [outgoing_command(command, str(sequence), now) for command in commands]
        subjects = {said.message_id: public_subject(said, event)} if public else None
        transaction.send([said, *asked], public=subjects, traceparent=traceparent)
