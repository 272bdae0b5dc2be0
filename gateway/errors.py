"""Problems as RFC 9457 documents that also carry the `error` text of the o2r service."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.errors import Rejected
from erc.gateway.auth import Answer
from erc.schemas.problem import Problem

log = logging.getLogger("erc.gateway")

MEDIA_TYPE = "application/problem+json"
_TITLES = {400: "Bad request", 404: "Not found", 405: "Method not allowed", 413: "Too large"}


class Refused(Exception):  # noqa: N818
    """A request that is answered by a problem with this HTTP status; `error` is the o2r service's text.

    `more` are further members of the problem document, `headers` those of the answer.
    """

    def __init__(
        self,
        status: int,
        error: str,
        detail: str = "",
        code: str = "",
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status, self.error = status, error
        self.more, self.headers = more or {}, headers or {}
        self.problem = Problem(code=code or f"http_{status}", title=error, detail=detail)


def refuse_unless_allowed(answer: Answer, missing: str) -> None:
    """Raise Refused for every answer but ALLOWED; `missing` is the text for what is not found."""
    status = {Answer.SIGN_IN: 401, Answer.FORBIDDEN: 403, Answer.TOKEN: 403, Answer.NOT_FOUND: 404}.get(answer)
    if status:
        raise Refused(status, missing if status == 404 else answer.value)


def problem_response(
    status: int, problem: Problem, headers: dict[str, str] | None = None, more: Mapping[str, Any] | None = None
) -> Response:
    """Return the problem document, with further members if there are any."""
    document = {
        "type": f"urn:erc:problem:{problem.code}",
        "status": status,
        "title": problem.title,
        "detail": problem.detail,
        "code": problem.code,
        "error": problem.title,
        **(more or {}),
    }
    return JSONResponse(document, status, headers, media_type=MEDIA_TYPE)


async def on_refused(_request: Request, error: Exception) -> Response:
    """Answer a refused request."""
    assert isinstance(error, Refused)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return problem_response(error.status, error.problem, {**headers, **error.headers}, error.more)


async def on_rejected(_request: Request, error: Exception) -> Response:
    """Answer a request whose content is at fault."""
    assert isinstance(error, Rejected)
    return problem_response(404 if error.problem.code == "blob_missing" else 400, error.problem)


async def on_unavailable(_request: Request, error: Exception) -> Response:
    """Answer a request that must be repeated later."""
    log.warning("Unavailable: %s", error)
    problem = Problem(code="unavailable", title="The service is not available", detail="Please try again in a moment.")
    return problem_response(503, problem, {"Retry-After": "2"})


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses itself."""
    assert isinstance(error, HTTPException)
    title = _TITLES.get(error.status_code, error.detail)
    detail = error.detail if error.detail != title else ""
    return problem_response(
        error.status_code,
        Problem(code=f"http_{error.status_code}", title=title, detail=detail),
        dict(error.headers or {}),
    )


async def on_bug(_request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw."""
    log.error("Unexpected", exc_info=error)
    return problem_response(500, Problem(code="internal", title="Something went wrong here", detail="It was logged."))
