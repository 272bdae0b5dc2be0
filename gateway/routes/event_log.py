"""`GET /api/v1/events`: a stream for whoever takes one, else pages of the whole event log; and its contract."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from erc.events import asyncapi
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.events import everything
from erc.gateway.store.event_log import EventLog, Filter

MOST = 1000
CONTRACT = Path(asyncapi.__file__).with_name("asyncapi.yaml")
_STREAMS = {"text/event-stream", "text/*", "*/*"}
_ID = re.compile(r"[0-9a-z]{26}")
_TYPE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}\.v[0-9]{1,4}")
_CURSOR = re.compile(r"[0-9]{1,18}")


async def either(request: Request) -> Response:
    """`GET /api/v1/events`, as server-sent events or as a page, by the `Accept` header."""
    return await everything(request) if takes_stream(request.headers.get("accept", "*/*")) else await page(request)


async def page(request: Request) -> Response:
    """`GET /api/v1/events?after=…&limit=…`: events that the asker may see, in the order of their publication."""
    services = services_of(request)
    principal = await services.principal(request)
    query = request.query_params
    after, limit = cursor_of(query.get("after", "0")), whole_number(request, "limit", 100, MOST)
    wanted = filter_of(
        query.get("compendium", ""), query.get("job", ""), query.get("user", ""), ",".join(query.getlist("type"))
    )
    found = await EventLog(services.records.database).page(principal, wanted, after, limit)
    events = [event.body for event in found.events]
    return JSONResponse({"events": events, "next": str(found.next), "more": found.more})


async def contract(_request: Request) -> Response:
    """`GET /api/v1/asyncapi`: what subscribers may rely on, as an AsyncAPI 3 document."""
    return FileResponse(CONTRACT, media_type="application/vnd.aai.asyncapi+yaml")


def takes_stream(accept: str) -> bool:
    """Return whether an `Accept` header asks for a stream rather than for JSON."""
    ranges = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if "application/json" in ranges:
        return "text/event-stream" in ranges
    return bool(ranges & _STREAMS)


def cursor_of(text: str) -> int:
    """Return the position that a cursor names; raises Refused (400)."""
    if not _CURSOR.fullmatch(text):
        raise Refused(400, "The cursor cannot be read", "Give `after` the value of `next` of a page, or 0.")
    return int(text)


def filter_of(compendium: str, job: str, user: str, types: str) -> Filter:
    """Return the filter for these texts, `types` with commas between; raises Refused (400)."""
    for name, value in (("compendium", compendium), ("job", job)):
        if value and not _ID.fullmatch(value):
            raise Refused(400, f"{name} is not an id", "An id has 26 characters, 0-9 and a-z.")
    names = tuple(dict.fromkeys(name.strip() for name in types.split(",") if name.strip()))
    if len(names) > 50 or not all(_TYPE.fullmatch(name) for name in names):
        raise Refused(400, "type is not an event type", "An event type looks like job.ended.v1.")
    if len(user) > 200 or "\0" in user:
        raise Refused(400, "user is not a name")
    return Filter(compendium, job, user, names)


ROUTES = [
    Route("/api/v1/events", either, methods=["GET"]),
    Route("/api/v1/asyncapi", contract, methods=["GET"]),
]
