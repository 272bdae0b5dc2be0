"""The operators' own API: streams, dead letters, the event log, rebuilding. For administrators only."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.dead import DeadLetter
from erc.events.envelope import Envelope
from erc.gateway.auth import Action, Principal, authorise
from erc.gateway.describing import About, Described, From1, Parameter, Text
from erc.gateway.documents import admin as documents
from erc.gateway.errors import Refused, refuse_unless_allowed
from erc.gateway.identifiers import new_id
from erc.gateway.rebuilding import REBUILDS
from erc.gateway.revival import revive
from erc.gateway.routes.asking import body_of, services_of, whole_number
from erc.gateway.services import Services
from erc.gateway.store.operations import Wanted

log = logging.getLogger("erc.gateway")

MOST = 1000
Endpoint = Callable[[Request], Awaitable[Response]]


async def _allowed(request: Request, action: Action) -> tuple[Services, Principal]:
    services = services_of(request)
    principal = await services.principal(request)
    refuse_unless_allowed(authorise(principal, action, None), "")
    return services, principal


async def streams(request: Request) -> Response:
    """`GET /api/v1/admin/streams`: streams, consumers, outbox, relay, slots, and what is wrong."""
    services, _ = await _allowed(request, Action.INSPECT)
    flow = await services.operations.flow()
    found = [asdict(stream) for stream in await services.inspection.streams()]
    for stream in found:
        stream["created"] = stream["created"].isoformat() if stream["created"] else None
    return JSONResponse(
        {
            "streams": found,
            "consumers": [asdict(consumer) for consumer in await services.inspection.consumers()],
            "outbox": {"waiting": flow.waiting, "oldest_seconds": flow.oldest_unsent_seconds},
            "relay": {"instance": flow.relay, "silent_seconds": flow.relay_silent_seconds},
            "slots": dict(flow.slots),
            "problems": [problem.model_dump() for problem in await services.health.ailments()],
        }
    )


async def events(request: Request) -> Response:
    """`GET /api/v1/admin/events`: the event log behind `after`, or its `last` so many; `limit` at most 1000."""
    services, _ = await _allowed(request, Action.INSPECT)
    query = request.query_params
    wanted = Wanted(query.get("aggregate", ""), query.get("type", ""), query.get("stream", ""))
    if "last" in query:
        rows = await services.operations.last_events(wanted, whole_number(request, "last", 20, MOST))
    else:
        after, limit = _from_zero(request, "after"), whole_number(request, "limit", 100, MOST)
        rows = await services.operations.events(wanted, after, limit)
    found = [_event(row) for row in rows]
    return JSONResponse({"results": found, "next": found[-1]["position"] if found else None})


async def event(request: Request) -> Response:
    """`GET /api/v1/admin/events/:id`: one message, by its id or position."""
    services, _ = await _allowed(request, Action.INSPECT)
    row = await services.operations.event(request.path_params["id"])
    if row is None:
        raise Refused(404, "no event with this id", "It is a message's id, as in job:…:3:job.ended.v1, or a position.")
    return JSONResponse(_event(row))


def _event(row: Any) -> dict[str, Any]:
    return {
        "position": row["position"],
        "id": row["message_id"],
        "stream": row["stream"],
        "subject": row["subject"],
        "public": row["public"],
        "created": row["created"].isoformat(),
        "sent": row["sent"].isoformat() if row["sent"] else None,
        "message": row["body"],
    }


async def dead(request: Request) -> Response:
    """`GET /api/v1/admin/dead`: dead letters behind `after`, oldest first; `limit` at most 100."""
    services, _ = await _allowed(request, Action.INSPECT)
    found = await services.dead.after(_from_zero(request, "after"), whole_number(request, "limit", 50, 100))
    return JSONResponse({"results": [_letter(one) for one in found], "next": found[-1].number if found else None})


async def dead_letter(request: Request) -> Response:
    """`GET /api/v1/admin/dead/:id`: one dead letter with its message."""
    services, _ = await _allowed(request, Action.INSPECT)
    letter = await _found(services, request)
    return JSONResponse(_letter(letter) | {"message": letter.message})


async def retry(request: Request) -> Response:
    """`POST /api/v1/admin/dead/:id/retry`: do its command again when the work may go on; 409 says why not."""
    services, principal = await _allowed(request, Action.OPERATE)
    letter = await _found(services, request)
    message_id = await revive(services.records, letter)
    await services.dead.drop(letter.number)
    await _recorded(services, principal, "retry_dead_letter", letter)
    return JSONResponse({"dead": letter.number, "sent": message_id}, 202)


async def drop(request: Request) -> Response:
    """`DELETE /api/v1/admin/dead/:id`: forget a dead letter; who did it is recorded."""
    services, principal = await _allowed(request, Action.OPERATE)
    letter = await _found(services, request)
    await _recorded(services, principal, "drop_dead_letter", letter)
    await services.dead.drop(letter.number)
    return JSONResponse({"dead": letter.number})


async def _recorded(services: Services, principal: Principal, action: str, letter: DeadLetter) -> None:
    identifier, document = new_id(), _letter(letter)
    log.warning("%s: %s %d (%s)", principal.name, action, letter.number, letter.subject)
    await services.operations.begin(identifier, principal.name, action, document)
    await services.operations.end(identifier, document)


async def _found(services: Services, request: Request) -> DeadLetter:
    number = request.path_params["id"]
    letter = await services.dead.letter(number) if number < 1 << 63 else None
    if letter is None:
        raise Refused(404, "no dead letter with this number", "erc dead list tells which there are.")
    return letter


def _letter(letter: DeadLetter) -> dict[str, Any]:
    try:
        envelope = Envelope.model_validate_json(letter.message)
        about: dict[str, Any] = {"id": envelope.id, "type": envelope.type, "aggregate": envelope.subject}
    except ValueError:
        about = {"id": None, "type": None, "aggregate": None}
    buried = letter.buried.isoformat() if letter.buried else None
    return {
        "dead": letter.number,
        "buried": buried,
        "subject": letter.subject,
        **about,
        "problem": letter.problem.model_dump(),
    }


async def rebuild(request: Request) -> Response:
    """`POST /api/v1/admin/rebuild/index|events`: begin it and tell how far it is; 409 while one goes on."""
    services, principal = await _allowed(request, Action.OPERATE)
    what = REBUILDS.get(request.path_params["what"])
    if what is None:
        raise Refused(404, "nothing of this name can be rebuilt", "It is index or events.")
    before = await what.progress(services)
    if before and before["ended"] is None:
        raise Refused(409, "This is being rebuilt already", f"Since {before['created']}.", "rebuild_going_on")
    document = await what.begin(services, principal, await body_of(request))
    log.warning("%s: rebuild of %s", principal.name, what.name)
    return JSONResponse(document, 202)


async def rebuild_progress(request: Request) -> Response:
    """`GET /api/v1/admin/rebuild/index|events`: how far the last one is."""
    services, _ = await _allowed(request, Action.INSPECT)
    what = REBUILDS.get(request.path_params["what"])
    progress = await what.progress(services) if what else None
    if progress is None:
        raise Refused(404, "this was never rebuilt")
    return JSONResponse(progress)


async def operations(request: Request) -> Response:
    """`GET /api/v1/admin/operations`: what operators did, newest first."""
    services, _ = await _allowed(request, Action.INSPECT)
    found = await services.operations.latest("", whole_number(request, "limit", 50, MOST))
    rows = [
        asdict(one) | {"created": one.created.isoformat(), "ended": one.ended.isoformat() if one.ended else None}
        for one in found
    ]
    return JSONResponse({"results": rows})


def _from_zero(request: Request, name: str) -> int:
    value = request.query_params.get(name, "0")
    if not value.isdecimal() or len(value) > 18:
        raise Refused(400, f"{name} must be a whole number from 0")
    return int(value)


_LIMIT = Parameter("limit", From1, "How many at most.")
_AFTER = Parameter("after", int, "The `next` of the page before.")
_EVENTS = (
    Parameter("aggregate", Text, "Those about this compendium, job or shipment."),
    Parameter("type", Text, "Those of this type."),
    Parameter("stream", Text, "Those of this stream."),
    Parameter("last", From1, "The newest so many, instead of `after`."),
    _AFTER,
    _LIMIT,
)


def _looks(
    path: str,
    endpoint: Endpoint,
    summary: str,
    answer: Any,
    refusals: tuple[int, ...] = (),
    query: tuple[Parameter, ...] = (),
) -> Described:
    about = About("Operation", summary, {200: answer}, (403, *refusals), query=query, action=Action.INSPECT)
    return Described(f"/api/v1/admin/{path}", endpoint, "GET", about)


def _does(
    path: str, endpoint: Endpoint, summary: str, status: int, answer: Any, *refusals: int, **more: Any
) -> Described:
    about = About("Operation", summary, {status: answer}, (404, *refusals), action=Action.OPERATE, **more)
    return Described(f"/api/v1/admin/{path}", endpoint, "DELETE" if endpoint is drop else "POST", about)


ROUTES = [
    _looks("streams", streams, "See the state of the wire", documents.Wire),
    _looks("events", events, "Read the whole event log", documents.LoggedEvents, (400,), _EVENTS),
    _looks("events/{id:path}", event, "Read one message", documents.LoggedEvent, (404,)),
    _looks("dead", dead, "Read the dead letters", documents.DeadLetterPage, (400,), (_AFTER, _LIMIT)),
    _looks("dead/{id:int}", dead_letter, "Read a dead letter", documents.DeadLetterDocument, (404,)),
    _does("dead/{id:int}", drop, "Forget a dead letter", 200, documents.Dropped),
    _does("dead/{id:int}/retry", retry, "Do its command again", 202, documents.Revived, 409),
    _does(
        "rebuild/{what:str}",
        rebuild,
        "Rebuild something",
        202,
        documents.RebuildDocument,
        400,
        409,
        413,
        body=documents.RebuildStart,
    ),
    _looks("rebuild/{what:str}", rebuild_progress, "See how far a rebuild is", documents.RebuildDocument, (404,)),
    _looks("operations", operations, "See what operators did", documents.OperationPage, (400,), (_LIMIT,)),
]
