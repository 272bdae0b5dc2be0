"""Follows the workers' events: reads what they point to, asks the pipeline, records what follows."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from erc.events.blobs import BlobStore
from erc.events.catalog import Command, Event, ImageSaved, PackingFailed, SaveImage, ShipmentPacked
from erc.events.envelope import Envelope
from erc.events.errors import Rejected, Unavailable
from erc.events.faults import Faults
from erc.gateway.arrival import advance_compendium, reject_compendium
from erc.gateway.packing import fail_shipment
from erc.gateway.pipeline import advance_job, current_step, fail_job
from erc.gateway.store.records import Records
from erc.gateway.transition import Advance, Facts, TooEarly
from erc.schemas.check import CheckReport
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.metadata import Description
from erc.schemas.problem import Problem
from erc.schemas.repeat import Conditions
from erc.schemas.shipment import Shipment, ShipmentStatus

log = logging.getLogger("erc.gateway")

M = TypeVar("M", bound=BaseModel)

MOMENTS = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Seconds to wait for an event's predecessor."""

GAVE_UP = Problem(
    code="unavailable",
    title="The service could not do this",
    detail="It was tried several times without an answer. Please try again later.",
)


class Delivery(Protocol):
    """A message as the broker handed it over."""

    body: bytes
    deliveries: int

    async def acknowledge(self) -> None:
        """Say that it is done."""
        ...

    async def later(self, seconds: float) -> None:
        """Ask for it again."""
        ...

    async def bury(self, problem: Problem) -> None:
        """Put it into the dead-letter stream."""
        ...


class Follower:
    """Turns one event into one transition; safe to repeat."""

    def __init__(self, records: Records, blobs: BlobStore, faults: Faults) -> None:
        self._records, self._blobs, self._faults = records, blobs, faults

    async def take(self, delivery: Delivery) -> None:
        """Handle one delivery to its end."""
        try:
            envelope = Envelope.model_validate_json(delivery.body)
            event = envelope.event()
        except ValueError as error:
            await delivery.bury(Problem(code="message_unknown", title="The event is not known", detail=str(error)))
            return
        try:
            await self._apply_soon(event, envelope.time)
        except (Unavailable, OSError) as error:
            log.info("%s: later: %s", envelope.id, error)
            await delivery.later(min(30.0, 0.1 * 2.0 ** min(delivery.deliveries, 10)))
            return
        except Exception:
            log.exception("%s: unexpected", envelope.id)
            await delivery.later(30.0)
            return
        self._faults.reach("before_acknowledge")
        await delivery.acknowledge()

    async def _apply_soon(self, event: Event, time: datetime) -> None:
        """Apply an event; one that overtook its predecessor by moments is tried again here, not by the broker."""
        for pause in MOMENTS:
            try:
                return await self._apply(event, time)
            except TooEarly:
                await asyncio.sleep(pause)
        return await self._apply(event, time)

    async def _apply(self, event: Event, time: datetime) -> None:
        facts = await asyncio.to_thread(self._facts, event, time)
        if isinstance(event, (ShipmentPacked, PackingFailed)):
            await self._records.move_shipment(event.aggregate_id, lambda it: advance_shipment(it, event, facts))
        elif event.ID_FIELD == "compendium_id":
            await self._records.move_compendium(event.aggregate_id, lambda it: advance_compendium(it, event, facts))
        else:
            await self._records.move_job(event.aggregate_id, lambda it: advance_job(it, event, facts))

    def _facts(self, event: Event, time: datetime) -> Facts:
        return Facts(
            time=time,
            problem=self._document(event, "problem", Problem),
            report=self._document(event, "report", CheckReport),
            description=self._document(event, "description", Description),
            conditions=self._document(event, "conditions", Conditions),
        )

    def _document(self, event: Event, field: str, model: type[M]) -> M | None:
        digest = getattr(event, field, None)
        if not digest:
            return None
        try:
            return model.model_validate_json(self._blobs.read(digest))
        except (Rejected, ValidationError) as error:
            raise Unavailable(f"The {field} {digest} cannot be read: {error}") from error


def advance_shipment(
    shipment: Shipment, event: ShipmentPacked | PackingFailed, facts: Facts
) -> Advance[Shipment] | None:
    """Return what follows for a shipment, or None when the event is stale."""
    if shipment.status is not ShipmentStatus.TO_BE_SHIPPED:
        return None
    if isinstance(event, ShipmentPacked):
        if event.record and shipment.record and event.record != shipment.record:
            return None
        changes: dict[str, Any] = {"status": ShipmentStatus.SHIPPED, "package": event.package}
    else:
        changes = {"status": ShipmentStatus.ERROR, "problem": facts.problem}
    changes["modified"] = facts.time
    return Advance(shipment.model_copy(update={**changes, "version": shipment.version + 1}))


class Undertaker:
    """Gives a terminal state to whatever waits for a command that was delivered too often or was buried."""

    def __init__(
        self,
        records: Records,
        fetch: Callable[[dict[str, Any]], Awaitable[bytes | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._records, self._fetch, self._now = records, fetch, now

    async def take(self, delivery: Delivery) -> None:
        """Handle one dead letter: an advisory of NATS, or a message buried by a worker."""
        try:
            dead = json.loads(delivery.body)
            body = dead["message"].encode() if "message" in dead else await self._fetch(dead)
            if body is not None:
                envelope = Envelope.model_validate_json(body)
                problem = Problem.model_validate(dead["problem"]) if "problem" in dead else GAVE_UP
                await self.end(envelope.command(), problem)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("A dead letter names no work: %s", error)
        except Unavailable as error:
            log.info("A dead letter waits: %s", error)
            await delivery.later(5.0)
            return
        await delivery.acknowledge()

    async def end(self, command: Command, problem: Problem) -> None:
        """End what waits for a command, if it still does."""
        log.warning("%s %s is dead: %s", command.VERB, command.work_id, problem.sentence())
        if isinstance(command, SaveImage):
            facts = Facts(time=self._now(), problem=problem)
            await self._records.move_job(
                command.work_id, lambda it: advance_job(it, ImageSaved(job_id=command.job_id), facts)
            )
        else:
            await self.end_work(command.ID_FIELD.removesuffix("_id"), command.work_id, problem)

    async def end_work(self, kind: str, identifier: str, problem: Problem) -> None:
        """End a compendium, job or shipment that has not come to its end."""
        now = self._now()
        if kind == "shipment":
            await self._records.move_shipment(identifier, lambda it: fail_shipment(it, problem))
        elif kind == "compendium":
            await self._records.move_compendium(identifier, lambda it: _reject(it, problem))
        else:
            await self._records.move_job(identifier, lambda it: _fail(it, problem, now))


def _reject(compendium: Compendium, problem: Problem) -> Advance[Compendium] | None:
    return reject_compendium(compendium, problem)


def _fail(job: Job, problem: Problem, now: datetime) -> Advance[Job] | None:
    advance = fail_job(job, current_step(job), problem, now)
    return replace(advance, stops=True) if advance else None
