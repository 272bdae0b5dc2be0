"""What the gateway's routes do with a request: each is answered once by its key, as the product does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.simulated.network import Process

from erc.events import trace
from erc.events.blobs import put_document
from erc.events.catalog import LoadWorkspace, PackShipment
from erc.events.outbox import Database, Transaction
from erc.gateway.idempotency import Answer, Asked, Keep, fingerprint
from erc.gateway.repeats import first_repeat, repeatable, start_repeat
from erc.gateway.store.idempotency import SqlAnswers
from erc.gateway.store.repeats import Repeats
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Id
from erc.schemas.job import Job
from erc.schemas.shipment import PackRecord, Shipment

if TYPE_CHECKING:
    from simulation.world import World

Act = Callable[[Keep[Transaction]], Awaitable[Answer]]


class Ended(Exception):
    """What the gateway says about a job that cannot be cancelled, or repeated, any more: 409."""


@dataclass
class Gateway:
    """One gateway's process as clients see it. Every method raises Unavailable, or KeyTaken: ask again."""

    world: World
    process: Process
    records: Any
    database: Database

    def __post_init__(self) -> None:
        self._idempotency = self.world.parts.idempotency(SqlAnswers(self.database), self.world.now)

    async def upload(self, owner: str, key: str, archive: bytes) -> Id:
        """Accept an archive."""
        world = self.world
        digest = await asyncio.to_thread(world.blobs.put, archive)

        async def act(keep: Keep[Transaction]) -> Answer:
            compendium = Compendium(id=world.new_id(), owner=owner, version=1, upload=digest, created=world.now())
            command, answer = LoadWorkspace(compendium_id=compendium.id, upload=digest), _answer(compendium.id)
            await self.records.add_compendium(compendium, command, lambda transaction: keep(transaction, answer))
            return answer

        return await self._once(owner, key, ("/compendium", digest), act)

    async def begin(self, owner: str, key: str, compendium_id: Id) -> Id:
        """Start a job."""
        world = self.world

        async def act(keep: Keep[Transaction]) -> Answer:
            compendium = await self.records.compendium(compendium_id)
            job = Job(id=world.new_id(), compendium_id=compendium_id, owner=owner, created=world.now())
            advance, answer = world.parts.start_job(job, compendium), _answer(job.id)
            await self.records.add_job(advance, lambda transaction: keep(transaction, answer))
            return answer

        return await self._once(owner, key, ("/job", compendium_id), act)

    async def cancel(self, owner: str, key: str, job_id: Id) -> bool:
        """Cancel a job; False when it has ended already."""
        try:
            await self._once(owner, key, ("/cancel", job_id), lambda keep: self._stop(job_id, keep))
        except Ended:
            return False
        return True

    async def _stop(self, job_id: Id, keep: Keep[Transaction]) -> Answer:
        world, answer = self.world, _answer(job_id)
        after = await self.records.move_job(
            job_id,
            lambda job: world.parts.cancel_job(job, world.now()),
            lambda transaction: keep(transaction, answer),
        )
        if after is None:
            raise Ended
        for desk in world.desks.values():
            if world.rng.random() < 0.8:
                await desk.cancel(job_id)
        return answer

    async def repeat(self, owner: str, key: str, job_id: Id) -> bool:
        """Have a job repeated; False when it cannot be, or is being repeated."""
        try:
            await self._once(owner, key, ("/repeat", job_id), lambda keep: self._repeat(owner, job_id, keep))
        except Ended:
            return False
        return True

    async def _repeat(self, owner: str, job_id: Id, keep: Keep[Transaction]) -> Answer:
        world = self.world
        job = await self.records.job(job_id)
        if not repeatable(job):
            raise Ended
        advance = start_repeat(world.new_id(), job, first_repeat(job, job.manifest), owner, world.now())
        answer = _answer(advance.state.id)

        async def within(transaction: Transaction) -> None:
            if await Repeats(self.database).going_on(transaction, job_id):
                raise Ended
            await keep(transaction, answer)

        await self.records.add_job(advance, within)
        return answer

    async def ship(self, owner: str, key: str, compendium_id: Id) -> Id:
        """Order a bag."""
        world = self.world

        async def act(keep: Keep[Transaction]) -> Answer:
            compendium = await self.records.compendium(compendium_id)
            record = PackRecord(compendium_id=compendium_id, manifest=compendium.manifest, documents={"a.json": "{}"})
            kept = await asyncio.to_thread(put_document, world.blobs, record)
            shipment = Shipment(id=world.new_id(), compendium_id=compendium_id, owner=owner, created=world.now())
            command = PackShipment(shipment_id=shipment.id, compendium_id=compendium_id, record=kept)
            answer = _answer(shipment.id)
            await self.records.add_shipment(shipment, command, lambda transaction: keep(transaction, answer))
            return answer

        return await self._once(owner, key, ("/shipment", compendium_id), act)

    async def _once(self, owner: str, key: str, asked: tuple[str, str], act: Act) -> Id:
        with trace.span("request", "server", None):
            request = Asked(owner, key, fingerprint("POST", *asked))
            answer, _replayed = await self._idempotency.once(request, act)
        return str(json.loads(answer.body)["id"])


def _answer(identifier: Id) -> Answer:
    return Answer(202, json.dumps({"id": identifier}))
