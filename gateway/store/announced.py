"""What the workers announce with their slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from erc.events.outbox import Database

_ABOUT = text(
    "SELECT about FROM capacity WHERE about IS NOT NULL AND seen > now() - interval '20 s' ORDER BY worker, instance"
)


async def announced(database: Database) -> Sequence[Mapping[str, Any]]:
    """Return what each living worker process says that it works with."""
    return [row["about"] for row in await database.rows(_ABOUT)]
