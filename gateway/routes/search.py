"""Search over what the asker may see."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Principal
from erc.gateway.describing import START, About, Described, From1, Parameter, Text
from erc.gateway.documents.search import Found
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.services import Services
from erc.gateway.store.search import Hits

WORDS = 500


async def find(request: Request) -> Response:
    """`GET /api/v1/search?q=…`: compendia by words, in the shape of the o2r service."""
    services = services_of(request)
    principal = await services.principal(request)
    words = request.query_params.get("q", "").strip()
    if not words:
        raise Refused(404, "no query provided")
    start, limit = whole_number(request, "start", 1, 10_000), whole_number(request, "limit", 20, 100)
    found = await look_up(services, principal, words, start, limit)
    hits = [{"_score": score, "_source": document} for score, document in found.documents]
    return JSONResponse({"hits": {"total": found.total, "max_score": found.max_score, "hits": hits}})


async def look_up(services: Services, principal: Principal, words: str, start: int, limit: int) -> Hits:
    """Return one page of what the principal may see; raises Refused (400) for an endless query."""
    if len(words) > WORDS:
        raise Refused(400, "The query is too long", f"At most {WORDS} characters are read.")
    return await services.search.find(words.replace("\0", " "), principal, start, limit)


_WORDS = Parameter("q", Text, 'Words to look for; `"…"`, `or` and `-` are understood.', required=True)
_LIMIT = Parameter("limit", From1, "How many results at most; 20 unless said, 100 at most.")

ROUTES = [
    Described(
        "/api/v1/search",
        find,
        "GET",
        About("Search", "Search by words", {200: Found}, (400, 404), query=(_WORDS, START, _LIMIT)),
    )
]
