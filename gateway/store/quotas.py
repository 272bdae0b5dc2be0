"""What accounts have, counted where it grows: within the transaction that adds to it, one after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from erc.events.outbox import Database, Transaction
from erc.gateway.auth import Principal
from erc.gateway.quota import Use, exempt, refuse_compendium, refuse_job
from erc.schemas.limits import Quota

_HOLD = text("SELECT pg_advisory_xact_lock(hashtext('erc.quota'), hashtext(:owner))")
_USE = text(
    "SELECT kept.*, (SELECT count(DISTINCT coalesce(repeats, id)) FROM job WHERE owner = :owner "
    "AND status IN ('queued', 'running')) AS jobs "
    "FROM (SELECT count(*) FILTER (WHERE candidate) AS candidates, coalesce(sum(bytes), 0)::bigint AS bytes "
    "FROM compendium WHERE owner = :owner) AS kept"
)
_SENT = text(
    "SELECT ((SELECT coalesce(sum(bytes), 0) FROM source_upload WHERE owner = :owner) + "
    "(SELECT coalesce(sum(bytes), 0) FROM source WHERE owner = :owner AND NOT EXISTS (SELECT FROM compendium "
    "WHERE compendium.owner = :owner AND compendium.document->>'upload' = source.digest)))::bigint AS bytes"
)


class Quotas:
    """Counts and refuses; `quota` is what everybody but an administrator may have."""

    def __init__(self, database: Database, quota: Quota) -> None:
        self._database, self.quota = database, quota

    async def use(self, owner: str) -> Use:
        """Return what an account has."""
        return _use(await self._database.rows(_USE, {"owner": owner}))

    async def foresee(self, principal: Principal, size_bytes: int) -> None:
        """Refuse (403) before an upload is read what could not be kept afterwards."""
        if not exempt(principal):
            refuse_compendium(self.quota, await self.use(principal.name), size_bytes)

    async def admit_compendium(
        self, transaction: Transaction, principal: Principal, size_bytes: int, candidate: bool = True
    ) -> None:
        """Let one more compendium in within its transaction, or raise Refused (403)."""
        if not exempt(principal):
            refuse_compendium(self.quota, await self._held(transaction, principal.name), size_bytes, candidate)

    async def admit_bytes(self, transaction: Transaction, principal: Principal, size_bytes: int) -> None:
        """Let an archive in that no compendium is made of yet, or raise Refused (403)."""
        if not exempt(principal):
            use = await self._held(transaction, principal.name)
            sent = (await transaction.rows(_SENT, {"owner": principal.name}))[0]["bytes"]
            refuse_compendium(self.quota, replace(use, size_bytes=use.size_bytes + sent), size_bytes, candidate=False)

    async def admit_job(self, transaction: Transaction, principal: Principal, owner: str) -> None:
        """Let one more job of an owner in within its transaction, or raise Refused (429)."""
        if not exempt(principal):
            refuse_job(self.quota, await self._held(transaction, owner))

    async def hold(self, transaction: Transaction, principal: Principal, owner: str) -> None:
        """Let nobody add to what an account has until the transaction has ended: before any lock of a queue."""
        if not exempt(principal):
            await transaction.connection.execute(_HOLD, {"owner": owner})

    async def _held(self, transaction: Transaction, owner: str) -> Use:
        """Return what an account has; nobody adds to it until the transaction has ended."""
        await transaction.connection.execute(_HOLD, {"owner": owner})
        return _use(await transaction.rows(_USE, {"owner": owner}))


def _use(rows: list[Any]) -> Use:
    return Use(rows[0]["candidates"], rows[0]["bytes"], rows[0]["jobs"])
