"""Lists over HTTP: reading which page is wanted, and answering with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.errors import Refused
from erc.gateway.paging import NEWEST, OLDEST, CursorInvalid, Page, Paging, place
from erc.gateway.routes.asking import whole_number

START_MOST = 1 << 31
MOST = 1000
_BOOLEANS = {"true": True, "false": False}


def paging_of(request: Request, most: int = MOST) -> Paging:
    """Return which page `start`, `limit`, `sort` and `cursor` ask for; raises Refused (400)."""
    query = request.query_params
    start, limit = whole_number(request, "start", 1, START_MOST), whole_number(request, "limit", 100, most)
    sort = query.get("sort", NEWEST)
    if sort not in {NEWEST, OLDEST}:
        raise Refused(400, f"sort must be {OLDEST} or {NEWEST}")
    text = query.get("cursor")
    if text is None:
        return Paging(start, limit, sort == NEWEST)
    if "start" in query:
        raise Refused(400, "start and cursor exclude each other", "A cursor says itself where the page begins.")
    try:
        return Paging(1, limit, sort == NEWEST, place(text, sort))
    except CursorInvalid as error:
        advice = "Give `cursor` the value of `next` of a page, and the same `sort`."
        raise Refused(400, "The cursor cannot be read", advice) from error


def truth(query: QueryParams, name: str) -> bool | None:
    """Return whether the query says true or false; raises Refused (400)."""
    value = query.get(name)
    if value is None:
        return None
    if value.lower() not in _BOOLEANS:
        raise Refused(400, f"{name} must be true or false")
    return _BOOLEANS[value.lower()]


def listed(request: Request, page: Page[Any], results: Sequence[Any]) -> Response:
    """Return a page with its total and where to go on, in the document and in the headers."""
    headers = {"X-Total-Count": str(page.total)}
    if page.next is not None:
        headers["Link"] = f'<{_address(request, {"cursor": page.next})}>; rel="next"'
    return JSONResponse({"results": list(results), "total": page.total, "next": page.next}, headers=headers)


def _address(request: Request, changes: Mapping[str, str]) -> str:
    url = request.url.remove_query_params("start").include_query_params(**changes)
    return f"{url.path}?{url.query}"
