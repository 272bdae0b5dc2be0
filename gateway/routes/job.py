"""Jobs: start, list, view, cancel; their files, logs and check report."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from erc.events.blobs import read_manifest
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Action, Principal
from erc.gateway.content import read_report
from erc.gateway.describing import LISTED, PAGING, REPEAT, About, Content, Described, Parameter, Text
from erc.gateway.documents.document import Listing
from erc.gateway.documents.job import CancelledJob, JobDocument, JobId, JobRows, JobStart
from erc.gateway.errors import Refused
from erc.gateway.examining import found, seen
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import is_link_id, new_id
from erc.gateway.pipeline import cancel_job, start_job
from erc.gateway.routes.asking import body_of, plain_text, services_of
from erc.gateway.routes.listing import listed, paging_of
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing
from erc.gateway.services import JOB_WORKERS, Services
from erc.gateway.store.lists import Jobs
from erc.gateway.store.queue import place
from erc.gateway.store.records import Also, nothing
from erc.gateway.views import check_view, job_view
from erc.schemas.check import Verdict
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.job import Job, JobStatus, StepName
from erc.schemas.variables import RunVariables

FIELDS = ("status", "user")


async def create(request: Request) -> Response:
    """`POST /api/v1/job`: run a compendium's analysis."""
    services = services_of(request)
    principal = await services.principal(request)
    body = await body_of(request)
    identifier = body.get("compendium_id")
    if not isinstance(identifier, str) or not identifier:
        raise Refused(400, "compendium_id required")

    asker, opened = await services.opened(principal, identifier)

    async def act(keep: KeepAnswer) -> Answer:
        compendium = await services.compendium(asker, opened, Action.RUN)
        return _begun(await begin(services, asker, compendium, keep))

    return await answered_once(request, services, replace(asker, name=starter(asker)), body, act)


async def rerun(request: Request) -> Response:
    """`POST /api/v1/job/:id/rerun`: run the compendium of a job once more, as a new job."""
    services = services_of(request)
    asker, job = await services.opened_job(await services.principal(request), request.path_params["id"])

    async def act(keep: KeepAnswer) -> Answer:
        compendium = await services.compendium(asker, job.compendium_id, Action.RUN)
        return _begun(await begin(services, asker, compendium, keep, job.variables))

    return await answered_once(request, services, replace(asker, name=starter(asker)), None, act)


def starter(asker: Principal) -> str:
    """Return whose a job is that somebody starts: their own, or the public link's that they came by."""
    return f"link.{asker.link}" if asker.link else asker.name


def _begun(job: Job) -> Answer:
    return Answer(200, json.dumps({"job_id": job.id}), {"Location": f"/api/v1/job/{job.id}"})


async def begin(
    services: Services,
    principal: Principal,
    compendium: Compendium,
    keep: KeepAnswer = keep_nothing,
    variables: RunVariables | None = None,
) -> Job:
    """Start a job on a compendium; raises Refused (409) when it is not ready."""
    refuse_unless_ready(compendium)
    about = {"owner": starter(principal), "link": principal.link or None, "created": utc_now()}
    job = Job(id=new_id(), compendium_id=compendium.id, variables=variables, **about)
    advance = start_job(job, compendium)
    answer = _begun(advance.state)

    async def within(transaction: Transaction) -> None:
        await services.quotas.admit_job(transaction, principal, job.owner)
        await keep(transaction, answer)

    await services.records.add_job(advance, within)
    return advance.state


def refuse_unless_ready(compendium: Compendium) -> None:
    """Raise Refused (409) for a compendium that no job can run."""
    if compendium.status is CompendiumStatus.REJECTED:
        said = compendium.problem.sentence() if compendium.problem else ""
        raise Refused(409, "The compendium was rejected", said, "compendium_rejected")
    if compendium.status is not CompendiumStatus.READY:
        raise Refused(409, "The compendium is not ready yet", "Wait until it is loaded.", "compendium_not_ready")


async def index(request: Request) -> Response:
    """`GET /api/v1/job`: ids of jobs, or with `fields` a row each; newest first."""
    services = services_of(request)
    principal = await services.principal(request)
    query = request.query_params
    fields = {name.strip() for name in query.get("fields", "").split(",") if name.strip()}
    unknown = sorted(fields - set(FIELDS))
    if unknown:
        raise Refused(400, f"unsupported field requested: {unknown[0]}")
    compendium_id = query.get("compendium_id")
    if compendium_id:
        await services.compendium(principal, compendium_id, missing=f"no compendium with id {compendium_id}")
    by_link = is_link_id(compendium_id or "")
    wanted = Jobs(
        compendium=None if by_link else compendium_id,
        link=compendium_id if by_link else None,
        user=plain_text(request, "user"),
        status=plain_text(request, "status"),
    )
    page = await services.lists.jobs(principal, wanted, paging_of(request))
    if not fields:
        return listed(request, page, [job.id for job in page.rows])
    rows = [asdict(job) for job in page.rows]
    return listed(request, page, [{k: v for k, v in row.items() if k == "id" or k in fields} for row in rows])


