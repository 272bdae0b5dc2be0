"""Named runs as the web API tells them. Pure."""

from __future__ import annotations

from typing import Any

from erc.gateway.runs.deciding import Named
from erc.gateway.runs.states import status_of, updated_of
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.run import BUILD


def run_view(named: Named, job: Job, compendium: Compendium | None) -> dict[str, Any]:
    """Return the document of a run."""
    return {
        "name": named.name,
        "version": named.version,
        "generation": named.generation,
        "user": named.owner,
        "origin": named.origin,
        "source": named.source,
        "entrypoint": named.entrypoint,
        "status": status_of(job).value,
        "compendium_id": named.compendium_id,
        "job_id": named.job_id,
        "variables": job.variables.values if job.variables else {},
        "content": _content(compendium),
        "image": job.image_id,
        "environment_key": job.environment_key,
        "verdict": job.verdict.value if job.verdict else None,
        "problem": job.problem.model_dump(include={"code", "title", "detail"}) if job.problem else None,
        "created": named.created.isoformat(),
        "updated": max(updated_of(job), named.created).isoformat(),
    }


def build_view(named: Named, job: Job) -> dict[str, Any]:
    """Return what a `build://` name means."""
    return {
        "build": f"{BUILD}{named.name}:{named.version}",
        "generation": named.generation,
        "image": job.image_id,
        "environment_key": job.environment_key,
        "job_id": job.id,
    }


def _content(compendium: Compendium | None) -> str | None:
    """Return what tells whether the same was sent again; nothing for what was made from other compendia."""
    if compendium is None or compendium.mends or compendium.substitution:
        return None
    return compendium.upload
