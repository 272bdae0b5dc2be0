"""What every worker does with a delivery: begin, keep the lease, handle, end in one of five ways, acknowledge."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from erc.events.blobs import BlobStore, put_document
from erc.events.catalog import Command, Event
from erc.events.envelope import Envelope
from erc.events.errors import Cancelled, Rejected, Unavailable
from erc.events.faults import Faults
from erc.events.streams import MAX_DELIVER, Lease
from erc.schemas.ids import Digest
from erc.schemas.problem import Problem
from erc.workers.limits import TimeLimit
from erc.workers.store import Fenced, Work, WorkStore

log = logging.getLogger("erc.worker")

END_SECONDS = 10.0
OUTAGE_PAUSES = (0.1, 0.3, 1.0, *(3.0,) * 100)
"""Seconds between attempts to begin while PostgreSQL does not answer."""


class Delivery(Protocol):
    """A message as the broker handed it over."""

    body: bytes
    deliveries: int
    """How often it was delivered, this time included."""

    async def acknowledge(self) -> None:
        """Say that it is done."""
        ...

    async def later(self, seconds: float) -> None:
        """Ask for it again."""
        ...

    async def bury(self, problem: Problem) -> None:
        """Put it into the dead-letter stream and take it out of its own."""
        ...

    async def alive(self) -> None:
        """Extend the lease."""
        ...


@dataclass(frozen=True)
class Duty:
    """One kind of command, how it is handled, and what tells the world that it failed."""

    command: type[Command]
    store: WorkStore
    handle: Callable[[Any, Work], Awaitable[None]]
    """Does the work and emits its last event. Raises Rejected, Unavailable or Fenced."""
    failed: Callable[[Any, Digest, Rejected | None], Event]
    """Makes the terminal event from the command and the blob of the problem."""
    stop: Callable[[Any], Awaitable[None]] | None = None
    """Removes what an attempt that was stopped, or killed after its end, left outside (containers, volumes)."""
    limit: TimeLimit | None = None
    """How long one attempt may take."""


@dataclass
class Desk:
    """Takes the deliveries of one worker. All that is outside comes in here."""

    duties: list[Duty]
    blobs: BlobStore
    lease: Lease = field(default_factory=Lease)
    faults: Faults = field(default_factory=lambda: Faults("", None))

    def __post_init__(self) -> None:
        self._by_type = {f"{duty.command.WORKER}.{duty.command.VERB}.v1": duty for duty in self.duties}
        self._cancels: dict[str, asyncio.Event] = {}

    async def cancel(self, work_id: str) -> None:
        """Stop this work if it is going on here; the row is asked anyway at every heartbeat."""
        if work_id in self._cancels:
            self._cancels[work_id].set()

    async def take(self, delivery: Delivery) -> None:
        """Handle one delivery to its end; never raises but for cancellation of this very task."""
        try:
            envelope = Envelope.model_validate_json(delivery.body)
            command = envelope.command()
            duty = self._by_type[envelope.type]
        except (ValueError, KeyError) as error:
            await delivery.bury(Problem(code="message_unknown", title="The command is not known", detail=str(error)))
            return
        async with self._lease(delivery):
            try:
                await self._do(duty, command, envelope.id, delivery)
            except Fenced:
                log.warning("%s: a later attempt has taken over", envelope.id)
                await self._leave(duty, command)
            except (Unavailable, OSError) as error:
                log.warning("%s: later: %s", envelope.id, error)
                await delivery.later(_delay(delivery.deliveries))

    async def _do(self, duty: Duty, command: Command, message_id: str, delivery: Delivery) -> None:
        try:
            work = await self._begin(duty, command, message_id)
            if work is not None:
                self.faults.reach("after_begin")
                await self._attempt(duty, command, work, delivery)
            elif duty.stop:
                await duty.stop(command)
        except Cancelled:
            if duty.stop:
                await duty.stop(command)
        self.faults.reach("before_acknowledge")
        await delivery.acknowledge()

    async def _leave(self, duty: Duty, command: Command) -> None:
        """Remove what an overtaken attempt made outside after its successor had ended and cleaned up."""
        with contextlib.suppress(Unavailable, OSError):
            if duty.stop and not await duty.store.goes_on(command.work_id):
                await duty.stop(command)

    async def _begin(self, duty: Duty, command: Command, message_id: str) -> Work | None:
        """Begin an attempt; an outage is sat out under the lease, as giving the delivery back would use one up."""
        for pause in OUTAGE_PAUSES:
            try:
                return await duty.store.begin(command.work_id, message_id)
            except Unavailable as error:
                log.warning("%s: waits to begin: %s", message_id, error)
                await asyncio.sleep(pause)
        return await duty.store.begin(command.work_id, message_id)

    async def _attempt(self, duty: Duty, command: Command, work: Work, delivery: Delivery) -> None:
        try:
            await self._until_cancelled(duty, command, work)
        except Rejected as error:
            await self._fail(duty, command, work, error)
            if duty.stop:
                await duty.stop(command)
        except (Cancelled, Fenced):
            raise
        except Exception as error:
            if not isinstance(error, Unavailable):
                log.exception("%s: unexpected", work.command)
            if delivery.deliveries < MAX_DELIVER:
                raise Unavailable(str(error) or type(error).__name__) from error
            gone = Rejected(
                "The service could not do this",
                f"It was tried {delivery.deliveries} times; the last attempt said: {error}. Please try again later.",
                code="unavailable",
            )
            await self._fail(duty, command, work, gone)
            await delivery.bury(gone.problem)

    async def _fail(self, duty: Duty, command: Command, work: Work, error: Rejected) -> None:
        problem = await asyncio.to_thread(put_document, self.blobs, error.problem)
        work = await duty.store.current(work)
        await duty.store.emit(work, duty.failed(command, problem, error), status="failed")

    async def _until_cancelled(self, duty: Duty, command: Command, work: Work) -> None:
        """Run the handler; end it when the work is asked to stop (raises Cancelled) or takes too long (Rejected)."""
        seconds = duty.limit.length.total_seconds() if duty.limit else None
        cancel = self._cancels[work.id] = asyncio.Event()
        handling = asyncio.ensure_future(duty.handle(command, work))
        watching = asyncio.ensure_future(self._watch(duty, work.id, cancel))
        try:
            await asyncio.wait({handling, watching}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not handling.done():
                await _end(handling)
                if duty.limit and not watching.done():
                    raise duty.limit.exceeded()
                watching.result()
                with contextlib.suppress(Fenced):
                    await duty.store.emit(await duty.store.current(work), status="cancelled")
                raise Cancelled
            handling.result()
        finally:
            self._cancels.pop(work.id, None)
            await _end(watching)
            await _end(handling)

    async def _watch(self, duty: Duty, work_id: str, cancel: asyncio.Event) -> None:
        """Return when the work is asked to stop: at once by a control message, else at the next heartbeat."""
        while not cancel.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.lease.heartbeat.total_seconds()):
                    await cancel.wait()
            with contextlib.suppress(Unavailable):
                if await duty.store.cancelled(work_id):
                    return
            cancel.clear()

    @contextlib.asynccontextmanager
    async def _lease(self, delivery: Delivery) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await asyncio.sleep(self.lease.heartbeat.total_seconds())
                await delivery.alive()

        beating = asyncio.ensure_future(beat())
        try:
            yield
        finally:
            await _end(beating)


async def _end(future: asyncio.Future[Any]) -> None:
    """End what a future does; one that does not end is left behind, fenced out: it can write nothing any more."""
    future.cancel()
    await asyncio.wait({future}, timeout=END_SECONDS)
    if not future.done():
        log.error("Something does not end when it is told to; it is left alone")
    elif not future.cancelled():
        future.exception()


def _delay(deliveries: int) -> float:
    """Return how many seconds to wait before the next delivery: 1, 4, 16, 60."""
    return float(min(60, 4 ** (deliveries - 1)))
