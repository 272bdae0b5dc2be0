"""Server-sent events: everything, or one job with its log; each id resumes exactly where it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from erc.events.feed import Feed, Heard, Source
from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of
from erc.gateway.services import Services
from erc.schemas.job import Job

PING_SECONDS = 14
LOG_PATIENCE_SECONDS = 5.0
LAST_WORDS_SECONDS = 0.25


@dataclass(frozen=True)
class Cursor:
    """Where a reader is: incarnation of the event stream, last event, last log chunk."""

    incarnation: str
    event: int = 0
    log: int = 0

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a `Last-Event-ID`; raises Refused (400)."""
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isalnum() and part.isascii() for part in parts):
            raise Refused(400, "The Last-Event-ID cannot be read")
        try:
            return cls(parts[0], int(parts[1]), int(parts[2]))
        except ValueError as error:
            raise Refused(400, "The Last-Event-ID cannot be read") from error

    def __str__(self) -> str:
        return f"{self.incarnation}.{self.event}.{self.log}"

    def after(self, heard: Heard) -> Cursor:
        """Return the cursor behind this message."""
        if heard.stream == "LOGS":
            return Cursor(self.incarnation, self.event, heard.sequence)
        return Cursor(self.incarnation, heard.sequence, self.log)


async def everything(request: Request) -> Response:
    """`GET /api/v1/events`: events of compendia and jobs that the asker may see."""
    services = services_of(request)
    principal = await services.principal(request)
    cursor, reset = await _cursor(request, services.feed)
    after = cursor.event if cursor.event or "last-event-id" in request.headers or _asks_all(request) else None
    sources = [Source("EVENTS", f"erc.event.{kind}.>", after) for kind in ("compendium", "job")]
    return _response(_all_events(services, principal, sources, cursor, reset))


async def of_job(request: Request) -> Response:
    """`GET /api/v1/job/:id/events`: the job's events merged with its log; ends with the job."""
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"])
    cursor, reset = await _cursor(request, services.feed)
    return _response(_job_events(services, job, cursor, reset))


def _response(events: AsyncIterator[ServerSentEvent]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(events, ping=PING_SECONDS, headers=headers)


def _asks_all(request: Request) -> bool:
    return request.query_params.get("after") == "0"


async def _cursor(request: Request, feed: Feed) -> tuple[Cursor, bool]:
    """Return where to begin, and whether the reader's place is of a stream that exists no longer."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    incarnation = await feed.incarnation("EVENTS")
    if not text:
        return Cursor(incarnation), False
    asked = Cursor.parse(text)
    if asked.incarnation != incarnation or asked.event > await feed.last("EVENTS"):
        return Cursor(incarnation), True
    return asked, False


def _reset(cursor: Cursor, snapshot: str) -> ServerSentEvent:
    return ServerSentEvent(json.dumps({"snapshot": snapshot}), event="reset", id=str(cursor))


async def _all_events(
    services: Services, principal: Principal, sources: list[Source], cursor: Cursor, reset: bool
) -> AsyncIterator[ServerSentEvent]:
    if reset:
        yield _reset(cursor, "/api/v1/job")
    async with services.feed.follow(sources) as queue:
        while True:
            heard = await queue.get()
            cursor = Cursor(cursor.incarnation, max(cursor.event, heard.sequence), 0)
            if await _may_see(services, principal, json.loads(heard.body)):
                kind = heard.subject.split(".")[2]
                yield ServerSentEvent(heard.body.decode(), event=kind, id=str(cursor))


async def _may_see(services: Services, principal: Principal, envelope: dict[str, dict[str, str]]) -> bool:
    compendium = await services.records.compendium(envelope["data"].get("compendium_id", ""))
    thing = Thing(compendium.owner, compendium.candidate) if compendium else None
    return authorise(principal, Action.VIEW, thing) is Answer.ALLOWED


@dataclass
class _Chunks:
    """Which log chunks have been seen, to know when a finished step's log is complete."""

    resumed: bool = False
    expected: dict[str, int] | None = None
    stopped: bool = False
    seen: dict[str, int] = field(default_factory=dict)

    def saw(self, step: str, number: int) -> None:
        self.seen[step] = max(self.seen.get(step, 0), number)

    def patience(self, over: bool) -> float | None:
        """Return how many seconds to wait for the next message: for ever while the job goes on.

        A step that was stopped has no count: what is kept of its log comes within moments.
        """
        if not over:
            return None
        return LAST_WORDS_SECONDS if self.resumed or self._complete() else LOG_PATIENCE_SECONDS

    def settled(self) -> bool:
        """Return whether nothing more can come."""
        return self._complete() and not (self.stopped or self.resumed)

    def _complete(self) -> bool:
        if self.expected is None:
            return False
        return all(self.seen.get(step, 0) >= number for step, number in self.expected.items())


async def _job_events(services: Services, job: Job, cursor: Cursor, reset: bool) -> AsyncIterator[ServerSentEvent]:
    identifier = job.id
    if reset:
        yield _reset(cursor, f"/api/v1/job/{identifier}?steps=all")
    chunks = _Chunks(resumed=cursor.log > 0)
    sources = [
        Source("EVENTS", f"erc.event.job.{identifier}.>", cursor.event),
        Source("LOGS", f"erc.log.{identifier}.>", cursor.log),
    ]
    last: Heard | None = None
    async with services.feed.follow(sources) as queue:
        while not chunks.settled():
            try:
                heard = await asyncio.wait_for(queue.get(), chunks.patience(last is not None or job.terminal))
            except TimeoutError:
                break
            document = json.loads(heard.body)
            if heard.stream == "LOGS":
                chunks.saw(document["step"], document["chunk"])
            elif document["type"].startswith("job.ended."):
                last, chunks.expected = heard, document["data"]["log_chunks"]
                chunks.stopped = document["data"]["verdict"] == "cancelled"
                continue
            cursor = cursor.after(heard)
            kind = "log" if heard.stream == "LOGS" else "job"
            yield ServerSentEvent(heard.body.decode(), event=kind, id=str(cursor))
    if last:
        yield ServerSentEvent(last.body.decode(), event="end", id=str(cursor.after(last)))


ROUTES = [
    Route("/api/v1/job/{id:str}/events", of_job, methods=["GET"]),
]
