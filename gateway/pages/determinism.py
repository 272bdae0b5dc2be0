"""The section of a job's page about its repeats, and the button that has it repeated."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.examining import repeat
from erc.gateway.repeats import repeatable
from erc.gateway.routes.asking import services_of
from erc.schemas.job import Job
from erc.schemas.repeat import Determinism


def may_repeat(principal: Principal, job: Job, thing: Thing, what: Determinism | None) -> bool:
    """Return whether the page offers to repeat a job: it can be, is not being, and this reader may."""
    free = repeatable(job) and (what is None or what.complete)
    return free and authorise(principal, Action.REPEAT, thing) is Answer.ALLOWED


async def start(request: Request) -> Response:
    """`POST /job/:id/repeat`: have the job repeated, and show its page."""
    services = services_of(request)
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"], Action.REPEAT)
    await repeat(services, principal, job)
    return RedirectResponse(f"/job/{job.id}#determinism", 303)
