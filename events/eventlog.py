"""The event log as the relay reads it to fill streams again, over the leader's own connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from erc.events.relay import PostgresOutbox, Waiting

_FILTERS = {"EVENTS": "stream = 'EVENTS'", "PUBLIC": "(public IS NOT NULL OR stream = 'PUBLIC')"}

_WORK = ("workspace", "description", "environment", "image", "execution", '"check"', "package")
"""Where workers note what became of a command."""

_DONE = " UNION ALL ".join(f"SELECT id, command, status FROM {table}" for table in _WORK)  # noqa: S608 - our own names

_OPEN = f"""
SELECT id, stream, subject, message_id, body, traceparent FROM (
    SELECT DISTINCT ON (body->>'subject', body->>'type') e.* FROM event e
    WHERE stream = 'COMMANDS' AND sent IS NOT NULL AND body->>'subject' IN (
        SELECT id FROM job WHERE status NOT IN ('success', 'failure')
        UNION ALL SELECT id FROM compendium WHERE status IN ('loading', 'describing')
        UNION ALL SELECT id FROM shipment WHERE status = 'to be shipped')
    ORDER BY body->>'subject', body->>'type', id DESC) latest
WHERE NOT EXISTS (
    SELECT FROM ({_DONE}) done
    WHERE done.id = body->>'subject' AND done.command = message_id AND done.status <> 'running')
ORDER BY position
"""  # noqa: S608


class PostgresEventLog:
    """The table `event`, and the table `stream` in which the relay notes what it saw."""

    def __init__(self, outbox: PostgresOutbox) -> None:
        self._outbox = outbox

    async def lead(self) -> bool:
        return await self._outbox.lead()

    async def known(self) -> Mapping[str, str]:
        rows = await self._outbox.rows("SELECT name, incarnation FROM stream")
        return {row["name"]: row["incarnation"] for row in rows}

    async def remember(self, stream: str, incarnation: str) -> None:
        await self._outbox.rows(
            "INSERT INTO stream (name, incarnation) VALUES ($1, $2) "
            "ON CONFLICT (name) DO UPDATE SET incarnation = $2, seen = now()",
            stream,
            incarnation,
        )

    async def ends(self, stream: str) -> tuple[int, int] | None:
        query = f"SELECT min(position) AS first, max(position) AS last FROM event WHERE {_FILTERS[stream]}"  # noqa: S608
        row = (await self._outbox.rows(query))[0]
        return (row["first"], row["last"]) if row["last"] is not None else None

    async def count(self, stream: str, first: int, last: int) -> int:
        query = f"SELECT count(*) AS many FROM event WHERE position BETWEEN $1 AND $2 AND {_FILTERS[stream]}"  # noqa: S608
        return int((await self._outbox.rows(query, first, last))[0]["many"])

    async def position(self, message_id: str) -> tuple[bool, int | None]:
        rows = await self._outbox.rows("SELECT position FROM event WHERE message_id = $1", message_id)
        return (True, rows[0]["position"]) if rows else (False, None)

    async def after(self, stream: str, position: int, most: int) -> Sequence[tuple[int, Waiting]]:
        subject = "coalesce(public, subject)" if stream == "PUBLIC" else "subject"
        query = (
            f"SELECT position, id, {subject} AS subject, message_id, body, traceparent FROM event "  # noqa: S608
            f"WHERE position > $1 AND {_FILTERS[stream]} ORDER BY position LIMIT {int(most)}"
        )
        rows = await self._outbox.rows(query, position)
        return [(row["position"], self._outbox.message(row, stream)) for row in rows]

    async def open_commands(self) -> Sequence[Waiting]:
        return [self._outbox.message(row, "COMMANDS") for row in await self._outbox.rows(_OPEN)]
