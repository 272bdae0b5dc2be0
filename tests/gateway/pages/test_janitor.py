"""The janitor on a real PostgreSQL and a real NATS, where no worker lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from erc.events.bus import Client, connect
from erc.events.catalog import LoadWorkspace, PackShipment
from erc.events.outbox import utc_now
from erc.events.pending import Pending
from erc.gateway.abandoned import LOST
from erc.gateway.follow import Undertaker
from erc.gateway.identifiers import new_id
from erc.gateway.janitor import Janitor
from erc.gateway.store.abandoned import SqlCare
from erc.schemas import tables
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import encode_id
from erc.schemas.job import StepName, StepStatus
from erc.schemas.shipment import Shipment, ShipmentStatus

PATIENCE = timedelta(minutes=5)


@dataclass
class Yard:
    """A janitor with a clock that goes as a test wants, and what can be done to its streams."""

    world: Any
    client: Client
    ahead: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        services = self.world.services
        self.rows = SqlCare(services.records.database, services.queue)

        async def nothing(_advisory: dict[str, Any]) -> bytes | None:
            return None

        ends = Undertaker(services.records, nothing, utc_now)
        self.janitor = Janitor(self.rows, Pending(self.client), ends, self.now, PATIENCE)

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def later(self) -> None:
        """Let the janitor come by after its patience."""
        self.ahead += PATIENCE + timedelta(seconds=1)
        assert await self.janitor.once()

    async def sent(self) -> None:
        """Wait until the relay has published everything."""
        event = tables.event
        unsent = select(func.count()).select_from(event).where(event.c.sent.is_(None))
        async with asyncio.timeout(10):
            while (await self.database.rows(unsent))[0]["count"]:  # noqa: ASYNC110 - another task publishes
                await asyncio.sleep(0.02)

    async def lose_commands(self) -> None:
        await self.sent()
        await self.client.jetstream().purge_stream("COMMANDS")

    async def commands(self) -> list[str]:
        """Return the ids of the commands in the stream."""
        await self.sent()
        js = self.client.jetstream()
        info = await js.stream_info("COMMANDS", subjects_filter=">")
        found = []
        for subject in info.state.subjects or {}:
            headers = (await js.get_last_msg("COMMANDS", subject)).headers or {}
            found.append(headers["Nats-Msg-Id"])
        return found

    @property
    def database(self) -> Any:
        return self.world.services.records.database

    async def slots(self, count: int) -> None:
        async with self.database.transaction() as transaction:
            row = {"instance": "one", "worker": "builder", "slots": count, "seen": func.now()}
            await transaction.connection.execute(insert(tables.capacity).values(**row))


@pytest.fixture
async def yard(world: Any, servers: tuple[str, str]) -> AsyncIterator[Yard]:
    client = await connect(servers[1], "janitor")
    for stream in ("COMMANDS", "EVENTS"):
        await client.jetstream().purge_stream(stream)
    yield Yard(world, client)
    await client.close()


async def a_coming_compendium(yard: Yard) -> Compendium:
    upload = yard.world.services.blobs.put(b"archive")
    compendium = Compendium(id=new_id(), owner="operator", upload=upload, created=utc_now())
    command = LoadWorkspace(compendium_id=compendium.id, upload=upload)
    await yard.world.services.records.add_compendium(compendium, command)
    return compendium


async def test_a_command_that_was_lost_is_sent_once_more_and_then_given_up(yard: Yard) -> None:
    compendium = await a_coming_compendium(yard)
    await yard.lose_commands()
    await yard.later()
    assert await yard.commands() == [f"command:{compendium.id}:loader.load:0.again"]
    await yard.later()
    assert (await yard.world.services.records.compendium(compendium.id)).status is CompendiumStatus.LOADING
    await yard.lose_commands()
    await yard.later()
    after = await yard.world.services.records.compendium(compendium.id)
    assert (after.status, after.problem) == (CompendiumStatus.REJECTED, LOST)
    await yard.later()
    assert await yard.commands() == []


async def test_a_shipment_and_a_job_that_were_lost_end_with_the_sentence(yard: Yard) -> None:
    records, compendium = yard.world.services.records, await yard.world.compendium()
    shipment = Shipment(id=new_id(), compendium_id=compendium.id, owner="operator", created=utc_now())
    command = PackShipment(shipment_id=shipment.id, compendium_id=compendium.id, record="a" * 64)
    await records.add_shipment(shipment, command)
    await yard.slots(1)
    job = await yard.world.begin(compendium)
    for _ in range(2):
        await yard.lose_commands()
        await yard.later()
    await yard.lose_commands()
    await yard.later()
    ended, packed = await records.job(job.id), await records.shipment(shipment.id)
    assert (ended.verdict, ended.problem) == (Verdict.FAILED, LOST)
    assert (packed.status, packed.problem) == (ShipmentStatus.ERROR, LOST)
    stopped = await yard.database.rows(select(tables.cancellation.c.id).where(tables.cancellation.c.id == job.id))
    assert stopped, "a worker that may still be at it was not told to end"


async def test_a_job_that_waits_for_a_slot_is_waited_for(yard: Yard) -> None:
    compendium = await yard.world.compendium()
    answer = (await yard.world.begin(compendium)).id
    for _ in range(3):
        await yard.later()
    job = await yard.world.services.records.job(answer)
    assert not job.terminal
    await yard.slots(1)
    async with yard.database.transaction() as transaction:
        assert await yard.world.services.queue.fill(transaction, "builder") == 1
    for _ in range(3):
        await yard.lose_commands()
        await yard.later()
    job = await yard.world.services.records.job(answer)
    assert job.problem == LOST
    assert job.steps[StepName.GENERATE_CONFIGURATION].status is StepStatus.FAILURE


async def test_a_worker_that_says_it_goes_on_is_left_alone(yard: Yard) -> None:
    compendium = await a_coming_compendium(yard)
    await yard.lose_commands()
    work = tables.workspace
    row = {"id": compendium.id, "command": "c", "attempt": 1, "version": 0, "status": "running", "document": {}}
    async with yard.database.transaction() as transaction:
        await transaction.connection.execute(insert(work).values(**row))
    for _ in range(3):
        async with yard.database.transaction() as transaction:
            alive = update(work).values(changed=yard.now() + PATIENCE)
            await transaction.connection.execute(alive)
        await yard.later()
    assert await yard.commands() == []
    await yard.later()
    assert await yard.commands() == [f"command:{compendium.id}:loader.load:0.again"]


async def test_one_janitor_cares_at_a_time(yard: Yard) -> None:
    async with yard.rows.leading() as leads:
        assert leads
        assert not await yard.janitor.once()
    assert await yard.janitor.once()


async def test_what_is_over_is_trimmed(yard: Yard) -> None:
    job = await yard.world.job(await yard.world.compendium())
    now, day = utc_now(), timedelta(days=1)
    ended = encode_id(1, bytes(10))
    command = {"type": "builder.prepare", "data": {}}
    rows: list[tuple[Any, dict[str, Any]]] = [
        (tables.idempotency, {"principal": "a", "key": key, "fingerprint": "f", "answer": {}, "created": made})
        for key, made in (("old", now - day), ("new", now - day + timedelta(minutes=1)))
    ]
    rows += [
        (tables.session, {"id": name, "principal": "a", "expires": now + left})
        for name, left in (("old", -day), ("new", day))
    ]
    rows += [
        (tables.capacity, {"instance": name, "worker": "w", "slots": 1, "seen": seen})
        for name, seen in (("old", now - day), ("new", now))
    ]
    rows += [
        (tables.cancellation, {"id": name, "requested": asked})
        for name, asked in (("old", now - 40 * day), ("new", now))
    ]
    rows += [
        (tables.waiting, {"job_id": name, "worker": "builder", "owner": "a", "cause": "1", "command": command})
        for name in (ended, job.id)
    ]
    async with yard.database.transaction() as transaction:
        for table, row in rows:
            await transaction.connection.execute(insert(table).values(**row))
    assert await yard.janitor.once()
    left = {
        table.name: [row[column] for row in await yard.database.rows(select(table))]
        for table, column in (
            (tables.idempotency, "key"),
            (tables.session, "id"),
            (tables.capacity, "instance"),
            (tables.cancellation, "id"),
            (tables.waiting, "job_id"),
        )
    }
    assert left == {name: ["new"] for name in list(left)[:4]} | {"waiting": [job.id]}
