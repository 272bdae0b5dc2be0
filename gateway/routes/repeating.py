"""The header `Idempotency-Key`: requests that a client may send again when it does not know whether they arrived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from erc.events.outbox import Transaction
from erc.gateway.auth import Principal
from erc.gateway.errors import Refused
from erc.gateway.idempotency import (
    KEY_CHARACTERS,
    Answer,
    Asked,
    Keep,
    KeyInvalid,
    KeyReused,
    KeyTaken,
    checked_key,
    fingerprint,
)
from erc.gateway.services import Services

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"

KeepAnswer = Keep[Transaction]


async def keep_nothing(_transaction: Transaction, _answer: Answer) -> None:
    """Keep no answer: the request has no key."""


def key_of(request: Request) -> str | None:
    """Return the request's key, None without one; raises Refused (400) for what cannot be a key."""
    key = request.headers.get(HEADER)
    try:
        return None if key is None else checked_key(key)
    except KeyInvalid as error:
        advice = f"It has 1 to {KEY_CHARACTERS} visible ASCII characters."
        raise Refused(400, f"The {HEADER} cannot be used", advice, "idempotency_key_invalid") from error


async def answered_once(
    request: Request,
    services: Services,
    principal: Principal,
    body: object,
    act: Callable[[KeepAnswer], Awaitable[Answer]],
) -> Response:
    """Answer with what `act` does, or again with what was answered before under the same key.

    `body` is what the request's fingerprint is made of. Raises Refused: 422 when the key was used for another request,
    409 while the first one is being answered.
    """
    key = key_of(request)
    if key is None:
        return respond(await act(keep_nothing))
    asked = Asked(principal.name, key, fingerprint(request.method, request.scope["path"], body))
    try:
        answer, replayed = await services.idempotency.once(asked, act)
    except KeyReused as error:
        advice = "Use a new key for a new request."
        raise Refused(422, f"The {HEADER} was used for another request", advice, "idempotency_key_reused") from error
    except KeyTaken as error:
        advice = "Please try again in a moment."
        raise Refused(409, "The same request is being answered", advice, "idempotency_key_taken") from error
    return respond(answer, replayed=replayed)


def respond(answer: Answer, *, replayed: bool = False) -> Response:
    """Return an answer as a response, which says when it is a repeat."""
    headers = {**answer.headers, REPLAYED: "true"} if replayed else dict(answer.headers)
    return Response(answer.body, answer.status, headers, media_type="application/json")
