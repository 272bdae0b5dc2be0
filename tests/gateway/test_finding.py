"""A request finds the route that Starlette's own router would find, faster."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route, Router

from erc.gateway.app import ROUTES
from erc.gateway.finding import Finder

_WORDS = [
    "",
    "api",
    "v1",
    "compendium",
    "job",
    "data",
    "link",
    "abc.zip",
    "admin",
    "removed",
    "static",
    "x",
    ".",
    "%2f",
]
PATHS = st.lists(st.sampled_from(_WORDS), max_size=7).map(lambda words: "/" + "/".join(words))
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


def _quiet(route: Any) -> Any:
    """Return a route that answers with its own path, at the same address."""

    async def answer(scope: Any, _receive: Any, send: Any) -> None:
        await send({"found": route.path, "parameters": scope["path_params"]})

    if not isinstance(route, Route):
        return route
    quiet = Route(route.path, answer, methods=sorted(route.methods or ()))
    quiet.app = answer
    return quiet


_QUIET = [_quiet(route) for route in ROUTES if isinstance(route, Route)]
ALL, FEW = Router(_QUIET), Finder(_QUIET)


def answered(router: Router, method: str, path: str) -> list[Any]:
    """Return what a router sends, without the bodies."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(router(scope, None, send))  # type: ignore[arg-type]
    return sent


@given(PATHS, METHODS)
def test_any_address_is_answered_as_by_all_routes(path: str, method: str) -> None:
    assert answered(FEW, method, path) == answered(ALL, method, path)


def test_every_route_is_found_with_and_without_a_slash() -> None:
    for route in _QUIET:
        path = route.path_format.replace("{", "").replace("}", "")
        path = path.replace("number", "1").replace("/dead/id", "/dead/5")
        for method in sorted(route.methods or ()):
            for asked in (path, f"{path}/", path.rstrip("/")):
                assert answered(FEW, method, asked) == answered(ALL, method, asked), (method, asked)
