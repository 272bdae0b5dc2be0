"""Planted bugs: each puts a broken object in the place of one of the product's, and the invariants must notice."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from support.simulated.language import select, update
from support.simulated.machines import Nature
from support.simulated.parts import Parts

from erc.events.bus import StreamPublisher
from erc.events.catalog import Event
from erc.events.errors import Unavailable
from erc.events.outbox import Database, Transaction, database_errors
from erc.events.relay import BATCH, Relay, Waiting
from erc.gateway.idempotency import Answer, Asked, Idempotency, Keep
from erc.gateway.store.queue import Queue
from erc.gateway.store.records import Records
from erc.gateway.streaming.cursor import Cursor
from erc.gateway.streaming.everything import Begin, begin
from erc.gateway.streaming.streams import Streams
from erc.gateway.transition import Advance
from erc.schemas.job import Job
from erc.workers.indexer.handler import Indexer
from erc.workers.run import Delivery, Desk, Duty
from erc.workers.store import Fenced, Work, WorkStore
from simulation.scenario import Plan


@dataclass(frozen=True)
class Mutant:
    """A planted bug; `plan` where it shows in certain weather only."""

    parts: Parts
    plan: Plan | None = None


class PublishesBeforeCommit(Database):
    """Two writes that can disagree: the messages go out by themselves, then the rows are committed."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with database_errors(), self.engine.begin() as connection:
            transaction = Transaction(connection)
            yield transaction
            for message in transaction.outgoing:
                headers = {"Nats-Msg-Id": message["message_id"]}
                body = json.dumps(message["body"]).encode()
                client: Any = self.engine
                await client.client.publish(message["subject"], body, stream=message["stream"], headers=headers)
                message["sent"] = message["body"]["time"]
            await transaction.flush()


class SendsNoId(StreamPublisher):
    """Every publish is a new message to the stream."""

    _numbers = itertools.count()

    async def publish(self, stream: str, messages: Sequence[Waiting]) -> None:
        named = [replace(one, message_id=f"{one.message_id}:{next(self._numbers)}") for one in messages]
        await super().publish(stream, named)


class MarksFirst(Relay):
    """Marks rows as sent, then publishes them."""

    async def once(self) -> int:
        if not await self._outbox.lead():
            return 0
        waiting = await self._outbox.unsent(BATCH)
        if waiting:
            await self._outbox.mark_sent([message.row for message in waiting])
        for message in waiting:
            await self._publisher.publish(message.stream, [message])
        return len(waiting)


class DoesNotCompare(Relay):
    """Trusts the stream to know every id, however old the row."""

    async def _there(self, _messages: Sequence[Waiting]) -> set[tuple[str, str]]:
        return set()


class AcknowledgesFirst(Desk):
    """Takes the message out of the stream, then does the work."""

    async def take(self, delivery: Delivery) -> None:
        await delivery.acknowledge()
        await super().take(delivery)


class FencedOutAcknowledges(Desk):
    """An attempt that was overtaken acknowledges what the later one needs."""

    async def _do(self, duty: Duty, command: Any, message_id: str, delivery: Delivery) -> None:
        try:
            await super()._do(duty, command, message_id, delivery)
        except Fenced:
            await delivery.acknowledge()
            raise


class HasNoHeart(Desk):
    """Work that lasts does not extend its lease."""

    @contextlib.asynccontextmanager
    async def _lease(self, _delivery: Delivery) -> AsyncIterator[None]:
        yield


class HasNoFence(WorkStore):
    """Whoever comes last writes, whichever attempt it is."""

    async def emit_in(
        self,
        transaction: Transaction,
        work: Work,
        *events: Event,
        status: str = "running",
        document: dict[str, Any] | None = None,
    ) -> Work:
        table = self._table
        rows = await transaction.rows(select(table).where(table.c.id == work.id).with_for_update())
        await transaction.changed(update(table).where(table.c.id == work.id).values(status="running"))
        seen = replace(work, attempt=rows[0]["attempt"], version=rows[0]["version"])
        return await super().emit_in(transaction, seen, *events, status=status, document=document)


class BeginsWithoutLookingAgain(WorkStore):
    """Two attempts that begin at the same moment have the same number, and no fence between them."""

    def _upsert(self, work: Work, status: str) -> Any:
        statement = super()._upsert(work, status)
        statement.conflict_where = None
        return statement


class SavesTheCursorFirst(Indexer):
    """Acknowledges an event, then writes what it says."""

    async def take(self, delivery: Delivery) -> None:
        await delivery.acknowledge()
        await super().take(delivery)


class SaysTheEndFirst(Records):
    """Commits the terminal event of a job before the job."""

    async def _job_messages(
        self, transaction: Transaction, before: Job | None, advance: Advance[Job], traceparent: str | None
    ) -> None:
        if not advance.state.terminal:
            await super()._job_messages(transaction, before, advance, traceparent)
            return
        async with self.database.transaction() as early:
            await super()._job_messages(early, before, advance, traceparent)


