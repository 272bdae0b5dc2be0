"""Plans of environments: what a workspace would need, and what the plan of a job was."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Action, authorise
from erc.gateway.describing import About, Described
from erc.gateway.documents.plan import PlanQuestion
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.planning import planned, read_plan
from erc.gateway.routes.asking import services_of
from erc.schemas.environment import Plan

_EXAMPLE = {
    "files": [
        {"path": "main.py", "size_bytes": 13, "text": "import numpy\n"},
        {"path": "requirements.txt", "size_bytes": 13, "text": "numpy==2.2.4\n"},
        {"path": "display.png", "size_bytes": 20480},
    ]
}


async def create(request: Request) -> Response:
    """What environment a workspace needs and why, without sending all of it and without building anything.

    Small text files that describe an environment, and code, come with their text; of the others the name is enough.
    """
    services = services_of(request)
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, Action.PLAN, None), "")
    body = await request.body()
    try:
        question = PlanQuestion.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:4]) or "the body"
        raise Refused(400, "The request cannot be read", f"{place}: {first['msg']}.", "invalid_request") from error
    async with services.uploads.one(principal.name):
        plan = await planned(services.blobs, services.asking, question.files)
    return JSONResponse(plan.model_dump(mode="json"))


async def view(request: Request) -> Response:
    """The plan of a job's environment: every package with its reason, file and line, and how the plan came about."""
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"])
    if job.plan is None:
        raise Refused(404, "The job has no plan yet", "It is made in the first steps of the job.", "plan_missing")
    plan = await read_plan(services.blobs, job.plan)
    return JSONResponse(plan.model_dump(mode="json"))


ROUTES = [
    Described(
        "/api/v1/plan",
        create,
        "POST",
        About(
            "Environments",
            "Plan an environment",
            {200: Plan},
            (400, 413, 429),
            body=PlanQuestion,
            action=Action.PLAN,
            example=_EXAMPLE,
        ),
    ),
    Described(
        "/api/v1/job/{id:str}/plan",
        view,
        "GET",
        About("Environments", "View the plan of a job's environment", {200: Plan}, (404,), action=Action.VIEW),
    ),
]
