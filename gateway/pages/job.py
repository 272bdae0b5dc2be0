"""The page of a job: the verdict, the evidence, the steps."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Action, Answer, Thing, authorise
from erc.gateway.examining import as_shown, found
from erc.gateway.pages.about import about
from erc.gateway.pages.determinism import may_repeat
from erc.gateway.pages.environment import environment_of
from erc.gateway.pages.evidence import evidence_of, selection_of
from erc.gateway.pages.files import files_of
from erc.gateway.pages.progress import headline, steps
from erc.gateway.pages.rendering import render
from erc.gateway.routes import mending
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.job import stop
from erc.gateway.store.queue import place


async def page(request: Request) -> Response:
    """`GET /job/:id`."""
    services = services_of(request)
    reader = await services.principal(request)
    principal, job = await services.opened_job(reader, request.path_params["id"])
    compendium = await services.records.compendium(job.compendium_id)
    waits = None if job.terminal else await place(services.records.database, job.id)
    shown = principal.link or job.compendium_id
    query = request.query_params
    thing = Thing(job.owner, compendium.candidate if compendium else True)
    mends = compendium is not None and authorise(principal, Action.EDIT, thing) is Answer.ALLOWED
    what = await found(services, job)
    cancels = not job.terminal and authorise(principal, Action.CANCEL, thing) is Answer.ALLOWED
    return render(
        request,
        "job.html",
        reader,
        job=job,
        shown=shown,
        by_link=bool(principal.link),
        compendium=compendium,
        title=about(compendium).title if compendium else "A compendium that was deleted",
        headline=headline(await as_shown(services, job, what), waits),
        evidence=await evidence_of(
            services,
            job,
            services.signer.by_link() if principal.link else services.signer,
            selection_of(query.get("show"), query.get("from")),
            f"/compendium/{shown}/files" if compendium else "",
            what,
        ),
        determinism=what,
        repeats=may_repeat(principal, job, thing, what),
        environment=await environment_of(services.blobs, job),
        steps=await steps(services.blobs, job),
        files=await files_of(services.blobs, job.outputs, f"/api/v1/job/{job.id}/data"),
        cancels=cancels,
        mends=mends,
        again=job.terminal and compendium is not None and (not principal.anonymous or bool(principal.link)),
    )


async def mend(request: Request) -> Response:
    """`POST /job/:id/mend`: accept the proposed change, and show the new compendium."""
    services = services_of(request)
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"], Action.EDIT)
    return RedirectResponse(f"/compendium/{await mending.mend(services, principal, job)}", 303)


async def cancel(request: Request) -> Response:
    """`POST /job/:id/cancel`: end the job, or find that it has ended already, and show its page."""
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"], Action.CANCEL)
    await stop(services, job.id)
    return RedirectResponse(f"/job/{job.id}", 303)
