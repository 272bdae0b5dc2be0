"""Publication: a candidate that is ready becomes public, with a snapshot that its public history begins with. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.ids import Digest
from erc.schemas.job import Job


def publishable(compendium: Compendium) -> bool:
    """Return whether the compendium is a candidate that can be published."""
    return compendium.candidate and compendium.status is CompendiumStatus.READY


def publish(compendium: Compendium, snapshot: Digest, time: datetime) -> Advance[Compendium] | None:
    """Return the published compendium; None when it is published already or not ready."""
    if not publishable(compendium):
        return None
    changes = {
        "candidate": False,
        "published": time,
        "snapshot": snapshot,
        "public_revision": compendium.revision,
        "version": compendium.version + 1,
    }
    return Advance(compendium.model_copy(update=changes))


def public_snapshot(compendium: Compendium, jobs: Sequence[Job], time: datetime) -> dict[str, Any]:
    """Return what is public of a compendium at the moment of its publication.

    `sequence` is the number of the last event before its public history: of the compendium, and of each job.
    """
    return {
        "id": compendium.id,
        "user": compendium.owner,
        "created": compendium.created.isoformat(),
        "published": time.isoformat(),
        "status": compendium.status.value,
        "sequence": compendium.version,
        "manifest": compendium.manifest,
        "metadata": {"o2r": compendium.metadata.get("o2r", {})},
        "jobs": [
            {
                "id": job.id,
                "user": "link" if job.link else job.owner,
                "created": job.created.isoformat(),
                "status": job.status.value,
                "verdict": job.verdict.value if job.verdict else None,
                "sequence": job.version,
                **({"repeats": job.repeat.of} if job.repeat else {}),
            }
            for job in jobs
        ],
    }
