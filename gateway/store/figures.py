"""What the tables say about work that waits: one cheap query a figure."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from erc.events.outbox import Database

_UNSENT = text("SELECT count(*) AS rows, extract(epoch FROM now() - min(created)) AS age FROM event WHERE sent IS NULL")
_WAITING = text(
    "SELECT worker, count(*) AS jobs, extract(epoch FROM now() - min(since)) AS age FROM waiting "
    "WHERE released IS NULL GROUP BY worker"
)
_JOBS = text("SELECT status, count(*) AS jobs FROM job GROUP BY status")
_SLOTS = text("SELECT worker, sum(slots) AS slots FROM capacity WHERE seen > now() - interval '20 s' GROUP BY worker")


@dataclass(frozen=True)
class Waits:
    """How many wait and for how many seconds the first of them has."""

    number: int
    oldest_seconds: float


@dataclass(frozen=True)
class Figures:
    """Everything at one moment: the outbox, the long queues by worker, jobs by status, slots by worker."""

    unsent: Waits
    waiting: dict[str, Waits]
    jobs: dict[str, int]
    slots: dict[str, int]


async def figures(database: Database) -> Figures:
    """Ask PostgreSQL. Raises Unavailable."""
    unsent = (await database.rows(_UNSENT))[0]
    waiting, jobs, slots = [await database.rows(query) for query in (_WAITING, _JOBS, _SLOTS)]
    return Figures(
        unsent=Waits(unsent["rows"], float(unsent["age"] or 0)),
        waiting={row["worker"]: Waits(row["jobs"], float(row["age"])) for row in waiting},
        jobs={row["status"]: row["jobs"] for row in jobs},
        slots={row["worker"]: int(row["slots"]) for row in slots},
    )
