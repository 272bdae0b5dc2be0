"""The event log in pages: what a reader may see, in the order of publication, from any point, however old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from erc.events.outbox import Database
from erc.gateway.auth import EDITOR, Principal

WINDOW = 2000
"""So many rows of the log are looked at for one page, whatever is visible among them."""


@dataclass(frozen=True)
class Filter:
    """An event is wanted when each filter that is set names it; `users` are owners of compendia.

    A type may be without its version, as in `job.ended`.
    """

    compendia: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Placed:
    """An event with its place in the order of publication."""

    position: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Events in order; `next` is the place to go on from, `more` whether the log was not read to its end."""

    events: list[Placed]
    next: int
    more: bool


_WAITS = text(
    "SELECT EXISTS (SELECT FROM event WHERE sent IS NULL AND aggregate = 'job' AND aggregate_id = :job) AS waits"
)


class EventLog:
    """Reads the `event` table by position. A reader sees positions grow without gaps: the relay alone assigns them."""

    def __init__(self, database: Database, window: int = WINDOW) -> None:
        self._database, self._window = database, window

    async def last(self) -> int:
        """Return the position of the last event that was published, 0 when there is none."""
        rows = await self._database.rows(text("SELECT coalesce(max(position), 0) AS position FROM event"))
        return int(rows[0]["position"])

    async def waits(self, job: str) -> bool:
        """Return whether an event of this job is not published yet."""
        rows = await self._database.rows(_WAITS, {"job": job})
        return bool(rows[0]["waits"])

    async def page(self, principal: Principal, wanted: Filter, after: int, limit: int) -> Page:
        """Return at most `limit` events behind a position that the principal may see and that were asked for.

        A page may be empty although more follow: go on from `next`.
        """
        rows = await self._database.rows(
            _PAGE,
            {
                "after": after,
                "window": self._window,
                "limit": limit,
                "all": principal.level >= EDITOR,
                "name": principal.name,
                "compendia": sorted(wanted.compendia),
                "jobs": sorted(wanted.jobs),
                "users": sorted(wanted.users),
                "types": sorted(wanted.types),
            },
        )
        found = [Placed(int(row["position"]), row["body"]) for row in rows if row["position"] is not None]
        last, full = int(rows[0]["last"] or after), int(rows[0]["looked_at"]) == self._window
        if len(found) < limit:
            return Page(found, last, full)
        return Page(found, found[-1].position, full or found[-1].position < last)


_PAGE = text(
    "WITH seen AS MATERIALIZED (SELECT position, stream, aggregate, aggregate_id, public, body, "
    "body->'data'->>'compendium_id' AS compendium_id, body->>'type' AS type FROM event "
    "WHERE position > :after ORDER BY position LIMIT :window), "
    "found AS (SELECT seen.position, seen.body FROM seen "
    "LEFT JOIN compendium ON compendium.id = seen.compendium_id "
    "LEFT JOIN tombstone ON tombstone.compendium_id = seen.compendium_id "
    "LEFT JOIN job ON seen.aggregate = 'job' AND job.id = seen.aggregate_id "
    "WHERE seen.stream = 'EVENTS' AND seen.aggregate IN ('compendium', 'job') "
    "AND (:all OR coalesce(compendium.owner, tombstone.owner) = nullif(:name, '') OR job.owner = nullif(:name, '') "
    "OR (seen.public IS NOT NULL AND NOT coalesce(compendium.candidate, tombstone.candidate, true))) "
    "AND (cast(:compendia AS text[]) = '{}' OR seen.compendium_id = ANY (:compendia)) "
    "AND (cast(:jobs AS text[]) = '{}' OR (seen.aggregate = 'job' AND seen.aggregate_id = ANY (:jobs))) "
    "AND (cast(:users AS text[]) = '{}' OR coalesce(compendium.owner, tombstone.owner) = ANY (:users)) "
    "AND (cast(:types AS text[]) = '{}' OR seen.type = ANY (:types) "
    "OR regexp_replace(seen.type, '[.]v[0-9]+$', '') = ANY (:types)) "
    "ORDER BY seen.position LIMIT :limit) "
    "SELECT whole.last, whole.looked_at, found.position, found.body "
    "FROM (SELECT max(position) AS last, count(*) AS looked_at FROM seen) AS whole LEFT JOIN found ON true "
    "ORDER BY found.position"
)
"""Others see of a compendium what was published (`public`), as long as it is; a job is seen by who started it."""
