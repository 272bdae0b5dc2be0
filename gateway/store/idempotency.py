"""Answers that are kept for a while, written in the transaction of what they answer."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select, text

from erc.events.outbox import Database, Transaction
from erc.gateway.idempotency import KEPT, Answer, Asked, Kept
from erc.schemas import tables

_HOLD = text(
    "SELECT pg_try_advisory_xact_lock(hashtext('erc.idempotency'), hashtext(:principal || ' ' || :key)) AS held, "
    "set_config('idle_in_transaction_session_timeout', '60s', true)"
)
"""The lock ends with the transaction, and the transaction with its process, or a minute after that stood still."""
_KEEP = text(
    "INSERT INTO idempotency (principal, key, fingerprint, answer, created) "
    "VALUES (:principal, :key, :fingerprint, cast(:answer AS jsonb), :now) "
    "ON CONFLICT (principal, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, "
    "created = excluded.created WHERE idempotency.created <= :expired RETURNING key"
)


class SqlAnswers:
    """The answers in the table `idempotency`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, principal: str, key: str) -> Kept | None:
        table = tables.idempotency
        rows = await self._database.rows(select(table).where(table.c.principal == principal, table.c.key == key))
        return Kept(rows[0]["fingerprint"], Answer(**rows[0]["answer"]), rows[0]["created"]) if rows else None

    async def keep(self, transaction: Transaction, asked: Asked, answer: Answer, now: datetime) -> bool:
        about = {"principal": asked.principal, "key": asked.key}
        held = await transaction.rows(_HOLD, about)
        if not held[0]["held"]:
            return False
        document = {"status": answer.status, "body": answer.body, "headers": dict(answer.headers)}
        values = about | {
            "fingerprint": asked.fingerprint,
            "answer": json.dumps(document),
            "now": now,
            "expired": now - KEPT,
        }
        return bool(await transaction.rows(_KEEP, values))
