"""The moment between a write and its answer, for tests that kill the gateway there."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erc.events.faults import Faults

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def answering(app: ASGIApp, faults: Faults) -> ASGIApp:
    """Return the application with the moment `before_answer` in front of every answer to a write."""

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] in _WRITES:
                faults.reach("before_answer")
            await send(message)

        await app(scope, receive, answer)

    return watched
