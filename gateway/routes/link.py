"""Public links: make, look at, revoke, list."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.outbox import utc_now
from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.describing import LIMIT, START, About, Described, Parameter, Text
from erc.gateway.documents.links import LinkDocument, LinkList
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.routes.asking import plain_text, services_of, whole_number
from erc.gateway.services import NO_COMPENDIUM, Services
from erc.gateway.store.links import PublicLink
from erc.schemas.compendium import Compendium

NOT_ALLOWED = "not allowed"
MOST_DAYS = 3660
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


async def create(request: Request) -> Response:
    """Make the public link of a candidate, or return the one that it has.

    `expires` is after how many days it ends; a link that is made without it is good until it is revoked or the
    compendium is published. A repeat with `expires` moves the end of the same link.
    """
    services = services_of(request)
    principal = await services.principal(request)
    link = await share(services, principal, request.path_params["id"], days_of(request.query_params.get("expires")))
    return JSONResponse(link_view(link))


async def share(services: Services, principal: Principal, identifier: str, days: int | None) -> PublicLink:
    """Return the link of a candidate, made now unless it has one; raises Refused (400, 401, 403, 404)."""
    compendium = await shareable(services, principal, identifier)
    now = utc_now()
    expires = now + timedelta(days=days) if days else None
    kept = (
        await services.public_links.keep(compendium.id, principal.name, expires, now) if compendium.candidate else None
    )
    if kept is None:
        raise Refused(400, "compendium is not a candidate", "A published compendium is open to everybody.")
    return kept


def days_of(text: str | None) -> int | None:
    """Return after how many days a link ends, None for one that does not; raises Refused (400)."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 4 or not 1 <= int(text) <= MOST_DAYS:
        raise Refused(400, "expires must be a number of days", f"It is a whole number from 1 to {MOST_DAYS}.")
    return int(text)


async def view(request: Request) -> Response:
    """Return the public link of a candidate."""
    services = services_of(request)
    compendium = await shareable(services, await services.principal(request), request.path_params["id"])
    found = await services.public_links.of_compendium(compendium.id)
    if found is None:
        raise Refused(404, "link not found")
    return JSONResponse(link_view(found))


async def revoke(request: Request) -> Response:
    """Revoke the public link of a candidate; what it opened is not found from now on."""
    services = services_of(request)
    compendium = await shareable(services, await services.principal(request), request.path_params["id"])
    if not await services.public_links.remove(compendium.id):
        raise Refused(400, "no link found")
    return Response(status_code=204)


async def shareable(services: Services, principal: Principal, identifier: str) -> Compendium:
    """Return a compendium whose public link somebody may manage; raises Refused (401, 403, 404)."""
    answer, compendium = await services.asked(principal, identifier, Action.SHARE)
    _refuse(answer)
    assert compendium
    return compendium


async def index(request: Request) -> Response:
    """List the public links that are good: all of them for editors, those that `user` made for this user."""
    services = services_of(request)
    principal, owner = await services.principal(request), plain_text(request, "user")
    thing = Thing(owner, candidate=True) if owner is not None else None
    _refuse(authorise(principal, Action.LIST_LINKS, thing))
    start, limit = whole_number(request, "start", 1, 1 << 31), whole_number(request, "limit", 100, 1000)
    found = await services.public_links.made(owner, start, limit)
    return JSONResponse({"results": [link_view(link) for link in found]})


def _refuse(answer: Answer) -> None:
    if answer is Answer.FORBIDDEN:
        raise Refused(403, NOT_ALLOWED)
    refuse_unless_allowed(answer, NO_COMPENDIUM)


def link_view(link: PublicLink) -> dict[str, object]:
    """Return a link as it is told to those who manage it."""
    document = LinkDocument(
        id=link.id,
        compendium_id=link.compendium_id,
        compendium=link.compendium_id,
        user=link.owner,
        created=link.created,
        expires=link.expires,
    )
    return document.model_dump(mode="json")


_EXPIRES = Parameter("expires", Days, f"After how many days it ends, 1 to {MOST_DAYS}.")
_USER = Parameter("user", Text, "Only the links that this user made.")
_OF, _REFUSED = "/api/v1/compendium/{id:str}/link", (404, 410)

ROUTES = [
    Described(
        _OF,
        create,
        "PUT",
        About(
            "Links",
            "Make the public link",
            {200: LinkDocument},
            (400, *_REFUSED),
            query=(_EXPIRES,),
            action=Action.SHARE,
        ),
    ),
    Described(
        _OF,
        view,
        "GET",
        About("Links", "View the public link", {200: LinkDocument}, (403, *_REFUSED), action=Action.SHARE),
    ),
    Described(
        _OF,
        revoke,
        "DELETE",
        About("Links", "Revoke the public link", {204: None}, (400, *_REFUSED), action=Action.SHARE),
    ),
    Described(
        "/api/v1/link",
        index,
        "GET",
        About(
            "Links",
            "List public links",
            {200: LinkList},
            (400, 403),
            query=(_USER, START, LIMIT),
            action=Action.LIST_LINKS,
        ),
    ),
]
