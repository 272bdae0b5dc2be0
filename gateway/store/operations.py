"""What operators look at and do: the event log, the state of the wire, and the record of their operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, text, update

from erc.events.outbox import Database
from erc.gateway.health import Flow
from erc.schemas import tables

_FLOW = text(
    "SELECT (SELECT count(*) FROM event WHERE sent IS NULL) AS waiting, "
    "(SELECT extract(epoch FROM now() - created) FROM event WHERE sent IS NULL ORDER BY id LIMIT 1) AS oldest, "
    "(SELECT instance FROM relay) AS relay, (SELECT extract(epoch FROM now() - seen) FROM relay) AS silent"
)
_SLOTS = text("SELECT worker, sum(slots) AS slots FROM capacity WHERE seen > now() - interval '20 s' GROUP BY worker")


@dataclass(frozen=True)
class Wanted:
    """Which events are wanted; an empty word wants all."""

    aggregate: str = ""
    """The id of a compendium, job or shipment, also of the command's work."""
    kind: str = ""
    stream: str = ""


@dataclass(frozen=True)
class Operation:
    """Something that an operator did or asked for."""

    id: str
    principal: str
    action: str
    document: dict[str, Any]
    created: datetime
    ended: datetime | None


class Operations:
    """Reads and writes for operators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def flow(self) -> Flow:
        row = (await self._database.rows(_FLOW))[0]
        slots = await self._database.rows(_SLOTS)
        return Flow(
            oldest_unsent_seconds=_number(row["oldest"]),
            waiting=row["waiting"],
            relay=row["relay"],
            relay_silent_seconds=_number(row["silent"]),
            slots={one["worker"]: one["slots"] for one in slots},
        )

    async def events(self, wanted: Wanted, after: int, most: int) -> Sequence[Any]:
        """Return the published messages behind a position, in the order of their publication."""
        table = tables.event
        query = select(table).where(table.c.position > after, *_filters(wanted))
        return await self._database.rows(query.order_by(table.c.position).limit(most))

    async def last_events(self, wanted: Wanted, most: int) -> Sequence[Any]:
        """Return the newest published messages, in the order of their publication."""
        table = tables.event
        query = select(table).where(table.c.position.is_not(None), *_filters(wanted))
        return (await self._database.rows(query.order_by(table.c.position.desc()).limit(most)))[::-1]

    async def event(self, identifier: str) -> Any | None:
        """Return a message by its id or its position, published or not."""
        table = tables.event
        place = int(identifier) if identifier.isdecimal() and len(identifier) < 19 else -1
        rows = await self._database.rows(
            select(table).where(or_(table.c.message_id == identifier, table.c.position == place)).limit(1)
        )
        return rows[0] if rows else None

    async def logged(self, stream: str) -> int:
        """Return how many messages of the event log belong into a stream."""
        table = tables.event
        belongs = table.c.public.is_not(None) if stream == "PUBLIC" else table.c.stream == stream
        query = select(func.count()).select_from(table).where(belongs, table.c.sent.is_not(None))
        return int((await self._database.rows(query))[0]["count_1"])

    async def whole(self) -> dict[str, str]:
        """Return the incarnation of each stream that the relay found or made whole."""
        rows = await self._database.rows(select(tables.stream.c.name, tables.stream.c.incarnation))
        return {row["name"]: row["incarnation"] for row in rows}

    async def begin(self, identifier: str, principal: str, action: str, document: dict[str, Any]) -> None:
        """Record an operation that goes on."""
        async with self._database.transaction() as transaction:
            values = {"id": identifier, "principal": principal, "action": action}
            await transaction.connection.execute(insert(tables.operation).values(document=document, **values))

    async def end(self, identifier: str, document: dict[str, Any]) -> None:
        """Record that an operation has ended, and what came of it."""
        table = tables.operation
        async with self._database.transaction() as transaction:
            await transaction.changed(
                update(table)
                .where(table.c.id == identifier, table.c.ended.is_(None))
                .values(document=document, ended=func.now())
            )

    async def latest(self, action: str, most: int = 1) -> Sequence[Operation]:
        """Return the newest operations of one kind (empty: of all), newest first."""
        table = tables.operation
        query = select(table).order_by(table.c.id.desc()).limit(most)
        rows = await self._database.rows(query.where(table.c.action == action) if action else query)
        return [Operation(**row) for row in rows]


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    table = tables.event
    filters: list[ColumnElement[bool]] = []
    if wanted.aggregate:
        about = or_(table.c.aggregate_id == wanted.aggregate, table.c.body["subject"].astext == wanted.aggregate)
        filters.append(about)
    if wanted.kind:
        filters.append(table.c.body["type"].astext == wanted.kind)
    if wanted.stream:
        filters.append(table.c.stream == wanted.stream)
    return filters


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
