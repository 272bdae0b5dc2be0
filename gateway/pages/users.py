"""The page of the users, for those who may set levels."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import OPERATOR, Action, Answer, Principal, authorise
from erc.gateway.client.terminal import one_line
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.identity.levels import GIVEN, in_words, may_give, parse_level
from erc.gateway.pages.rendering import render
from erc.gateway.pages.sign_in import to_sign_in
from erc.gateway.routes.asking import body_of, services_of, whole_number
from erc.gateway.routes.user import close_account, give_level
from erc.gateway.store.accounts import SET_LEVEL

PAGE = 50
CHANGES = 20


async def page(request: Request) -> Response:
    """`GET /users`: the accounts, by name or id, each with the levels that one may give."""
    services = services_of(request)
    principal = await services.principal(request)
    if principal.anonymous:
        return to_sign_in(request)
    refuse_unless_allowed(authorise(principal, Action.SET_LEVEL, None), "")
    start = whole_number(request, "start", 1, 1 << 31)
    wanted = one_line(request.query_params.get("name", ""))[:100]
    found = await services.identity.accounts.page(start, PAGE + 1, wanted)
    rows = [
        (account, in_words(account.level), [] if account.id == principal.name else _levels(principal, account.level))
        for account in found[:PAGE]
    ]
    sees_changes = authorise(principal, Action.INSPECT, None) is Answer.ALLOWED
    return render(
        request,
        "users.html",
        principal,
        rows=rows,
        wanted=wanted,
        changes=await services.operations.latest(SET_LEVEL, CHANGES) if sees_changes else [],
        in_words=in_words,
        address=f"/users?{urlencode({'name': wanted})}&",
        newer=max(1, start - PAGE) if start > 1 else None,
        older=start + PAGE if len(found) > PAGE else None,
        operator=OPERATOR,
    )


def _levels(principal: Principal, before: int) -> list[tuple[int, str]]:
    """Return the levels that somebody may give to an account at this one, with its own among them; none if none."""
    name, own = principal.name, principal.level
    given = [level for level in sorted({*GIVEN, before}) if level == before or may_give(name, own, before, level)]
    return [(level, in_words(level)) for level in given] if len(given) > 1 else []


async def give(request: Request) -> Response:
    """`POST /users/:id/level`."""
    services = services_of(request)
    principal = await services.principal(request)
    level = parse_level(str((await body_of(request)).get("level", "")))
    if level is None or not 0 <= level <= 1000:
        raise Refused(400, "parameter 'level' could not be parsed as an integer")
    await give_level(services, principal, request.path_params["id"], level)
    return RedirectResponse("/users", 303)


async def close(request: Request) -> Response:
    """`POST /users/:id/close`."""
    services = services_of(request)
    await close_account(services, await services.principal(request), request.path_params["id"])
    return RedirectResponse("/users", 303)
