"""The notifier's rows: how far each webhook is, and the delivery log. It reads webhooks and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from erc.events.outbox import Database, database_errors
from erc.gateway.notifier.schedule import Progress
from erc.schemas import tables
from erc.schemas.webhook import Webhook

KEPT = 200
"""So many attempts of each webhook stay in the delivery log."""
_LOCK = 0x65_72_63_77


@dataclass(frozen=True)
class Subscription:
    """A webhook with its progress, and when its owner last asked for a test."""

    webhook: Webhook
    progress: Progress
    asked: datetime | None

    @property
    def test_waits(self) -> bool:
        """Whether a test was asked for and not made."""
        return self.asked is not None and self.asked != self.progress.tested


@dataclass(frozen=True)
class Attempt:
    """A line of the delivery log; position 0 is a test."""

    position: int
    number: int
    outcome: str
    made: datetime


class Leadership:
    """The one notifier that sends, by an advisory lock that ends with its connection."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None
        self._leads = False

    async def held(self) -> bool:
        """Become or stay the one; False while somebody else is. Raises Unavailable."""
        try:
            async with database_errors():
                if self._connection is None:
                    self._connection = await self._engine.connect()
                ask = text("SELECT 1" if self._leads else f"SELECT pg_try_advisory_lock({_LOCK})")
                self._leads = bool(await self._connection.scalar(ask))
        except BaseException:
            await self.close()
            raise
        return self._leads

    async def close(self) -> None:
        """Give it up."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            await connection.invalidate()
            await connection.close()


class Deliveries:
    """The tables of the notifier. Every method raises Unavailable when PostgreSQL cannot be reached."""

    def __init__(self, database: Database, kept: int = KEPT) -> None:
        self._database, self._kept = database, kept

    async def adopt(self) -> None:
        """Begin with webhooks that are new, forget those that are gone."""
        async with self._database.transaction() as transaction:
            for statement in _ADOPT:
                await transaction.connection.execute(statement)

    async def due(self, now: datetime) -> Sequence[Subscription]:
        """Return the webhooks that may be sent to now, or that wait for a test."""
        hook, progress = tables.webhook, tables.webhook_progress
        awake = progress.c.disabled.is_(None) & (progress.c.due <= now)
        asked = hook.c.tested.is_not(None) & hook.c.tested.is_distinct_from(progress.c.tested)
        query = (
            select(hook.c.document, hook.c.tested.label("asked"), *progress.c)
            .join(progress, progress.c.webhook_id == hook.c.id)
            .where(awake | asked)
        )
        return [_subscription(row) for row in await self._database.rows(query)]

    async def record(self, before: Progress, after: Progress, attempt: Attempt | None) -> bool:
        """Record an attempt together with the progress that follows; False when the webhook changed or is gone."""
        async with self._database.transaction() as transaction:
            if not await transaction.changed(_moved(before, after)):
                return False
            if attempt:
                row = asdict(attempt) | {"webhook_id": after.webhook_id}
                await transaction.connection.execute(insert(tables.webhook_attempt).values(**row))
                await transaction.connection.execute(_TRIM, {"webhook": after.webhook_id, "kept": self._kept})
        return True


def _moved(before: Progress, after: Progress) -> Any:
    table, hook = tables.webhook_progress, tables.webhook
    changes = asdict(after)
    there = select(hook.c.id).where(hook.c.id == after.webhook_id).exists()
    same = (table.c.webhook_id == before.webhook_id) & (table.c.position == before.position)
    return update(table).where(same, there).values(**{k: v for k, v in changes.items() if k != "webhook_id"})


def _subscription(row: Any) -> Subscription:
    names = Progress.__dataclass_fields__
    return Subscription(
        Webhook.model_validate(row["document"]), Progress(**{name: row[name] for name in names}), row["asked"]
    )


_ADOPT = (
    text(
        "INSERT INTO webhook_progress (webhook_id, position, failures, given_up) "
        "SELECT id, cast(document->>'after' AS bigint), 0, 0 FROM webhook "
        "WHERE id NOT IN (SELECT webhook_id FROM webhook_progress) ON CONFLICT DO NOTHING"
    ),
    delete(tables.webhook_progress).where(tables.webhook_progress.c.webhook_id.not_in(select(tables.webhook.c.id))),
    delete(tables.webhook_attempt).where(tables.webhook_attempt.c.webhook_id.not_in(select(tables.webhook.c.id))),
)
_TRIM = text(
    "DELETE FROM webhook_attempt WHERE webhook_id = :webhook AND id <= (SELECT id FROM webhook_attempt "
    "WHERE webhook_id = :webhook ORDER BY id DESC OFFSET :kept LIMIT 1)"
)
