"""Lists over HTTP: reading which page is wanted, and answering with it."""

from __future__ import annotations

from collections.abc import Sequence
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
    refuse_two_beginnings(request)
    try:
        return Paging(1, limit, sort == NEWEST, place(text, sort))
    except CursorInvalid as error:
        raise cursor_unreadable(", and the same `sort`") from error


def truth(query: QueryParams, name: str) -> bool | None:
    """Return whether the query says true or false; raises Refused (400)."""
    value = query.get(name)
    if value is None:
        return None
    if value.lower() not in _BOOLEANS:
        raise Refused(400, f"{name} must be true or false")
    return _BOOLEANS[value.lower()]


def listed(request: Request, page: Page[Any], results: Sequence[Any]) -> Response:
    """Return a page as its document and its headers."""
    return page_response(request, results, page.total, page.next)


def page_response(request: Request, results: Sequence[Any], total: int, behind: str | None) -> Response:
    """Return results with their total and where to go on, in the document and in the headers."""
    headers = {"X-Total-Count": str(total)}
    if behind is not None:
        url = request.url.remove_query_params("start").include_query_params(cursor=behind)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return JSONResponse({"results": list(results), "total": total, "next": behind}, headers=headers)


def refuse_two_beginnings(request: Request) -> None:
    """Raise Refused (400) when both `start` and `cursor` say where a page begins."""
    if "start" in request.query_params:
        raise Refused(400, "start and cursor exclude each other", "A cursor says itself where the page begins.")


def cursor_unreadable(also: str = "") -> Refused:
    """Return the refusal of a cursor that is none of ours; `also` is what must be given beside it."""
    return Refused(400, "The cursor cannot be read", f"Give `cursor` the value of `next` of a page{also}.")