async def view(request: Request) -> Response:
    """`GET /api/v1/job/:id?steps=all|<names>`."""
    services = services_of(request)
    principal, job = await services.opened_job(await services.principal(request), request.path_params["id"])
    detailed = {name.strip() for name in request.query_params.get("steps", "").split(",")}
    manifest = None
    if job.outputs:
        manifest = await asyncio.to_thread(read_manifest, services.blobs, job.outputs)
    waits = None if job.terminal else await place(services.records.database, job.id)
    report = await read_report(services, job.report) if job.report else None
    what = await found(services, job)
    job, report = seen(job, report, what)
    document = job_view(job, manifest, detailed, waits, report)
    if what:
        document["determinism"] = what.model_dump(mode="json")
    if report:
        signer = services.signer.by_link() if principal.link else services.signer
        document["check"] = check_view(job, report, signer)
    if principal.link:
        document["compendium_id"] = principal.link
    return JSONResponse(document)


async def cancel(request: Request) -> Response:
    """`POST /api/v1/job/:id/cancel`: end a job now, whatever it waits for or does."""
    services = services_of(request)
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"], Action.CANCEL)
    said = {"job_id": job.id, "status": JobStatus.FAILURE.value, "verdict": Verdict.CANCELLED.value}
    answer = Answer(200, json.dumps(said))

    async def act(keep: KeepAnswer) -> Answer:
        if await stop(services, job.id, lambda transaction: keep(transaction, answer)) is None:
            raise Refused(409, "The job has ended already", f"Its state is {job.status.value}.", "job_ended")
        return answer

    return await answered_once(request, services, principal, None, act)


async def stop(services: Services, identifier: str, also: Also = nothing) -> Job | None:
    """Record a cancellation and tell the workers; None when the job has ended already."""
    after = await services.records.move_job(identifier, lambda job: cancel_job(job, utc_now()), also)
    if after:
        await services.tell_to_stop({identifier: JOB_WORKERS})
    return after


async def log(request: Request) -> Response:
    """`GET /api/v1/job/:id/log/:step`: the whole log of a step that has ended, as plain text."""
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"])
    try:
        step = job.steps[StepName(request.path_params["step"])]
    except ValueError as error:
        raise Refused(404, "no step of this name") from error
    if step.log is None:
        raise Refused(404, "This step keeps no log", "It has not ended, or it says nothing.")
    document = await asyncio.to_thread(services.blobs.read, step.log)
    return PlainTextResponse(document.decode(errors="replace"), headers={"X-Content-Type-Options": "nosniff"})


_STEPS = Parameter("steps", Text, "Names of steps with commas between, or `all`: told with their texts.")
_FILTERS = (
    Parameter("compendium_id", Text, "Those of this compendium."),
    Parameter("user", Text, "Those of this owner."),
    Parameter("status", JobStatus, "Those in this state."),
    Parameter("fields", Text, "`status`, `user` or both with a comma between: objects instead of ids."),
)
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

ROUTES = [
    Described(
        "/api/v1/job",
        create,
        "POST",
        About(
            "Jobs",
            "Run a compendium",
            {200: JobId},
            (400, 404, 409, 410, 413, 422, 429),
            ("Location",),
            (REPEAT,),
            JobStart,
            _FORMS,
            Action.RUN,
            {"compendium_id": "01m1n5gz1s2k7q0v9d4t8r3w6y"},
        ),
    ),
    Described(
        "/api/v1/job",
        index,
        "GET",
        About("Jobs", "List jobs", {200: (Listing, JobRows)}, (400, 404, 410), LISTED, (*_FILTERS, *PAGING)),
    ),
    Described(
        "/api/v1/job/{id:str}",
        view,
        "GET",
        About("Jobs", "View a job", {200: JobDocument}, (404,), query=(_STEPS,), action=Action.VIEW),
    ),
    Described(
        "/api/v1/job/{id:str}/rerun",
        rerun,
        "POST",
        About(
            "Jobs",
            "Run a job again",
            {200: JobId},
            (400, 404, 409, 410, 422),
            ("Location",),
            (REPEAT,),
            action=Action.RUN,
        ),
    ),
    Described(
        "/api/v1/job/{id:str}/cancel",
        cancel,
        "POST",
        About("Jobs", "End a job", {200: CancelledJob}, (400, 404, 409, 422), query=(REPEAT,), action=Action.CANCEL),
    ),
    Described(
        "/api/v1/job/{id:str}/log/{step:str}",
        log,
        "GET",
        About("Jobs", "Read the log of a step", {200: Content("text/plain")}, (404,), action=Action.VIEW),
    ),
]
