"""Webhooks as their owners keep them, and what the notifier says about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update

from erc.events.outbox import Database
from erc.schemas import tables
from erc.schemas.webhook import Webhook

State = dict[str, Any]
"""The notifier's row of a webhook; empty before it has seen the webhook."""


class Webhooks:
    """Reads and writes webhooks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, webhook: Webhook, most: int) -> bool:
        """Keep a webhook; False when its owner has `most` already."""
        table = tables.webhook
        async with self._database.transaction() as transaction:
            lock = func.pg_advisory_xact_lock(func.hashtext(f"erc.webhook.{webhook.owner}"))
            await transaction.connection.execute(select(lock))
            query = select(func.count().label("kept")).select_from(table).where(table.c.owner == webhook.owner)
            if (await transaction.rows(query))[0]["kept"] >= most:
                return False
            row = {"id": webhook.id, "owner": webhook.owner, "document": webhook.model_dump(mode="json")}
            await transaction.connection.execute(insert(table).values(**row, created=webhook.created))
        return True

    async def of_owner(self, owner: str) -> Sequence[tuple[Webhook, State]]:
        """Return the webhooks of an owner, newest first."""
        return await self._found(tables.webhook.c.owner == owner)

    async def find(self, identifier: str) -> tuple[Webhook, State] | None:
        """Return a webhook, or None."""
        found = await self._found(tables.webhook.c.id == identifier)
        return found[0] if found else None

    async def remove(self, identifier: str) -> None:
        """Forget a webhook; the notifier forgets its deliveries."""
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(delete(tables.webhook).where(tables.webhook.c.id == identifier))

    async def ask_test(self, identifier: str, now: datetime) -> None:
        """Ask the notifier for a test of a webhook."""
        table = tables.webhook
        async with self._database.transaction() as transaction:
            await transaction.connection.execute(update(table).where(table.c.id == identifier).values(tested=now))

    async def deliveries(self, identifier: str, limit: int) -> Sequence[Any]:
        """Return the last attempts, newest first, each with the id of its event (None for a test)."""
        return await self._database.rows(_DELIVERIES, {"webhook": identifier, "limit": limit})

    async def _found(self, condition: Any) -> Sequence[tuple[Webhook, State]]:
        hook, progress = tables.webhook, tables.webhook_progress
        joined = hook.outerjoin(progress, progress.c.webhook_id == hook.c.id)
        query = select(hook.c.document, *progress.c).select_from(joined).where(condition).order_by(hook.c.id.desc())
        return [
            (Webhook.model_validate(row["document"]), dict(row) if row["webhook_id"] else {})
            for row in await self._database.rows(query)
        ]


_DELIVERIES = text(
    "SELECT made, number, outcome, event.message_id AS event FROM webhook_attempt "
    "LEFT JOIN event ON event.position = webhook_attempt.position "
    "WHERE webhook_id = :webhook ORDER BY webhook_attempt.id DESC LIMIT :limit"
)
