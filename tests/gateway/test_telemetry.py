"""What is seen of requests, and the page that Prometheus reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from erc.events import trace
from erc.events.errors import Unavailable
from erc.events.survey import ConsumerState, StreamState, Survey
from erc.gateway.metrics import MetricsPage, observe
from erc.gateway.store.figures import Figures, Waits
from erc.gateway.telemetry import Telemetry
from erc.schemas.check import Verdict
from erc.schemas.job import Job, JobStatus, Step, StepName, StepStatus

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def _where(request: Request) -> Response:
    return PlainTextResponse(trace.traceparent() or "nowhere")


async def _read(request: Request) -> Response:
    before = _value("erc_uploads_in_progress")
    size = len(await request.body())
    return PlainTextResponse(f"{size} {before} {_value('erc_uploads_in_progress')}")


async def _bug(_request: Request) -> Response:
    raise ZeroDivisionError


async def _stream(_request: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        yield f"data: {_value('erc_sse_clients', route='/stream/{id}')}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


APP = Telemetry(
    Starlette(
        routes=[
            Route("/where/{id:str}", _where),
            Route("/read", _read, methods=["POST"]),
            Route("/bug/{id:int}", _bug),
            Route("/stream/{id}", _stream),
        ]
    )
)


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _requests(method: str, route: str, status: str) -> float:
    return _value("erc_http_request_seconds_count", method=method, route=route, status=status)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=APP, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


async def test_a_request_continues_its_callers_trace(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/where/1", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    place = trace.Trace.parse(answer.text)
    assert place
    assert (place.trace_id, place.sampled) == (TRACE, False)
    assert place.span_id != SPAN
    assert answer.headers["traceresponse"] == answer.text


@pytest.mark.parametrize(
    "named",
    [
        [],
        [("traceparent", "nonsense\x7f")],
        [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("traceparent", f"00-{TRACE}-{SPAN}-01")],
    ],
)
async def test_a_request_without_one_good_trace_begins_its_own(
    client: httpx2.AsyncClient, named: list[tuple[str, str]]
) -> None:
    place = trace.Trace.parse((await client.get("/where/1", headers=named)).text)
    assert place
    assert place.trace_id != TRACE


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/where/01m88xtpd5ewcdp65aka2pt8b4", ("GET", "/where/{id}", "200")),
        ("POST", "/where/1", ("POST", "/where/{id}", "405")),
        ("GET", "/nowhere/at/all", ("GET", "none", "404")),
        ("BREW", "/read", ("other", "/read", "405")),
        ("GET", "/bug/7", ("GET", "/bug/{id}", "500")),
    ],
)
async def test_requests_are_counted_by_route_not_by_address(
    client: httpx2.AsyncClient, method: str, path: str, labels: tuple[str, str, str]
) -> None:
    before = _requests(*labels)
    await client.request(method, path)
    assert _requests(*labels) == before + 1


async def test_a_form_is_counted_while_it_is_received(client: httpx2.AsyncClient) -> None:
    before = _value("erc_upload_bytes_total")
    answer = await client.post("/read", files={"file": b"x" * 1000})
    size, in_progress, at_the_end = map(float, answer.text.split())
    assert _value("erc_upload_bytes_total") == before + size
    assert (in_progress, at_the_end) == (1, 0)
    await client.post("/bug/1", files={"file": b"x"})
    assert _value("erc_uploads_in_progress") == 0


async def test_a_stream_is_counted_while_it_lasts(client: httpx2.AsyncClient) -> None:
    before = _requests("GET", "/stream/{id}", "200")
    answer = await client.get("/stream/1")
    assert answer.text == "data: 1.0\n\n"
    assert _value("erc_sse_clients", route="/stream/{id}") == 0
    assert _requests("GET", "/stream/{id}", "200") == before + 1


async def _figures() -> Figures:
    return Figures(Waits(3, 1.5), {"builder": Waits(2, 90.0)}, {"running": 4}, {"builder": 1})


async def _survey() -> Survey:
    consumers = [ConsumerState("COMMANDS", "builder-default", 1, 2, 0), ConsumerState("EVENTS", "gateway", 7, 0, 5)]
    streams = [StreamState("COMMANDS", 3, 100, 1000), StreamState("DEAD", 9, 10, 1000)]
    return Survey(streams, consumers, {"builder": NOW - timedelta(seconds=60), "loader": NOW - timedelta(seconds=5)})


async def _nobody() -> Survey:
    raise Unavailable("NATS does not answer")


def _page(survey: Callable[[], object] = _survey, clock: Callable[[], float] = lambda: 0.0) -> MetricsPage:
    return MetricsPage(_figures, survey, lambda: NOW, clock)  # type: ignore[arg-type]


async def test_work_waits_in_tables_and_in_streams() -> None:
    text = (await _page().text()).decode()
    for line in (
        'erc_queue_depth{worker="builder"} 3.0',
        'erc_queue_oldest_seconds{worker="builder"} 90.0',
        'erc_queue_oldest_seconds{worker="loader"} 5.0',
        'erc_queue_depth{worker="checker"} 0.0',
        "erc_relay_unsent 3.0",
        "erc_relay_oldest_unsent_seconds 1.5",
        'erc_jobs{status="running"} 4.0',
        'erc_jobs{status="failure"} 0.0',
        'erc_consumer_redelivered{consumer="gateway",stream="EVENTS"} 5.0',
        "erc_dead_letters 9.0",
    ):
        assert line in text.splitlines(), line


async def test_a_server_that_does_not_answer_costs_its_own_figures_only() -> None:
    lines = (await _page(_nobody).text()).decode().splitlines()
    assert 'erc_source_up{source="nats"} 0.0' in lines
    assert "erc_relay_unsent 3.0" in lines
    assert not any(line.startswith(("erc_stream_", "erc_queue_")) for line in lines)


async def test_the_servers_are_asked_once_in_a_while_whoever_asks() -> None:
    asked, seconds = [], [0.0]

    async def survey() -> Survey:
        asked.append(1)
        return await _survey()

    page = _page(survey, lambda: seconds[0])
    for _ in range(3):
        await page.text()
    assert len(asked) == 1
    seconds[0] = 5.5
    await page.text()
    assert len(asked) == 2


def test_a_transition_counts_what_it_ended_once() -> None:
    queued = Job(id="j" * 26, compendium_id="c" * 26, owner="ada", created=NOW, status=JobStatus.RUNNING)
    ran = Step(status=StepStatus.SUCCESS, start=NOW, end=NOW + timedelta(seconds=30))
    after = queued.model_copy(update={"steps": {**queued.steps, StepName.IMAGE_EXECUTE: ran}})
    ended = after.model_copy(update={"status": JobStatus.SUCCESS, "verdict": Verdict.REPRODUCED})
    step = {"step": "image_execute", "outcome": "success"}
    number, seconds = _value("erc_step_seconds_count", **step), _value("erc_step_seconds_sum", **step)
    jobs = _value("erc_jobs_ended_total", verdict="reproduced")
    observe(queued, after)
    observe(after, ended)
    observe(ended, ended)
    assert _value("erc_step_seconds_count", **step) == number + 1
    assert _value("erc_step_seconds_sum", **step) == seconds + 30
    assert _value("erc_jobs_ended_total", verdict="reproduced") == jobs + 1
