"""`GET /api/v1/events`: a stream for whoever takes one, else pages of the whole event log; and its contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from erc.events import asyncapi
from erc.gateway.describing import About, Content, Described, From1, Parameter, Text
from erc.gateway.documents.event import EventPage
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of, whole_number
from erc.gateway.routes.events import everything
from erc.gateway.store.event_log import EventLog, Filter

MOST = 1000
MOST_VALUES = 50
CONTRACT = Path(asyncapi.__file__).with_name("asyncapi.yaml")
_STREAMS = {"text/event-stream", "text/*", "*/*"}
_FORMS = {
    "compendium": re.compile(r"[0-9a-z]{26}"),
    "job": re.compile(r"[0-9a-z]{26}"),
    "user": re.compile(r"[^\x00-\x20\x7f]{1,200}"),
    "type": re.compile(r"[a-z]{1,40}\.[a-z_]{1,40}(\.v[0-9]{1,4})?"),
}
_LOOKS = {
    "compendium": "26 digits and small letters",
    "job": "26 digits and small letters",
    "user": "the name of a user",
    "type": "job.ended or job.ended.v1",
}
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
    wanted = filter_of({name: query.getlist(name) for name in _FORMS})
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


def filter_of(given: Mapping[str, Sequence[str]]) -> Filter:
    """Return the filter for these texts, each one value or several with commas; raises Refused (400)."""
    values = {name: frozenset(one for text in given.get(name, ()) for one in text.split(",")) for name in _FORMS}
    for name, form in _FORMS.items():
        if len(values[name]) > MOST_VALUES:
            raise Refused(400, f"{name} has too many values", f"At most {MOST_VALUES} can be asked for at once.")
        if not all(form.fullmatch(value) for value in values[name]):
            raise Refused(400, f"{name} is not valid", f"It looks like {_LOOKS[name]}.")
    return Filter(values["compendium"], values["job"], values["user"], values["type"])


STREAM = Content("text/event-stream", "Server-sent events, or a page of the log as JSON, by `Accept`.")
_LIMIT = Parameter("limit", From1, "How many at most; 100 unless said, 1000 at most.")
_RESUME = Parameter(
    "Last-Event-ID", Text, "The `id` of the last event that came: the stream goes on behind it.", "header"
)
_QUERY = (
    Parameter("after", Text, "A cursor: `next` of the page before; 0 for the beginning."),
    *(Parameter(name, Text, f"Only of these, with commas between; {_LOOKS[name]}.") for name in _FORMS),
    _LIMIT,
    _RESUME,
)

ROUTES = [
    Described(
        "/api/v1/events",
        either,
        "GET",
        About("Events", "Follow what happens, or read the log", {200: (EventPage, STREAM)}, (400,), query=_QUERY),
    ),
    Described(
        "/api/v1/asyncapi",
        contract,
        "GET",
        About("Events", "Read the contract of the events", {200: Content("application/vnd.aai.asyncapi+yaml")}),
    ),
]
