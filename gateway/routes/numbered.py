"""Lists in which nothing is put between: a page begins at a number, which its cursor tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.errors import Refused
from erc.gateway.routes.asking import whole_number

PAGE_HEADERS = ("X-Total-Count", "Link")
_CURSOR = re.compile(r"[1-9][0-9]{0,8}")


def page_of(request: Request) -> tuple[int, int]:
    """Return the number of the first result, from 1, and how many at most; raises Refused (400)."""
    limit = whole_number(request, "limit", 100, 1000)
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return whole_number(request, "start", 1, 1 << 31), limit
    if "start" in request.query_params:
        raise Refused(400, "start and cursor exclude each other", "A cursor says itself where the page begins.")
    if not _CURSOR.fullmatch(cursor):
        raise Refused(400, "The cursor cannot be read", "Give `cursor` the value of `next` of a page.")
    return int(cursor), limit


def page_response(request: Request, results: Sequence[Any], start: int, total: int) -> Response:
    """Return a page with its total and where to go on, in the document and in the headers."""
    after = start + len(results)
    more = str(after) if results and after <= total else None
    headers = {"X-Total-Count": str(total)}
    if more:
        url = request.url.remove_query_params("start").include_query_params(cursor=more)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return JSONResponse({"results": list(results), "total": total, "next": more}, headers=headers)
