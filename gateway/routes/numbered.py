"""Lists in which nothing is put between: a page begins at a number, which its cursor tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.routes.asking import whole_number
from erc.gateway.routes.listing import cursor_unreadable, page_response, refuse_two_beginnings

PAGE_HEADERS = ("X-Total-Count", "Link")
_CURSOR = re.compile(r"[1-9][0-9]{0,8}")


def page_of(request: Request) -> tuple[int, int]:
    """Return the number of the first result, from 1, and how many at most; raises Refused (400)."""
    limit = whole_number(request, "limit", 100, 1000)
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return whole_number(request, "start", 1, 1 << 31), limit
    refuse_two_beginnings(request)
    if not _CURSOR.fullmatch(cursor):
        raise cursor_unreadable()
    return int(cursor), limit


def numbered(request: Request, results: Sequence[Any], start: int, total: int) -> Response:
    """Return a page that begins at `start` as its document and its headers."""
    after = start + len(results)
    return page_response(request, results, total, str(after) if results and after <= total else None)
