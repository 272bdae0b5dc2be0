"""Routes that say what they are: what the OpenAPI document, its reference page and the tests are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from erc.gateway.auth import Action

JSON = "application/json"


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query or a header: its name, its type as pydantic reads it, and what it does."""

    name: str
    kind: Any
    meaning: str
    place: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Content:
    """A body that is not a JSON document of a model: bytes, a file, a stream of events."""

    media_type: str
    meaning: str = ""


@dataclass(frozen=True)
class About:
    """An operation in words and types.

    `answers` maps a status to the pydantic model (any type that pydantic reads), a Content, or None for an empty body;
    a tuple holds alternatives. `headers` are those of the answers, named in `contract.HEADERS`.
    `refusals` are the statuses that come with a problem document. `action` is what `auth.authorise` is asked; None for
    what everybody may do. `body` is the type of a JSON body; `forms` are further media types that it may come in.
    """

    tag: str
    summary: str
    answers: Mapping[int, Any]
    refusals: Sequence[int] = ()
    headers: Sequence[str] = ()
    query: Sequence[Parameter] = ()
    body: Any = None
    forms: Sequence[str] = field(default=())
    action: Action | None = None
    example: Any = None


class Described(Route):
    """A route with its description; the text is the first paragraph of the endpoint's docstring."""

    def __init__(self, path: str, endpoint: Callable[..., Any], method: str, about: About) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method, self.about = method, about
        self.app = _answering(endpoint)


def _answering(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """Return an endpoint as an application; what it raises is answered by the middleware around all routes."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


Text = Annotated[str, StringConstraints(max_length=1000)]
From1 = Annotated[int, Field(ge=1)]

START = Parameter("start", From1, "Number of the first result, from 1.")
LIMIT = Parameter("limit", From1, "How many results at most; 100 unless said, 1000 at most.")
CURSOR = Parameter("cursor", Text, "`next` of the page before, instead of `start`.")
SORT = Parameter("sort", Literal["-created", "created"], "`-created`, the newest first, unless `created` is said.")
PAGING = (START, LIMIT, SORT, CURSOR)
LISTED = ("X-Total-Count", "Link")
"""What every list takes, and the headers that it answers with."""

REPEAT = Parameter("Idempotency-Key", Text, "Chosen by you: a repeat has one effect and one answer.", "header")
PREFER = Parameter("Prefer", Text, "`respond-async`: answer at once, do not wait.", "header")