class ForgetsKeys(Idempotency[Transaction]):
    """Does what is asked each time that it is asked."""

    async def once(self, _asked: Asked, act: Callable[[Keep[Transaction]], Awaitable[Answer]]) -> tuple[Answer, bool]:
        async def keep(_transaction: Transaction, _answer: Answer) -> None:
            """Keep nothing."""

        return await act(keep), False


async def begins_now(streams: Streams, asked: Cursor | None, *, from_the_beginning: bool) -> Begin:
    """Every reader that comes back begins at the end, wherever it was."""
    return await begin(streams, None, from_the_beginning=from_the_beginning)


class LocksQueuesInAnyOrder(Queue):
    """Takes the locks of two queues one after the other, as a job's transition happens to need them."""

    async def hold(self, transaction: Transaction) -> None:
        pass


def takes_dead_letters_first(client: Any) -> Callable[[dict[str, Any]], Awaitable[bytes | None]]:
    """Take a command that was given up out of its stream, then end what waits for it."""

    async def fetch(advisory: dict[str, Any]) -> bytes | None:
        stream, sequence = advisory["stream"], advisory["stream_seq"]
        try:
            message = await client.get_msg(stream, sequence)
            await client.delete_msg(stream, sequence)
        except NotFoundError:
            return None
        except NatsError as error:
            raise Unavailable("NATS does not answer") from error
        body: bytes = message.data
        return body

    return fetch


@dataclass(frozen=True)
class _Weather:
    """Plans in which a bug shows that most runs hide."""

    outage: Plan = field(default_factory=lambda: Plan(outage=True, twice=True, cancels=0, reads=False))
    slow: Plan = field(default_factory=lambda: Plan(twice=True, nature=Nature(slow=0.3), reads=False))
    still: Plan = field(
        default_factory=lambda: Plan(
            uploads=2, kills=8, stops=8, twice=True, lost=0.02, nature=Nature(slow=0.5), reads=False
        )
    )
    stalled: Plan = field(
        default_factory=lambda: Plan(
            uploads=6, jobs=0, stalls=0.06, twice=True, ships=0.0, nature=Nature(refused=0.5), reads=False
        )
    )
    crowded: Plan = field(default_factory=lambda: Plan(uploads=2, jobs=4, cancels=0.6, twice=True, ships=0.0))
    deadly: Plan = field(
        default_factory=lambda: Plan(uploads=4, jobs=0, kills=30, lost=0.3, lost_deliveries=0.7, ships=0.0)
    )
    storm: Plan = field(
        default_factory=lambda: Plan(
            uploads=3, jobs=2, kills=20, stops=20, twice=True, nature=Nature(slow=0.8), reads=False
        )
    )
    read: Plan = field(default_factory=lambda: Plan(kills=3, lost=0.02))
    lossy: Plan = field(default_factory=lambda: Plan(uploads=2, jobs=0, kills=6, lost=0.12, ships=0.0, reads=False))


_WEATHER = _Weather()

MUTANTS: dict[str, Mutant] = {
    "publish_before_commit": Mutant(Parts(database=PublishesBeforeCommit)),
    "no_dedup_id": Mutant(Parts(publisher=SendsNoId)),
    "delete_before_publish": Mutant(Parts(relay=MarksFirst)),
    "ack_first": Mutant(Parts(desk=AcknowledgesFirst)),
    "begins_without_looking_again": Mutant(Parts(work_store=BeginsWithoutLookingAgain), _WEATHER.stalled),
    "no_fence": Mutant(Parts(work_store=HasNoFence), _WEATHER.still),
    "fenced_out_acks": Mutant(Parts(desk=FencedOutAcknowledges), _WEATHER.storm),
    "no_idempotency": Mutant(Parts(idempotency=ForgetsKeys)),
    "sse_from_now": Mutant(Parts(begin=begins_now), _WEATHER.read),
    "no_heartbeat": Mutant(Parts(desk=HasNoHeart), _WEATHER.slow),
    "dedup_window_too_short": Mutant(Parts(window=timedelta(milliseconds=5))),
    "old_rows_not_compared": Mutant(Parts(relay=DoesNotCompare), _WEATHER.outage),
    "index_cursor_saved_before_write": Mutant(Parts(indexer=SavesTheCursorFirst), _WEATHER.lossy),
    "terminal_event_before_row": Mutant(Parts(records=SaysTheEndFirst)),
    "queues_locked_in_any_order": Mutant(Parts(queue=LocksQueuesInAnyOrder), _WEATHER.crowded),
    "dead_letters_taken_first": Mutant(Parts(fetcher=takes_dead_letters_first), _WEATHER.deadly),
}
