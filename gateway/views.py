"""The documents of the web API, in the shapes and words of the o2r service; what it lacks is added, never changed."""

from __future__ import annotations

from typing import Any

from erc.gateway.estimate import Place
from erc.gateway.files.tree import file_tree
from erc.gateway.signer import Signer
from erc.gateway.steps import step_fields
from erc.schemas.check import CheckReport, Comparison
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job, Step, StepName
from erc.schemas.shipment import Shipment
from erc.schemas.workspace import Manifest


def compendium_view(compendium: Compendium, shown: str = "") -> dict[str, Any]:
    """Return a compendium without its files; `shown` is the id that it is known by, a public link's for one."""
    shown = shown or compendium.id
    view: dict[str, Any] = {
        "id": shown,
        "metadata": compendium.metadata,
        "created": compendium.created.isoformat(),
        "user": compendium.owner,
        "bag": compendium.bag,
        "compendium": compendium.compendium,
        "substituted": compendium.substitution is not None,
        "status": compendium.status.value,
    }
    if compendium.candidate and shown == compendium.id:
        view["candidate"] = True
    if compendium.published:
        view["published"] = compendium.published.isoformat()
    if compendium.problem:
        view["problem"] = compendium.problem.model_dump()
    if compendium.origin and shown == compendium.id:
        view["origin"] = compendium.origin.model_dump(mode="json")
    return view


def job_view(
    job: Job, manifest: Manifest | None, detailed: set[str], waits: Place | None, report: CheckReport | None = None
) -> dict[str, Any]:
    """Return a job; the steps named in `detailed` (or `all`) with their texts, and its place in a queue if it waits."""
    steps = {
        name.value: _step(name, step, job, "all" in detailed or name.value in detailed)
        for name, step in ((name, job.steps[name]) for name in StepName)
    }
    for name, fields in step_fields(job, report).items():
        if "all" in detailed or name.value in detailed:
            steps[name.value] |= fields
    view: dict[str, Any] = {
        "id": job.id,
        "compendium_id": job.compendium_id,
        "status": job.status.value,
        "user": job.owner,
        "created": job.created.isoformat(),
        "steps": steps,
        "verdict": job.verdict.value if job.verdict else None,
        "reason": job.reason,
    }
    if job.ended:
        view["ended"] = job.ended.isoformat()
    if waits is not None:
        view["waiting"] = {"position": waits.position, "estimate_seconds": waits.estimate_seconds}
    if job.problem:
        view["problem"] = job.problem.model_dump()
    view |= _conditions(job)
    if manifest is None:
        view["filesMissing"] = True
    else:
        view["files"] = file_tree(f"/api/v1/job/{job.id}/data", job.id, manifest)
    return view


def _conditions(job: Job) -> dict[str, Any]:
    """Return what was otherwise in the run than in others of its compendium."""
    view: dict[str, Any] = {"variables": job.variables.values} if job.variables else {}
    if job.repeat:
        view["repeat"] = {"of": job.repeat.of, "variations": [one.value for one in job.repeat.variations]}
    return view


def _step(name: StepName, step: Step, job: Job, detailed: bool) -> dict[str, Any]:
    view: dict[str, Any] = {
        "status": step.status.value,
        "start": step.start.isoformat() if step.start else None,
        "end": step.end.isoformat() if step.end else None,
    }
    if not detailed:
        return view
    view["text"] = step.text
    if step.log:
        view["log"] = f"/api/v1/job/{job.id}/log/{name.value}"
    return view


def check_view(job: Job, report: CheckReport, signer: Signer) -> dict[str, Any]:
    """Return a check report: its rows with the addresses of what to show side by side."""
    return {
        "verdict": report.verdict.value,
        "reason": report.reason,
        "display": report.display,
        "report": signer.address("job", job.id, "check.html") if report.html else None,
        "comparisons": [_comparison(job, number, row, signer) for number, row in enumerate(report.comparisons)],
        "warnings": report.warnings,
        "unclaimed": report.unclaimed,
    }


_TOLD_TOO = {"path", "rule", "tolerance", "ignored", "ignored_count", "changes", "changed", "made_by"}


def _comparison(job: Job, number: int, row: Comparison, signer: Signer) -> dict[str, Any]:
    sides = {"original": row.original, "reproduced": row.reproduced, "difference": row.difference}
    addresses = {
        side: signer.address("figure", job.id, f"{number}/{side}") if digest else None for side, digest in sides.items()
    }
    return {
        "name": row.name,
        "kind": row.kind,
        "outcome": row.outcome.value,
        "finding": row.finding,
        "measure": row.measure,
        "likeness": row.likeness.value if row.likeness else None,
        "confidence": row.confidence,
        "places": [place.model_dump() for place in row.places],
        **addresses,
        **row.model_dump(mode="json", include=_TOLD_TOO),
    }


def shipment_view(shipment: Shipment) -> dict[str, Any]:
    """Return a shipment."""
    view: dict[str, Any] = {
        "id": shipment.id,
        "compendium_id": shipment.compendium_id,
        "recipient": shipment.recipient,
        "deposition_id": shipment.deposition_id,
        "deposition_url": shipment.deposition_url,
        "update_packaging": "true" if shipment.update_packaging else "false",
        "last_modified": (shipment.modified or shipment.created).isoformat(),
        "user": shipment.owner,
        "status": shipment.status.value,
        "md": shipment.md,
    }
    if shipment.problem:
        view["problem"] = shipment.problem.model_dump()
    return view
