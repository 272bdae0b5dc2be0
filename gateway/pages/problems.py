"""Problems for people: the page that says what went wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from erc.events.errors import Unavailable
from erc.gateway import errors
from erc.gateway.auth import ANONYMOUS, Principal
from erc.gateway.pages.rendering import render
from erc.gateway.routes.asking import services_of
from erc.schemas.problem import Problem

_MACHINES = ("/api", "/status", "/health", "/healthz")
_PEOPLE = {"/api/v1/auth/login", "/api/v1/auth/logout"}
"""Addresses of the API that browsers are sent to."""


@dataclass(frozen=True)
class Advice:
    """What a status means to a reader, and what can be done."""

    title: str
    hint: str


_ASK = "Ask for a sign-in link in a terminal with: erc open"
_SIGN_IN = "Sign in at the head of this page."
_ADVICE = {
    401: Advice("Please sign in", _ASK),
    403: Advice("This is not allowed", f"You may need another account. {_ASK}"),
    404: Advice("There is nothing here", "The address may be mistyped, or what was here has been deleted."),
    405: Advice("This address cannot be opened like that", "Go back to the page you came from and use its buttons."),
    429: Advice("Please wait a moment", "So many requests at once are more than this service answers to one reader."),
    413: Advice("The upload is too large", "Leave out what can be downloaded or computed, and try again."),
    503: Advice("The service is not available", "Please load this page again in a moment."),
}
_UNSIGNED = f"Candidates are seen only by their owner. If this is yours, sign in: {_ASK[0].lower()}{_ASK[1:]}"


def wants_page(request: Request) -> bool:
    """Return whether this request comes from somebody who reads pages."""
    path = request.url.path
    machine = any(path == prefix or path.startswith(f"{prefix}/") for prefix in _MACHINES)
    return (path in _PEOPLE or not machine) and "text/html" in request.headers.get("accept", "")


async def on_refused(request: Request, error: Exception) -> Response:
    """Answer a refused request: with a page for people, with a problem document for programs."""
    if not wants_page(request):
        return await errors.on_refused(request, error)
    assert isinstance(error, errors.Refused)
    response = await problem_page(request, error.status, error.problem)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def on_rejected(request: Request, error: Exception) -> Response:
    """Answer a request whose content is at fault."""
    return await _as_page(request, await errors.on_rejected(request, error), error)


async def on_unavailable(request: Request, error: Exception) -> Response:
    """Answer a request that must be repeated later."""
    return await _as_page(request, await errors.on_unavailable(request, error), error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses itself."""
    return await _as_page(request, await errors.on_http_error(request, error), error)


async def on_bug(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw."""
    return await _as_page(request, await errors.on_bug(request, error), error)


async def _as_page(request: Request, answer: Response, error: Exception) -> Response:
    """Return the page beside a problem document, with the headers that the status needs."""
    if not wants_page(request):
        return answer
    problem = getattr(error, "problem", None) or _problem(answer.status_code, error)
    page = await problem_page(request, answer.status_code, problem)
    for name in ("Retry-After", "Allow"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


def _problem(status: int, error: Exception) -> Problem:
    if isinstance(error, HTTPException) and status not in _PLAIN:
        return Problem(code=f"http_{status}", title=error.detail)
    return _PLAIN.get(status, _UNKNOWN)


_UNKNOWN = Problem(code="internal", title="Something went wrong here", detail="It was logged. Please try again.")
_PLAIN = {status: Problem(code=f"http_{status}", title=advice.title) for status, advice in _ADVICE.items()}


async def problem_page(request: Request, status: int, problem: Problem) -> Response:
    """Return the page of a problem."""
    principal = await _principal(request, status)
    advice = _ADVICE.get(status, Advice(problem.title, ""))
    hint = f"{advice.hint} {_UNSIGNED}" if status == 404 and principal.anonymous else advice.hint
    if services_of(request).settings.identity.providers:
        hint = hint.replace(_ASK, _SIGN_IN).replace(_UNSIGNED, f"Candidates are seen only by their owner. {_SIGN_IN}")
    title = problem.title if problem.title and status in {409, 400, 500, 501} else advice.title
    said = "" if problem.title == title or status in {401, 404} else problem.title
    values = {"code": status, "title": title, "said": said, "detail": problem.detail, "hint": hint}
    return render(request, "problem.html", principal, status, **values)


async def _principal(request: Request, status: int) -> Principal:
    """Return who asks, or nobody when that cannot be told now."""
    if status >= 500:
        return ANONYMOUS
    try:
        return await services_of(request).principal(request)
    except (errors.Refused, Unavailable):
        return ANONYMOUS
