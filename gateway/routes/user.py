"""Accounts: list, view, give a level, close."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import ADMIN, EDITOR, OPERATOR, Action, Answer, Principal, Thing, authorise
from erc.gateway.describing import LIMIT, START, About, Described, Parameter
from erc.gateway.documents.identity import UserList, UserView
from erc.gateway.errors import Refused
from erc.gateway.identifiers import new_id
from erc.gateway.identity.levels import may_give, parse_level
from erc.gateway.identity.people import may_be_id
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.services import Services
from erc.gateway.store.accounts import Account, By, Decide

MISSING = "no user with this id"
FORBIDDEN = "user level does not allow edit"
USUAL, MOST = 100, 1000
Level = Annotated[int, Field(ge=0, le=ADMIN)]


async def index(request: Request) -> Response:
    """List the ids of the accounts, the oldest first."""
    services = services_of(request)
    await services.principal(request)
    start, limit = whole_number(request, "start", 1, 1 << 31), whole_number(request, "limit", USUAL, MOST)
    found = await services.identity.accounts.page(start, limit)
    return JSONResponse({"results": [account.id for account in found]})


async def view(request: Request) -> Response:
    """View an account; its level and last visit are only for themselves and for editors."""
    services = services_of(request)
    principal = await services.principal(request)
    identifier = request.path_params["id"]
    found = await services.identity.accounts.find(identifier) if may_be_id(identifier) else None
    if found is None:
        raise Refused(404, MISSING)
    return JSONResponse(_view(principal, found))


async def edit(request: Request) -> Response:
    """Give an account another level.

    Nobody changes their own, and both levels must be below one's own; administrators also make administrators.
    """
    level = parse_level(request.query_params.get("level", ""))
    if level is None:
        raise Refused(400, "parameter 'level' could not be parsed as an integer")
    if not 0 <= level <= ADMIN:
        raise Refused(400, "parameter 'level' must be from 0 to 1000")
    services = services_of(request)
    principal = await services.principal(request)
    changed = await give_level(services, principal, request.path_params["id"], level)
    return JSONResponse(_view(principal, changed))


async def give_level(services: Services, principal: Principal, identifier: str, level: int) -> Account:
    """Give somebody a level, at once also for what they have open. Raises Refused (401, 403, 404)."""
    _refuse(authorise(principal, Action.SET_LEVEL, Thing(identifier, candidate=False)))
    if not may_be_id(identifier):
        raise Refused(404, MISSING)

    def decide(own: int | None, account: Account | None) -> None:
        if account is None:
            raise Refused(404, MISSING)
        level_now = principal.level if principal.name == OPERATOR else own
        if level_now is None or level_now < EDITOR or not may_give(principal.name, level_now, account.level, level):
            advice = "You may move accounts below your own level, to a level below your own."
            raise Refused(403, FORBIDDEN, advice)

    changed = await services.identity.accounts.set_level(identifier, level, By(principal.name, new_id()), decide)
    await services.streams.ask_again()
    return changed


async def close(request: Request) -> Response:
    """Close an account for ever: its sessions, tokens and webhooks end, its published works stay."""
    services = services_of(request)
    await close_account(services, await services.principal(request), request.path_params["id"])
    return Response(status_code=204)


async def close_account(services: Services, principal: Principal, identifier: str) -> None:
    """Close an account. Raises Refused (401, 403, 404)."""
    _refuse(authorise(principal, Action.CLOSE_ACCOUNT, Thing(identifier, candidate=False)))
    if not may_be_id(identifier):
        raise Refused(404, MISSING)
    await services.identity.accounts.close(identifier, By(principal.name, new_id()), _closing(principal))
    await services.streams.ask_again()


def _closing(principal: Principal) -> Decide:
    def decide(own: int | None, account: Account | None) -> None:
        if account is None:
            raise Refused(404, MISSING)
        level_now = principal.level if principal.name == OPERATOR else own or 0
        if account.id != principal.name and not may_give(principal.name, level_now, account.level, 0):
            raise Refused(403, FORBIDDEN, "Only the operator closes the account of an administrator.")

    return decide


def _refuse(answer: Answer) -> None:
    if answer is not Answer.ALLOWED:
        text = FORBIDDEN if answer is Answer.FORBIDDEN else answer.value
        raise Refused(401 if answer is Answer.SIGN_IN else 403, text)


def _view(principal: Principal, account: Account) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": account.id, "name": account.name}
    if authorise(principal, Action.SEE_LEVEL, Thing(account.id, candidate=False)) is Answer.ALLOWED:
        shown |= {"level": account.level, "lastseen": account.seen.isoformat() if account.seen else None}
    return shown


_LIST = About(
    "Users",
    "List users",
    answers={200: UserList},
    refusals=(400, 401, 429),
    query=(START, LIMIT),
)
_VIEW = About("Users", "View a user", answers={200: UserView}, refusals=(401, 404, 429), action=Action.SEE_LEVEL)
_EDIT = About(
    "Users",
    "Give a user a level",
    answers={200: UserView},
    refusals=(400, 401, 403, 404, 429),
    query=(Parameter("level", Level, "The new level.", required=True),),
    action=Action.SET_LEVEL,
)
_CLOSE = About(
    "Users",
    "Close an account",
    answers={204: None},
    refusals=(401, 403, 404, 429),
    action=Action.CLOSE_ACCOUNT,
)

ROUTES = [
    Described("/api/v1/user", index, "GET", _LIST),
    Described("/api/v1/user/{id:str}", view, "GET", _VIEW),
    Described("/api/v1/user/{id:str}", edit, "PATCH", _EDIT),
    Described("/api/v1/user/{id:str}", close, "DELETE", _CLOSE),
]
