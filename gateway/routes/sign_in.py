"""Signing in and out, and who asks."""

from __future__ import annotations

import hmac
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from erc.gateway.auth import OPERATOR, Action, Answer, Thing, authorise
from erc.gateway.describing import About, Content, Described, Parameter
from erc.gateway.documents.identity import WhoAmI
from erc.gateway.documents.service import SignInLink
from erc.gateway.errors import Refused
from erc.gateway.identity.holders import shown_by
from erc.gateway.identity.signing_in import local_path
from erc.gateway.pages.sign_in import choice, leaving
from erc.gateway.routes.asking import services_of
from erc.gateway.services import Services

_BACK = ("state", "code", "error", "iss")
"""What a provider sends back."""


async def login(request: Request) -> Response:
    """Sign in with a provider; the provider sends the browser back to this address.

    With several providers and none named, the browser is sent to a page to choose one.
    """
    if any(name in request.query_params for name in ("state", "code", "error")):
        return await _come_back(request)
    services = services_of(request)
    settings, asked = services.settings.identity, request.query_params
    after = local_path(asked.get("next", "/"))
    name = asked.get("provider") or (settings.providers[0].name if len(settings.providers) == 1 else "")
    if not name:
        return RedirectResponse(f"/sign-in?{urlencode({'next': after})}", 303)
    begun = await services.identity.signing_in.begin(name, after)
    response = RedirectResponse(begun.address, 302)
    services.identity.cookies.give_sign_in(response, begun.browser)
    return response


async def _come_back(request: Request) -> Response:
    services = services_of(request)
    identity = services.identity
    said = {name: request.query_params[name] for name in _BACK if name in request.query_params}
    person, after = await identity.signing_in.end(said, request.cookies.get(identity.cookies.sign_in, ""))
    administrator = person.id in identity.settings.administrators
    account = await identity.accounts.sign_in(person, identity.settings.default_level, administrator=administrator)
    if account is None:
        raise Refused(403, "This account is closed", "An account that was closed is not opened again.")
    return await _signed_in(request, services, account.id, after)


async def by_link(request: Request) -> Response:
    """`GET /sign-in`: exchange the one-time link `?token=…` for a session; without one, choose a provider."""
    services = services_of(request)
    token = request.query_params.get("token")
    if token is None:
        return await choice(request)
    shown = token.encode("utf-8", "surrogatepass")
    known = next((link for link in services.links if hmac.compare_digest(link.encode(), shown)), None)
    if known is None:
        raise Refused(403, "This link has been used or is not known", "Ask for a new one with: erc open")
    services.links.discard(known)
    return await _signed_in(request, services, OPERATOR, local_path(request.query_params.get("next", "/")))


async def _signed_in(request: Request, services: Services, principal: str, after: str) -> Response:
    """Begin a new session, never one that the browser brought, and go on."""
    cookies = services.identity.cookies
    before = request.cookies.get(cookies.session)
    if before:
        await services.sessions.end(before)
    response = RedirectResponse(after, 303)
    cookies.give_session(response, await services.sessions.create(principal))
    cookies.forget(response, cookies.sign_in)
    return response


async def logout(request: Request) -> Response:
    """Sign out. Only a link on a page of ours ends the session; from elsewhere a page asks first."""
    if request.headers.get("sec-fetch-site") == "same-origin":
        return await sign_out(request)
    return await leaving(request)


async def sign_out(request: Request) -> Response:
    """`POST /sign-out`: end the session, and the streams that it opened."""
    services = services_of(request)
    cookies = services.identity.cookies
    cookie = request.cookies.get(cookies.session)
    if cookie:
        await services.sessions.end(cookie)
        await services.streams.ask_again()
    response = RedirectResponse("/", 303)
    cookies.forget(response, cookies.session)
    return response


async def who(request: Request) -> Response:
    """Say who asks, with the level of this moment and, for a token, its scopes."""
    principal = await services_of(request).principal(request)
    if principal.anonymous:
        raise Refused(401, "user is not authenticated")
    scopes = None if principal.scopes is None else sorted(principal.scopes)
    about = {"orcid": principal.name, "name": principal.label or principal.name, "level": principal.level}
    return JSONResponse({**about, "scopes": scopes})


async def link(request: Request) -> Response:
    """`POST /api/v1/auth/link`: a new one-time sign-in link, for the operator's command line.

    No personal token gets one, for it leads to a session.
    """
    services = services_of(request)
    principal = await services.principal(request)
    shown = shown_by(request, services.identity.cookies.session)
    itself = shown is not None and services.identity.holders.is_operators(shown)
    may = authorise(principal, Action.MAKE_TOKEN, Thing(OPERATOR, candidate=False)) is Answer.ALLOWED
    if principal.name != OPERATOR or not (itself or may):
        raise Refused(401, "user is not authenticated")
    return JSONResponse({"url": services.new_link()})


_LOGIN = About(
    "Users",
    "Sign in",
    answers={302: None, 303: None},
    refusals=(400, 403, 404, 429, 503),
    query=(
        Parameter("provider", str, "Which provider; without it the only one, or a page to choose."),
        Parameter("next", str, "A path of this service to go on to."),
        Parameter("code", str, "From the provider."),
        Parameter("state", str, "From the provider."),
        Parameter("iss", str, "From the provider (RFC 9207)."),
        Parameter("error", str, "From the provider."),
    ),
)
_LOGOUT = About("Users", "Sign out", answers={200: Content("text/html"), 303: None}, refusals=(429,))
_WHO = About("Users", "Who asks", answers={200: WhoAmI}, refusals=(401, 429))
_LINK = About("Users", "Make a one-time sign-in link for the operator", answers={200: SignInLink}, refusals=(429,))

ROUTES = [
    Described("/api/v1/auth/login", login, "GET", _LOGIN),
    Described("/api/v1/auth/logout", logout, "GET", _LOGOUT),
    Described("/api/v1/auth/whoami", who, "GET", _WHO),
    Described("/api/v1/auth/link", link, "POST", _LINK),
    Route("/sign-in", by_link, methods=["GET"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
