"""What the jobs of a compendium made beside its files: the configuration, the Dockerfile, the saved image."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from erc.events.outbox import Database
from erc.schemas import tables
from erc.schemas.ids import Digest

_JOBS = 50


@dataclass(frozen=True)
class MadeByJobs:
    """The workspace of the newest job that came so far, and the newest saved image; None where there is none."""

    manifest: Digest | None = None
    image: Digest | None = None


async def made_by_jobs(database: Database, compendium_id: str) -> MadeByJobs:
    """Return what the newest jobs of a compendium made."""
    job, built = tables.job.c, tables.built.c
    manifest, key = job.document["manifest"].astext, job.document["environment_key"].astext
    query = (
        select(manifest.label("manifest"), built.image.label("image"))
        .select_from(tables.job.outerjoin(tables.built, built.key == key))
        .where(job.compendium_id == compendium_id, job.repeats.is_(None), manifest.is_not(None))
        .order_by(job.id.desc())
        .limit(_JOBS)
    )
    rows = await database.rows(query)
    image = next((row["image"] for row in rows if row["image"]), None)
    return MadeByJobs(rows[0]["manifest"] if rows else None, image)
