"""Search over what the asker may see."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Principal
from erc.gateway.describing import START, About, Described, From1, Parameter, Text
from erc.gateway.documents.search import Found, NewSearch
from erc.gateway.errors import Refused
from erc.gateway.forms import nested
from erc.gateway.routes.asking import BODY_BYTES, body_of, plain_text, services_of, whole_number
from erc.gateway.searching import COMPENDIA, JOBS, KINDS, NotUnderstood, Search, complex_search, simple
from erc.gateway.services import Services
from erc.gateway.store.search import Hits, by_words

WORDS = 500
FIELDS = 500
_FORM = "application/x-www-form-urlencoded"


async def find(request: Request) -> Response:
    """Find compendia and jobs by words, by a DOI or its address, or all with `*`."""
    services = services_of(request)
    principal = await services.principal(request)
    words = (plain_text(request, "q") or "").strip()
    if not words:
        raise Refused(404, "no query provided")
    _check_length(words)
    start, limit = whole_number(request, "start", 1, 10_000), whole_number(request, "limit", 20, 100)
    search = Search(simple(words), _kinds(plain_text(request, "resources") or ""), start, limit)
    return _answer(await services.search.find(search, principal))


def _kinds(resources: str) -> frozenset[str]:
    """Return which kinds of things are searched; raises Refused (404) for one that there is not."""
    named = {name.strip() for name in resources.split(",") if name.strip()}
    if unknown := sorted(named - KINDS - {"all"}):
        detail = f"“{unknown[0][:50]}” is none. There are {COMPENDIA}, {JOBS} and all."
        raise Refused(404, "no such resource", detail)
    return frozenset(named & KINDS) if named and "all" not in named else KINDS


async def find_complex(request: Request) -> Response:
    """Find compendia and jobs by a query: words, fields, ranges of dates, places on Earth, and their combinations."""
    services = services_of(request)
    principal = await services.principal(request)
    try:
        search = complex_search(await _body(request))
    except NotUnderstood as error:
        said = str(error).encode(errors="replace").decode()
        raise Refused(400, "complex query failed", f"{said}.") from error
    return _answer(await services.search.find(search, principal))


async def _body(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith(_FORM):
        return await body_of(request)
    if int(request.headers.get("content-length") or 0) > BODY_BYTES:
        raise Refused(413, "The request is too large", f"At most {BODY_BYTES} bytes are read.")
    async with request.form(max_fields=FIELDS) as form:
        try:
            return nested((name, value) for name, value in form.multi_items() if isinstance(value, str))
        except ValueError as error:
            raise NotUnderstood(str(error)) from error


def _answer(found: Hits) -> Response:
    hits = [{"_score": score, "_source": document} for score, document in found.documents]
    return JSONResponse({"hits": {"total": found.total, "max_score": found.max_score, "hits": hits}})


async def look_up(services: Services, principal: Principal, words: str, start: int, limit: int) -> Hits:
    """Return one page of the compendia that the principal may see; raises Refused (400) for an endless query."""
    _check_length(words)
    return await services.search.find(by_words(words.replace("\0", " "), start, limit), principal)


def _check_length(words: str) -> None:
    if len(words) > WORDS:
        raise Refused(400, "The query is too long", f"At most {WORDS} characters are read.")


_WORDS = Parameter("q", Text, "Words, a DOI, an address, or `*` for all.", required=True)
_RESOURCES = Parameter("resources", Text, "`compendia`, `jobs` or `all`, with commas between.")
_LIMIT = Parameter("limit", From1, "How many results at most; 20 unless said, 100 at most.")

ROUTES = [
    Described(
        "/api/v1/search",
        find,
        "GET",
        About("Search", "Search by words", {200: Found}, (400, 404), query=(_WORDS, _RESOURCES, START, _LIMIT)),
    ),
    Described(
        "/api/v1/search",
        find_complex,
        "POST",
        About("Search", "Search by a query", {200: Found}, (400, 413), body=NewSearch, forms=(_FORM,)),
    ),
]
