"""The rows of the gateway's aggregates: how they are made, held, written, and how their work is stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from erc.events.outbox import Transaction, guarded_update
from erc.gateway.auth import EDITOR, Principal
from erc.gateway.errors import Refused
from erc.gateway.store.unlinking import unlink
from erc.schemas import tables
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.shipment import Shipment

DOI_CHARACTERS = 300
"""What is longer is no DOI, and no index takes it."""


Also = Callable[[Transaction], Awaitable[None]]
"""What is written within the same transaction."""


async def nothing(_transaction: Transaction) -> None:
    """Write nothing more."""


async def hold(transaction: Transaction, compendium_id: str) -> None:
    """Keep a compendium from being removed before this transaction has ended."""
    table = tables.compendium
    if not await transaction.rows(select(table.c.id).where(table.c.id == compendium_id).with_for_update(read=True)):
        raise Refused(404, "no compendium with this id")


async def of_compendium(transaction: Transaction, table: Table, identifier: str) -> list[str]:
    """Return the ids of the jobs or shipments of a compendium, and hold these rows."""
    rows = await transaction.rows(
        select(table.c.id).where(table.c.compendium_id == identifier).order_by(table.c.id).with_for_update()
    )
    return [row["id"] for row in rows]


async def jobs_of(transaction: Transaction, compendium_id: str) -> list[Job]:
    """Return the jobs of a compendium, oldest first."""
    table = tables.job
    query = select(table.c.document).where(table.c.compendium_id == compendium_id).order_by(table.c.id)
    return [Job.model_validate(row["document"]) for row in await transaction.rows(query)]


async def is_published(transaction: Transaction, compendium_id: str) -> bool:
    """Return whether a compendium is public, and hold it so: a publication waits, or is seen by what comes after."""
    table = tables.compendium
    query = select(table.c.candidate).where(table.c.id == compendium_id).with_for_update(read=True, key_share=True)
    rows = await transaction.rows(query)
    return bool(rows) and not rows[0]["candidate"]


async def stop(transaction: Transaction, work_id: str) -> None:
    """Ask the workers to stop this work; they read it at every heartbeat."""
    await transaction.connection.execute(insert(tables.cancellation).values(id=work_id).on_conflict_do_nothing())


async def write(transaction: Transaction, table: Table, version: int, row: dict[str, Any]) -> None:
    """Write the next version of a row that this transaction holds; what is public has no public link."""
    changes = {key: value for key, value in row.items() if key not in {"id", "created"}}
    changed = await transaction.changed(guarded_update(table, row["id"], version, **changes))
    assert changed == 1, "the row is held by this transaction"
    if table is tables.compendium and not row["candidate"]:
        await unlink(transaction, row["id"])


def row_of(thing: Compendium | Job | Shipment) -> dict[str, Any]:
    """Return the columns that every aggregate has."""
    return {
        "id": thing.id,
        "status": thing.status.value,
        "version": thing.version,
        "document": thing.model_dump(mode="json"),
        "created": thing.created,
    }


def compendium_row(compendium: Compendium) -> dict[str, Any]:
    """Return the row of a compendium."""
    return row_of(compendium) | {
        "owner": compendium.owner,
        "candidate": compendium.candidate,
        "published": compendium.published,
        "bytes": compendium.size_bytes,
        "base": compendium.substitution.base if compendium.substitution else None,
        "overlay": compendium.substitution.overlay if compendium.substitution else None,
        "doi": _doi(compendium),
    }


def _doi(compendium: Compendium) -> str | None:
    match compendium.metadata:
        case {"o2r": {"identifier": {"doi": str(doi)}}} if 0 < len(doi) <= DOI_CHARACTERS:
            return doi
    return None


def job_row(job: Job) -> dict[str, Any]:
    """Return the row of a job."""
    about = {"owner": job.owner, "compendium_id": job.compendium_id, "link": job.link}
    return row_of(job) | about | {"repeats": job.repeat.of if job.repeat else None}


def page(query: Select[Any], order: Any, start: int, limit: int) -> Select[Any]:
    """Return a page of a query, newest first; `start` counts from 1."""
    return query.order_by(order.desc()).offset(max(start, 1) - 1).limit(limit)


def first_event(job: Job) -> Select[Any]:
    """Return the query for the trace that a job began in."""
    event = tables.event
    first = and_(event.c.aggregate == "job", event.c.aggregate_id == job.id, event.c.sequence == 1)
    return select(event.c.traceparent).where(first)


def visible(principal: Principal, candidate: Any, owner: Any) -> ColumnElement[bool]:
    """Return the filter of lists; `authorise` decides about the single thing."""
    if principal.level >= EDITOR:
        return true()
    return or_(candidate.is_(False), owner == principal.name)
