"""Named runs: start or update one, list, view, end; and the image that a name means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.blobs import put_document
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Action, Principal, Thing, authorise
from erc.gateway.describing import LIMIT, REPEAT, START, About, Described, Parameter, Text
from erc.gateway.documents.run import BuildDocument, RunDocument, RunList, RunStart
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.idempotency import Answer
from erc.gateway.identifiers import new_id
from erc.gateway.pipeline import start_job
from erc.gateway.routes.asking import plain_text, services_of, whole_number
from erc.gateway.routes.bodies import document_of
from erc.gateway.routes.job import refuse_unless_ready, stop
from erc.gateway.routes.listing import MOST, START_MOST
from erc.gateway.routes.repeating import KeepAnswer, answered_once, respond
from erc.gateway.runs.deciding import Named, Wanted, next_generation, origin_of
from erc.gateway.runs.views import build_view, run_view
from erc.gateway.services import JOB_WORKERS, Services
from erc.gateway.store.rows import hold
from erc.gateway.store.runs import Found
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.run import LATEST, RunNameError, parse_name
from erc.schemas.variables import RunVariables, Setting

NO_RUN = "no run with this name"


async def create(request: Request) -> Response:
    """`POST /api/v1/runs`: run a compendium under a name of yours, as the next generation of it.

    The same content again is the same run: a job that goes on is told, not started twice. With `update` or `force` the
    job of the generation before ends. Whatever was brought before what the name means now changes nothing.
    """
    services = services_of(request)
    principal = await services.principal(request)
    asked = await document_of(request, RunStart)

    async def act(keep: KeepAnswer) -> Answer:
        compendium = await services.compendium(principal, asked.compendium_id, Action.NAME_RUN)
        refuse_unless_ready(compendium)
        return await _started(services, principal, compendium, asked, keep)

    return await answered_once(request, services, principal, asked.model_dump(mode="json"), act)


class _GoesOnError(Exception):
    """The same is running already: what was begun is undone."""


async def _started(
    services: Services, principal: Principal, compendium: Compendium, asked: RunStart, keep: KeepAnswer
) -> Answer:
    origin = origin_of(compendium, asked.origin)
    about = asked.model_dump(exclude={"compendium_id", "origin"})
    wanted, now = Wanted(**about, origin=origin), utc_now()
    variables = await asyncio.to_thread(_kept, services, asked.variables) if asked.variables else None
    job = Job(id=new_id(), compendium_id=compendium.id, owner=principal.name, variables=variables, created=now)
    advance = start_job(job, compendium)
    made: list[Named] = []
    ended: list[tuple[str, Callable[[], None]]] = []

    async def within(transaction: Transaction) -> None:
        # Its row before the locks of the queues, as whoever deletes or publishes it takes them.
        await hold(transaction, compendium.id)
        await services.quotas.hold(transaction, principal, principal.name)
        known = await services.runs.hold(transaction, principal.name, wanted)
        number = next_generation(wanted, compendium, known)
        if number is None:
            raise _GoesOnError
        if known.current and (over := await services.records.end_job(transaction, known.current.job_id)):
            ended.append((known.current.job_id, over))
        named = _named(principal.name, wanted, number, advance.state)
        await services.quotas.admit_job(transaction, principal, principal.name)
        await services.runs.add(transaction, named)
        await keep(transaction, _answer(Found(named, advance.state, compendium)))
        made.append(named)

    try:
        await services.records.add_job(advance, within)
    except _GoesOnError:
        return _answer(await _there(services, principal.name, wanted.name, wanted.version))
    for job_id, over in ended:
        over()
        await services.tell_to_stop({job_id: JOB_WORKERS})
    return _answer(Found(made[0], advance.state, compendium))


def _kept(services: Services, values: dict[str, str]) -> RunVariables:
    return RunVariables(values=values, kept=put_document(services.blobs, Setting(values=values)))


def _named(owner: str, wanted: Wanted, generation: int, job: Job) -> Named:
    return Named(
        owner=owner,
        name=wanted.name,
        version=wanted.version,
        generation=generation,
        origin=wanted.origin,
        source=wanted.source,
        entrypoint=wanted.entrypoint,
        compendium_id=job.compendium_id,
        job_id=job.id,
        created=job.created,
    )


def _answer(found: Found) -> Answer:
    view = run_view(found.named, found.job, found.compendium)
    return Answer(200, json.dumps(view), {"Location": f"/api/v1/runs/{found.named.name}"})


async def index(request: Request) -> Response:
    """`GET /api/v1/runs`: what your names mean now, by name and version; editors ask for those of others."""
    services = services_of(request)
    principal = await services.principal(request)
    owner = plain_text(request, "user") or principal.name
    refuse_unless_allowed(authorise(principal, Action.LIST_RUNS, Thing(owner, candidate=False)), NO_RUN)
    start, limit = whole_number(request, "start", 1, START_MOST), whole_number(request, "limit", 100, MOST)
    found = await services.runs.of_owner(owner, start, limit)
    return JSONResponse({"results": [run_view(one.named, one.job, one.compendium) for one in found]})


async def view(request: Request) -> Response:
    """`GET /api/v1/runs/:name`: what a name means now, and how far its run is."""
    services = services_of(request)
    found = await found_run(request, services, Action.SEE_RUN)
    return JSONResponse(run_view(found.named, found.job, found.compendium))


async def build(request: Request) -> Response:
    """`GET /api/v1/runs/:name/build`: the image that `build://NAME:VERSION` means, the newest that was built for it."""
    services = services_of(request)
    now = (await found_run(request, services, Action.SEE_RUN)).named
    found = await services.runs.built(now.owner, now.name, now.version)
    if found is None:
        raise Refused(404, "Nothing was built for this run yet", "Its environment is not ready.", "no_build")
    return JSONResponse(build_view(found.named, found.job))


async def kill(request: Request) -> Response:
    """`POST /api/v1/runs/:name/kill`: end the job of a name; one that has ended stays as it is."""
    services = services_of(request)
    found = await found_run(request, services, Action.CANCEL)

    await stop(services, found.job.id)
    there = await _there(services, found.named.owner, found.named.name, found.named.version)
    return respond(_answer(there))


async def found_run(request: Request, services: Services, action: Action) -> Found:
    """Return the run that a request names; raises Refused (400, 401, 403, 404)."""
    principal = await services.principal(request)
    owner = plain_text(request, "user") or principal.name
    version = plain_text(request, "version") or LATEST
    try:
        parse_name(f"{request.path_params['name']}@{version}")
    except RunNameError as error:
        raise Refused(404, NO_RUN, str(error), "no_run") from error
    found = await services.runs.find(owner, request.path_params["name"], version) if owner else None
    thing = Thing(found.named.owner, candidate=True) if found else None
    refuse_unless_allowed(authorise(principal, action, thing), NO_RUN)
    assert found
    return found


async def _there(services: Services, owner: str, name: str, version: str) -> Found:
    found = await services.runs.find(owner, name, version)
    if found is None:
        raise Refused(404, NO_RUN, "It was there a moment ago; its compendium was deleted.", "no_run")
    return found


VERSION = Parameter("version", Text, "The version; `latest` unless said.")
USER = Parameter("user", Text, "Whose run, for editors; yours unless said.")
ONE = "/api/v1/runs/{name:str}"
_EXAMPLE = {"compendium_id": "01m1n5gz1s2k7q0v9d4t8r3w6y", "name": "spacetime", "version": "v2"}

ROUTES = [
    Described(
        "/api/v1/runs",
        create,
        "POST",
        About(
            "Runs",
            "Run a compendium under a name",
            {200: RunDocument},
            (400, 404, 409, 410, 413, 422, 429),
            ("Location",),
            (REPEAT,),
            RunStart,
            ("multipart/form-data", "application/x-www-form-urlencoded"),
            Action.NAME_RUN,
            _EXAMPLE,
        ),
    ),
    Described(
        "/api/v1/runs",
        index,
        "GET",
        About("Runs", "List named runs", {200: RunList}, (400,), query=(USER, START, LIMIT), action=Action.LIST_RUNS),
    ),
    Described(
        ONE,
        view,
        "GET",
        About("Runs", "View a named run", {200: RunDocument}, (400, 404), (), (VERSION, USER), action=Action.SEE_RUN),
    ),
    Described(
        f"{ONE}/build",
        build,
        "GET",
        About(
            *("Runs", "Resolve the image of a named run", {200: BuildDocument}, (400, 404)),
            query=(VERSION, USER),
            action=Action.SEE_RUN,
        ),
    ),
    Described(
        f"{ONE}/kill",
        kill,
        "POST",
        About(
            *("Runs", "End the job of a named run", {200: RunDocument}, (400, 404), ("Location",)),
            query=(VERSION, USER),
            action=Action.CANCEL,
        ),
    ),
]
