"""The page of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.pages.about import About, about_document
from erc.gateway.pages.rendering import render
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.search import look_up
from erc.gateway.store.search import Hits

PAGE = 20


@dataclass(frozen=True)
class Hit:
    """A compendium that was found."""

    id: str
    about: About
    excerpt: str


async def page(request: Request) -> Response:
    """`GET /search?q=…`."""
    services = services_of(request)
    principal = await services.principal(request)
    words = request.query_params.get("q", "").strip()
    start = whole_number(request, "start", 1, 10_000)
    found = await look_up(services, principal, words, start, PAGE) if words else Hits(0, None, [])
    return render(
        request,
        "search.html",
        principal,
        words=words,
        total=found.total,
        hits=[_hit(document) for _, document in found.documents],
        newer=max(1, start - PAGE) if start > 1 else None,
        older=start + PAGE if start + PAGE <= found.total else None,
    )


def _hit(document: dict[str, Any]) -> Hit:
    metadata = document.get("metadata")
    known = about_document(metadata.get("o2r") if isinstance(metadata, dict) else None)
    excerpt = " ".join(known.description)
    return Hit(str(document.get("compendium_id", "")), known, excerpt[:280] + ("…" if len(excerpt) > 280 else ""))
