"""Accepting the proposed change of a failed job: a new candidate with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from erc.events.blobs import read_manifest
from erc.events.catalog import DescribeWorkspace
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Action, Principal
from erc.gateway.describing import REPEAT, About, Described
from erc.gateway.documents.compendium import CompendiumId
from erc.gateway.errors import Refused
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing
from erc.gateway.services import Services
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.diagnosis import Edit
from erc.schemas.job import Job
from erc.schemas.workspace import Entry, Manifest

Put = Callable[[bytes], str]
"""Keeps bytes and returns their digest."""


async def create(request: Request) -> Response:
    """`POST /api/v1/job/:id/mend`: a new candidate with the changes that were proposed when the job failed."""
    services = services_of(request)
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"], Action.EDIT)

    async def act(keep: KeepAnswer) -> Answer:
        return _made(await mend(services, principal, job, keep))

    return await answered_once(request, services, principal, None, act)


def _made(identifier: str) -> Answer:
    return Answer(200, json.dumps({"id": identifier}), {"Location": f"/api/v1/compendium/{identifier}"})


async def mend(services: Services, principal: Principal, job: Job, keep: KeepAnswer = keep_nothing) -> str:
    """Keep the new compendium, let it be described, return its id; raises Refused (404, 409, 413).

    Nothing is copied: the new workspace is a manifest that differs in the changed files.
    """
    edits = job.problem.diagnosis.edits if job.problem and job.problem.diagnosis else []
    if not edits:
        detail = "Only a job that failed, and whose log tells what is missing, proposes a change."
        raise Refused(409, "No change is proposed for this job", detail, "nothing_to_mend")
    base = await services.compendium(principal, job.compendium_id, Action.EDIT)
    made = await asyncio.to_thread(_compendium, services, principal.name, base, edits)
    answer = _made(made.id)

    async def within(transaction: Transaction) -> None:
        await services.quotas.admit_compendium(transaction, principal, made.size_bytes)
        await keep(transaction, answer)

    assert made.manifest
    command = DescribeWorkspace(compendium_id=made.id, manifest=made.manifest)
    await services.records.add_compendium(made, command, within)
    return made.id


def _compendium(services: Services, owner: str, base: Compendium, edits: list[Edit]) -> Compendium:
    assert base.manifest, "a compendium whose job ran has a workspace"
    manifest = mended(read_manifest(services.blobs, base.manifest), edits, services.blobs.put)
    return Compendium(
        id=new_id(),
        owner=owner,
        status=CompendiumStatus.DESCRIBING,
        version=1,
        upload=base.upload,
        manifest=services.blobs.put(manifest.document()),
        bag=base.bag,
        compendium=base.compendium,
        origin=base.origin,
        size_bytes=sum(entry.size_bytes for entry in manifest.entries()),
        mends=base.id,
        created=utc_now(),
    )


def mended(manifest: Manifest, edits: list[Edit], put: Put) -> Manifest:
    """Return the workspace with the changed files; `put` keeps bytes and returns their digest."""
    entries = []
    for edit in edits:
        content = edit.content.encode()
        about = {"digest": put(content), "size_bytes": len(content), "media_type": "text/plain"}
        entries.append(Entry(path=edit.path, **about))
    return manifest.with_entries(entries)


ROUTES = [
    Described(
        "/api/v1/job/{id:str}/mend",
        create,
        "POST",
        About(
            "Jobs",
            "Accept the proposed change of a failed job",
            {200: CompendiumId},
            (400, 404, 409, 410, 413, 422, 429),
            ("Location",),
            (REPEAT,),
            action=Action.EDIT,
        ),
    ),
]
