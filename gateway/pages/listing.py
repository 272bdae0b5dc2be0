"""The first page: what the service is, uploads, compendia, the latest jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Principal
from erc.gateway.errors import Refused
from erc.gateway.pages.about import about
from erc.gateway.pages.rendering import render
from erc.gateway.pages.words import State, state_of, status_of
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.compendium import accept_upload
from erc.gateway.services import Services
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job

PAGE = 20
LATEST = 8
_JOBS_READ = 100


@dataclass(frozen=True)
class CompendiumRow:
    """A compendium in a list, with its newest job."""

    compendium: Compendium
    title: str
    authors: str
    status: State
    newest: Job | None
    verdict: State | None


@dataclass(frozen=True)
class JobRow:
    """A job in a list."""

    job: Job
    title: str
    state: State


async def home(request: Request) -> Response:
    """`GET /`."""
    services = services_of(request)
    principal = await services.principal(request)
    start = whole_number(request, "start", 1, 1 << 31)
    found = await services.records.compendia(principal, start=start, limit=PAGE + 1)
    shown = found[:PAGE]
    jobs = await services.records.jobs(principal, limit=_JOBS_READ)
    return render(
        request,
        "home.html",
        principal,
        rows=await _rows(services, principal, shown, jobs),
        jobs=await _latest(services, shown, jobs) if start == 1 else [],
        limits=services.settings.limits,
        newer=max(1, start - PAGE) if start > 1 else None,
        older=start + PAGE if len(found) > PAGE else None,
    )


async def _rows(
    services: Services, principal: Principal, compendia: Sequence[Compendium], jobs: Sequence[Job]
) -> list[CompendiumRow]:
    newest: dict[str, Job] = {}
    for one in jobs:
        newest.setdefault(one.compendium_id, one)
    rows = []
    for compendium in compendia:
        job: Job | None = newest.get(compendium.id)
        if job is None and len(jobs) == _JOBS_READ:
            # An older job than those read may be its newest.
            job = next(iter(await services.records.jobs(principal, compendium_id=compendium.id, limit=1)), None)
        rows.append(row_of(compendium, job))
    return rows


def row_of(compendium: Compendium, newest: Job | None) -> CompendiumRow:
    """Return a compendium as lists show it."""
    known = about(compendium)
    names = [author.name for author in known.authors]
    authors = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    verdict = state_of(newest) if newest else None
    return CompendiumRow(compendium, known.title, authors, status_of(compendium), newest, verdict)


async def _latest(services: Services, known: Sequence[Compendium], jobs: Sequence[Job]) -> list[JobRow]:
    compendia: dict[str, Compendium | None] = {compendium.id: compendium for compendium in known}
    rows = []
    for job in jobs[:LATEST]:
        if job.compendium_id not in compendia:
            compendia[job.compendium_id] = await services.records.compendium(job.compendium_id)
        compendium = compendia[job.compendium_id]
        rows.append(JobRow(job, about(compendium).title if compendium else "", state_of(job)))
    return rows


async def upload(request: Request) -> Response:
    """`POST /upload`: accept an archive from the form and go to its page."""
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await accept_upload(request, services, principal)
    return RedirectResponse(f"/compendium/{compendium.id}", 303)


async def upload_form(request: Request) -> Response:
    """`GET /upload`: where a reload after a refused upload arrives."""
    principal = await services_of(request).principal(request)
    if principal.anonymous:
        raise Refused(401, "user is not authenticated")
    return RedirectResponse("/", 303)
