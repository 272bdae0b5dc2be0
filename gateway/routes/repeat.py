"""Repeating a job, to find out whether its outputs are deterministic."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.auth import Action
from erc.gateway.describing import REPEAT, About, Described
from erc.gateway.documents.job import JobId
from erc.gateway.examining import repeat
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once


async def create(request: Request) -> Response:
    """`POST /api/v1/job/:id/repeat`: run the analysis of a job again, with all that can be varied otherwise."""
    services = services_of(request)
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"], Action.REPEAT)

    async def act(keep: KeepAnswer) -> Answer:
        identifier = new_id()
        answer = Answer(200, json.dumps({"job_id": identifier}), {"Location": f"/api/v1/job/{identifier}"})
        await repeat(services, principal, job, lambda transaction: keep(transaction, answer), identifier)
        return answer

    return await answered_once(request, services, principal, None, act)


ROUTES = [
    Described(
        "/api/v1/job/{id:str}/repeat",
        create,
        "POST",
        About(
            "Jobs",
            "Find out whether a job's outputs are deterministic",
            {200: JobId},
            (400, 404, 409, 410, 422, 429),
            ("Location",),
            (REPEAT,),
            action=Action.REPEAT,
        ),
    ),
]
