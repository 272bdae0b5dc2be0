"""Finds the route of a request among those that its address can mean, instead of among all."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

_API = "/api/v1/"


class Finder(Router):
    """A router that answers as Starlette's: routes of one first word are in a router of their own.

    The word is the first of an address, in the web API the first behind `/api/v1/`.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes)
        few: dict[str, list[BaseRoute]] = {}
        for route in routes:
            few.setdefault(_word(str(getattr(route, "path", ""))), []).append(route)
        everywhere = any("{" in word for word in few)
        self._few = {} if everywhere else {word: Router(some) for word, some in few.items() if word}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the few routes that the address can mean, else as if there were no others."""
        few = self._few.get(_word(scope["path"])) if scope["type"] == "http" else None
        if few is None:
            await super().app(scope, receive, send)
        else:
            scope.setdefault("router", self)
            await few.app(scope, receive, send)


def _word(path: str) -> str:
    """Return what routes are sorted by, empty for an address that has none."""
    if path.startswith(_API):
        word = path[len(_API) :].partition("/")[0]
        return _API + word if word else ""
    return path[1:].partition("/")[0] or (path if path == "/" else "")
