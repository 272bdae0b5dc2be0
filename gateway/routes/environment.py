"""The environment of a job: its image, what deviates from what was wanted, and the packages that it holds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.blobs import BlobStore, read_document
from erc.gateway.auth import Action
from erc.gateway.describing import About, Described
from erc.gateway.documents.job_environment import JobEnvironmentDocument
from erc.gateway.errors import Refused
from erc.gateway.pages.environment import sentence
from erc.gateway.planning import read_plan
from erc.gateway.routes.asking import services_of
from erc.schemas.evidence import DriftReport, Evidence
from erc.schemas.job import Job


async def view(request: Request) -> Response:
    """`GET /api/v1/job/:id/environment`: what a job's environment was to be, and what it is.

    Until it is built, or where its image could not be looked into, the packages are left out.
    """
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"])
    if job.plan is None:
        raise Refused(404, "The job has no plan yet", "It is made in the first steps of the job.", "plan_missing")
    plan = await read_plan(services.blobs, job.plan)
    document = {
        "job_id": job.id,
        "sentence": sentence(plan),
        "environment_key": job.environment_key,
        "image": job.image_id,
        **await asyncio.to_thread(_evidence, services.blobs, job),
    }
    return JSONResponse(document)


def _evidence(blobs: BlobStore, job: Job) -> dict[str, Any]:
    """Return what the build left behind; raises Rejected when it is not there any more."""
    if job.evidence is None:
        return {"base": None, "origin": None, "reproducible": None, "drifts": [], "packages": []}
    found = read_document(blobs, job.evidence, Evidence)
    report = read_document(blobs, found.drift, DriftReport)
    return {
        "base": f"{found.base_name} {found.base}".strip() or None,
        "origin": found.origin.value,
        "reproducible": found.reproducible,
        "drifts": [drift.model_dump(mode="json") for drift in report.drifts],
        "packages": packages_of(json.loads(blobs.read(found.packages))),
    }


def packages_of(bill: dict[str, Any]) -> list[dict[str, str]]:
    """Return the packages of a CycloneDX document of ours, whose references begin with the system."""
    found = [
        {"system": one["bom-ref"].partition(":")[0], "name": one["name"], "version": one["version"]}
        for one in bill["components"]
    ]
    return sorted(found, key=lambda one: (one["system"], one["name"], one["version"]))


ROUTES = [
    Described(
        "/api/v1/job/{id:str}/environment",
        view,
        "GET",
        About(
            "Environments", "View the environment of a job", {200: JobEnvironmentDocument}, (404,), action=Action.VIEW
        ),
    ),
]
