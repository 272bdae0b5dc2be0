"""What waits in the database goes on in the trace in which it began."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, text

from erc.events import trace
from erc.events.trace import Trace
from erc.gateway.identifiers import new_id
from erc.gateway.pipeline import cancel_job, start_job
from erc.gateway.store.queue import fill_all
from erc.schemas import tables
from erc.schemas.job import Job

from .conftest import MADE, World

FIRST, SECOND = Trace("1" * 32, "a" * 16), Trace("2" * 32, "b" * 16)


async def _started(world: World, place: Trace | None) -> Job:
    compendium = await world.compendium()
    job = Job(id=new_id(), compendium_id=compendium.id, owner=compendium.owner, created=MADE)
    with trace.at(place):
        await world.services.records.add_job(start_job(job, compendium))
    return job


async def _traces(world: World, **where: str) -> list[Any]:
    event = tables.event
    query = select(event.c.traceparent).where(*(event.c[name] == value for name, value in where.items()))
    found = [Trace.parse(row["traceparent"]) for row in await world.services.records.database.rows(query)]
    return [place.trace_id if place else None for place in found]


async def _offer_slots(world: World, place: Trace | None) -> None:
    database = world.services.records.database
    async with database.transaction() as transaction:
        offer = insert(tables.capacity).values(instance=new_id(), worker="builder", slots=1, seen=text("now()"))
        await transaction.connection.execute(offer)
    with trace.at(place):
        await fill_all(database, world.services.queue)


async def test_a_job_that_waited_goes_on_in_its_own_trace_whoever_freed_the_slot(world: World) -> None:
    await _started(world, FIRST)
    assert await _traces(world, stream="COMMANDS") == []
    await _offer_slots(world, SECOND)
    assert await _traces(world, stream="COMMANDS") == [FIRST.trace_id]


async def test_a_job_that_began_outside_a_trace_gets_one_of_its_own(world: World) -> None:
    await _started(world, None)
    await _offer_slots(world, SECOND)
    (found,) = await _traces(world, stream="COMMANDS")
    assert found not in {None, SECOND.trace_id}


async def test_a_job_ends_in_the_trace_in_which_it_began(world: World) -> None:
    job = await _started(world, FIRST)
    with trace.at(SECOND):
        await world.services.records.move_job(job.id, lambda it: cancel_job(it, MADE))
    assert await _traces(world, aggregate="job", aggregate_id=job.id) == [FIRST.trace_id] * 2
