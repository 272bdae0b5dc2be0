"""Server-sent events: everything, or one job with its log; each id resumes exactly where it was."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.auth import Action
from erc.gateway.describing import About, Content, Described, Parameter, Text
from erc.gateway.errors import Refused
from erc.gateway.identity.holders import shown_by
from erc.gateway.routes.asking import services_of
from erc.gateway.services import Services
from erc.gateway.store.event_log import EventLog
from erc.gateway.streaming import everything as of_everything
from erc.gateway.streaming import job as of_one_job
from erc.gateway.streaming.cursor import Cursor
from erc.gateway.streaming.everything import Everything
from erc.gateway.streaming.filters import Filter
from erc.gateway.streaming.job import JobStream
from erc.gateway.streaming.response import EventStream, Open
from erc.gateway.streaming.streams import Entrance


async def everything(request: Request) -> Response:
    """`GET /api/v1/events`: events of compendia and jobs that the asker may see and asks for.

    `compendium`, `job`, `user` (who owns the compendium) and `type` filter; `after=0` asks for all that is kept.
    """
    services = services_of(request)
    wanted, asked = Filter.read(request.query_params), _asked(request, with_log=False)
    after = request.query_params.get("after")
    if after not in {None, "0"}:
        raise Refused(400, "after must be 0 in a stream", "Resume with the header Last-Event-ID; pages take any after.")
    reader, entrance = await _reader(request, services)
    await services.streams.events.ready()
    start = await of_everything.begin(services.streams, asked, from_the_beginning=after == "0")
    told = Everything(services.streams, entrance.principal, wanted, start, reader)
    return EventStream(reader, told.chunks(), services.streams.entered)


async def of_job(request: Request) -> Response:
    """`GET /api/v1/job/:id/events`: the job's events merged with its log; ends with the job."""
    services = services_of(request)
    entrance = await _entrance(request, services)
    principal, job = await services.opened_job(entrance.principal, request.path_params["id"])
    if principal.link:
        entrance = Entrance(principal)
    reader, asked = Open(entrance), _asked(request, with_log=True)
    await services.streams.events.ready()
    await services.streams.logs.ready()
    start = await of_one_job.begin(services.streams, asked)
    waits = EventLog(services.records.database).waits
    told = JobStream(services.streams, principal, job, start, reader, waits)
    return EventStream(reader, told.chunks(), services.streams.entered)


def _asked(request: Request, *, with_log: bool) -> Cursor | None:
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    return Cursor.parse(text, with_log=with_log) if text else None


async def _reader(request: Request, services: Services) -> tuple[Open, Entrance]:
    entrance = await _entrance(request, services)
    return Open(entrance), entrance


async def _entrance(request: Request, services: Services) -> Entrance:
    principal = await services.principal(request)
    shown = shown_by(request, services.identity.cookies.session)
    # The operator's own token is good as long as this process lives; sessions and personal tokens may end.
    lasting = shown is None or principal.anonymous or services.identity.holders.is_operators(shown)
    return Entrance(principal, None if lasting or shown is None else shown.secret)


_RESUME = Parameter(
    "Last-Event-ID", Text, "The `id` of the last event that came: the stream goes on behind it.", "header"
)

ROUTES = [
    Described(
        "/api/v1/job/{id:str}/events",
        of_job,
        "GET",
        About(
            "Events",
            "Follow a job with its log",
            {200: Content("text/event-stream")},
            (400, 404),
            query=(_RESUME,),
            action=Action.VIEW,
        ),
    ),
]
