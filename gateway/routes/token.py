"""Personal access tokens: make, list, end; and end one by itself (RFC 7009)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Action, Principal, Scope, Thing, authorise
from erc.gateway.describing import About, Described
from erc.gateway.documents.identity import Revoked, TokenList, TokenMade, TokenWanted
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.identifiers import new_id
from erc.gateway.identity.randomness import letters
from erc.gateway.identity.tokens import MOST, may_be_token, new_token, with_read
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.bodies import clean, document_of
from erc.gateway.services import Services
from erc.gateway.store.tokens import Token, Wanted

MISSING = "no token with this id"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def create(request: Request) -> Response:
    """Make a personal access token. Only somebody who signed in with a browser may: a token makes no tokens.

    The answer shows the token this once. It is not repeated under an Idempotency-Key, for it is nowhere kept.
    """
    services = services_of(request)
    principal = await services.principal(request)
    own(principal, Action.MAKE_TOKEN)
    made, secret = await make(services, principal, await document_of(request, TokenWanted))
    headers = {"Location": f"/api/v1/token/{made.id}"}
    return JSONResponse({**view_of(made), "token": secret}, 201, headers)


async def make(services: Services, principal: Principal, wanted: TokenWanted) -> tuple[Token, str]:
    """Make a token for the principal, who may. Raises Refused (400, 409)."""
    secret = new_token(letters)
    about = Wanted(new_id(), principal.name, clean(wanted.name), with_read(wanted.scopes), timedelta(days=wanted.days))
    made = await services.identity.tokens.add(about, secret, MOST)
    if made is None:
        raise Refused(409, "There are too many tokens", f"At most {MOST} are kept; end one.", "too_many_tokens")
    return made, secret


async def index(request: Request) -> Response:
    """List the asker's own tokens, the newest first, without what they say."""
    services = services_of(request)
    principal = await services.principal(request)
    own(principal, Action.SEE_TOKENS)
    found = await services.identity.tokens.of(principal.name)
    return JSONResponse({"results": [view_of(token) for token in found]})


async def end(request: Request) -> Response:
    """End a token of the asker's own; it is good for nothing from now on."""
    services = services_of(request)
    await end_token(services, await services.principal(request), request.path_params["id"])
    return Response(status_code=204)


async def end_token(services: Services, principal: Principal, identifier: str) -> None:
    """End a token of the principal's own, and the streams that it opened. Raises Refused (401, 403, 404)."""
    own(principal, Action.END_TOKEN)
    found = await services.identity.tokens.find(identifier) if identifier.isalnum() and identifier.isascii() else None
    if found is None or found.account != principal.name:
        raise Refused(404, MISSING)
    await services.identity.tokens.end(found.id)
    await services.streams.ask_again()


async def revoke(request: Request) -> Response:
    """End the token that is sent, whoever sends it (RFC 7009). An unknown one is no error."""
    services = services_of(request)
    sent = (await document_of(request, Revoked)).token
    if may_be_token(sent):
        await services.identity.tokens.end_itself(sent)
        await services.streams.ask_again()
    return Response(status_code=200)


def own(principal: Principal, action: Action) -> None:
    """Raise Refused (401, 403) unless the principal may do this to what is their own."""
    refuse_unless_allowed(authorise(principal, action, Thing(principal.name, candidate=False)), MISSING)


def view_of(token: Token) -> dict[str, Any]:
    """Return a token as its owner sees it."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": [Scope(scope).value for scope in token.scopes],
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat(),
        "used": token.used.isoformat() if token.used else None,
    }


_CREATE = About(
    "Tokens",
    "Make a personal access token",
    answers={201: TokenMade},
    refusals=(400, 401, 403, 409, 413, 429),
    body=TokenWanted,
    action=Action.MAKE_TOKEN,
)
_INDEX = About(
    "Tokens", "List one's own tokens", answers={200: TokenList}, refusals=(401, 403, 429), action=Action.SEE_TOKENS
)
_END = About("Tokens", "End a token", answers={204: None}, refusals=(401, 403, 404, 429), action=Action.END_TOKEN)
_REVOKE = About(
    "Tokens", "End the token that is sent", answers={200: None}, refusals=(400, 413, 429), body=Revoked, forms=FORMS
)

ROUTES = [
    Described("/api/v1/token", create, "POST", _CREATE),
    Described("/api/v1/token", index, "GET", _INDEX),
    Described("/api/v1/token/{id:str}", end, "DELETE", _END),
    Described("/api/v1/auth/revoke", revoke, "POST", _REVOKE),
]
