"""The page of one's own account: level, sessions, tokens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import OPERATOR, Action, Principal, Scope
from erc.gateway.documents.identity import TokenWanted
from erc.gateway.errors import Refused
from erc.gateway.identity.levels import in_words
from erc.gateway.identity.tokens import MOST_DAYS, NAME_CHARACTERS, USUAL_DAYS
from erc.gateway.pages.rendering import render
from erc.gateway.pages.sign_in import to_sign_in
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.token import end_token, make, own
from erc.gateway.routes.user import close_account

MEANINGS = {
    Scope.READ: "see what you may see",
    Scope.WRITE: "upload, run, edit and publish",
    Scope.SHIP: "ship to repositories",
    Scope.ADMIN: "what your level allows beyond that, and your account",
}
DAYS = (7, 30, USUAL_DAYS, 180, MOST_DAYS)


async def page(request: Request) -> Response:
    """`GET /account`."""
    principal = await services_of(request).principal(request)
    return to_sign_in(request) if principal.anonymous else await _page(request, principal)


async def _page(request: Request, principal: Principal, secret: str = "", status: int = 200) -> Response:
    services = services_of(request)
    own(principal, Action.SEE_TOKENS)
    identity = services.identity
    cookie = request.cookies.get(identity.cookies.session, "")
    return render(
        request,
        "account.html",
        principal,
        status,
        level=in_words(principal.level),
        operator=principal.name == OPERATOR,
        sessions=await services.sessions.of(principal.name, cookie),
        tokens=await identity.tokens.of(principal.name),
        scopes=MEANINGS,
        days=DAYS,
        usual=USUAL_DAYS,
        longest=NAME_CHARACTERS,
        secret=secret,
    )


async def make_token(request: Request) -> Response:
    """`POST /account/tokens`: make a token and show it this once."""
    services = services_of(request)
    principal = await services.principal(request)
    own(principal, Action.MAKE_TOKEN)
    async with request.form(max_files=0, max_fields=16, max_part_size=4096) as form:
        name, days = form.get("name"), form.get("days")
        scopes = [Scope(one) for one in form.getlist("scope") if one in list(Scope)]
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS or days not in [str(one) for one in DAYS]:
        advice = f"It needs a name of at most {NAME_CHARACTERS} characters and one of the times."
        raise Refused(400, "The token cannot be made", advice)
    _, secret = await make(services, principal, TokenWanted(name=name, scopes=scopes, days=int(str(days))))
    return await _page(request, principal, secret, 201)


async def revoke_token(request: Request) -> Response:
    """`POST /account/tokens/:id/end`."""
    services = services_of(request)
    await end_token(services, await services.principal(request), request.path_params["id"])
    return RedirectResponse("/account#tokens", 303)


async def end_session(request: Request) -> Response:
    """`POST /account/sessions/:handle/end`."""
    services = services_of(request)
    principal = await services.principal(request)
    own(principal, Action.END_TOKEN)
    handle = request.path_params["handle"]
    if not handle.isalnum() or not await services.sessions.end_one(principal.name, handle):
        raise Refused(404, "no session with this name")
    await services.streams.ask_again()
    return RedirectResponse("/account#sessions", 303)


async def close(request: Request) -> Response:
    """`POST /account/close`: close one's own account."""
    services = services_of(request)
    principal = await services.principal(request)
    await close_account(services, principal, principal.name)
    response = RedirectResponse("/", 303)
    services.identity.cookies.forget(response, services.identity.cookies.session)
    return response
