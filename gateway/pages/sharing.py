"""Sharing on pages: the reviewer link of a candidate, the page that it opens, and the form of a substitution."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.events.blobs import read_manifest
from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.pages.about import about
from erc.gateway.pages.files import files_of
from erc.gateway.pages.listing import JobRow
from erc.gateway.pages.rendering import render
from erc.gateway.pages.words import state_of
from erc.gateway.routes.asking import body_of, services_of
from erc.gateway.routes.link import days_of, share, shareable
from erc.gateway.routes.substitution import substitute as make
from erc.gateway.services import Services
from erc.gateway.store.links import PublicLink
from erc.schemas.compendium import Compendium

JOBS, CHOICES = 20, 1000
PAIRS = 5
"""How many files one form substitutes."""


@dataclass(frozen=True)
class Shared:
    """The reviewer link of a candidate and its address; `link` is None when there is none."""

    link: PublicLink | None
    address: str


async def shared(services: Services, principal: Principal, compendium: Compendium) -> Shared | None:
    """Return what the page says of the reviewer link; None for whom may not manage it, and for what is public."""
    thing = Thing(compendium.owner, compendium.candidate, compendium.id)
    if not compendium.candidate or authorise(principal, Action.SHARE, thing) is not Answer.ALLOWED:
        return None
    found = await services.public_links.of_compendium(compendium.id)
    return Shared(found, f"{services.settings.public_url}/compendium/{found.id}" if found else "")


async def make_link(request: Request) -> Response:
    """`POST /compendium/:id/link`: make the reviewer link, or move its end."""
    services = services_of(request)
    days = days_of(str((await body_of(request)).get("days", "")))
    await share(services, await services.principal(request), request.path_params["id"], days)
    return RedirectResponse(f"/compendium/{request.path_params['id']}#link", 303)


async def revoke_link(request: Request) -> Response:
    """`POST /compendium/:id/link/revoke`: revoke the reviewer link, or find that there is none."""
    services = services_of(request)
    compendium = await shareable(services, await services.principal(request), request.path_params["id"])
    await services.public_links.remove(compendium.id)
    return RedirectResponse(f"/compendium/{compendium.id}#link", 303)


async def linked(request: Request) -> Response:
    """`GET /compendium/<link>`: what a reviewer link opens."""
    services, link = services_of(request), request.path_params["id"]
    principal = await services.principal(request)
    compendium = await services.compendium(principal, link)
    jobs = await services.public_links.jobs(link, limit=JOBS)
    return render(
        request,
        "linked.html",
        principal,
        link=link,
        about=about(compendium),
        ready=compendium.manifest is not None,
        files=await files_of(services.blobs, compendium.manifest, f"/api/v1/compendium/{link}/data"),
        jobs=[JobRow(job, "", state_of(job)) for job in jobs],
    )


@dataclass(frozen=True)
class Choice:
    """The files of a compendium that a form lets one choose from."""

    id: str
    title: str
    paths: list[str]


async def substitution_form(request: Request) -> Response:
    """`GET /compendium/:id/substitute?overlay=…`: choose the overlay, then which file takes the place of which."""
    services = services_of(request)
    principal = await services.principal(request)
    base = await services.compendium(principal, request.path_params["id"], Action.SUBSTITUTE)
    named = request.query_params.get("overlay", "").strip().rstrip("/").rsplit("/", 1)[-1]
    overlay = None
    if named:
        overlay = await services.compendium(principal, named, Action.SUBSTITUTE, "no overlay compendium with this id")
    return render(
        request,
        "substitute.html",
        principal,
        base=await _choice(services, base),
        overlay=await _choice(services, overlay) if overlay else None,
        pairs=range(PAIRS),
    )


async def _choice(services: Services, compendium: Compendium) -> Choice:
    paths: list[str] = []
    if compendium.manifest:
        manifest = await asyncio.to_thread(read_manifest, services.blobs, compendium.manifest)
        kept = {"erc.yml", about(compendium).display}
        paths = [entry.path for entry in manifest.entries() if entry.path not in kept]
    return Choice(compendium.id, about(compendium).title, paths[:CHOICES])


async def substitute(request: Request) -> Response:
    """`POST /compendium/:id/substitute`: make the substituted compendium and go to its page."""
    services = services_of(request)
    principal = await services.principal(request)
    form = await body_of(request)
    rows = [{side: form.get(f"{side}{number}") for side in ("base", "overlay")} for number in range(PAIRS)]
    order = {
        "base": request.path_params["id"],
        "overlay": form.get("overlay"),
        "substitutionFiles": [row for row in rows if any(row.values())],
    }
    return RedirectResponse(f"/compendium/{await make(services, principal, order)}", 303)
