"""One trace a job, metrics that tell what happened, logs that are data and hold no secret."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import nats
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.service import TEXT_PAPER, Service, packed

from erc.deploy.processes import PROCESSES

from .conftest import CANARY

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
ID = re.compile(r"[0-9a-z]{26}|[0-9a-f]{32,}")
HOSTILE = 'x\x1b[2J\r\n{"level": "info", "message": "forged"}\u202e\u2028'
CODE = f'"""{HOSTILE!r}"""\nimport os\nprint(dict(os.environ))\nprint({HOSTILE!r})\n{TEXT_PAPER["main.py"]}'


def _rows(service: Service, query: str, *values: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(service.servers()[0])
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _start(service: Service, compendium: str, trace: str) -> str:
    with service.client() as client:
        answer = client.post(
            "/api/v1/job",
            json={"compendium_id": compendium},
            headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
        )
    assert answer.headers["traceresponse"].split("-")[1] == trace
    return str(answer.json()["job_id"])


def _places(service: Service, job: str) -> dict[str, str]:
    """Return the `traceparent` of each message about a job."""
    rows = _rows(
        service,
        "SELECT message_id, traceparent FROM event WHERE aggregate_id = $1 OR body->'data'->>'job_id' = $1",
        job,
    )
    return {row["message_id"]: row["traceparent"] for row in rows}


@pytest.fixture(scope="module")
def job(service: Service) -> str:
    compendium = service.ready(packed({**TEXT_PAPER, "main.py": CODE, "a 'name' é.txt": "x"}))
    identifier = _start(service, compendium, TRACE)
    assert service.ended(identifier, 300)["verdict"] == "reproduced"
    return identifier


def _metrics(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def _page(service: Service) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    with service.client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    return _metrics(answer.text)


def test_a_job_has_one_trace_from_the_request_to_its_end(service: Service, job: str) -> None:
    places = _places(service, job)
    kinds = {name.split(":")[0] for name in places}
    assert {"job", "command", "environment", "execution", "check"} <= kinds
    assert {place.split("-")[1] for place in places.values()} == {TRACE}
    assert len({place.split("-")[2] for place in places.values()}) >= 5, "each delivery is a span of its own"


def test_whoever_ends_a_job_does_so_within_its_trace(service: Service, job: str) -> None:
    compendium = service.get(f"/api/v1/job/{job}")["compendium_id"]
    cancelled = _start(service, compendium, OTHER)
    with service.client() as client:
        client.post(f"/api/v1/job/{cancelled}/cancel", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    service.ended(cancelled)
    assert {place.split("-")[1] for place in _places(service, cancelled).values()} == {OTHER}


def test_a_streams_messages_carry_the_trace(service: Service, job: str) -> None:
    async def headers() -> dict[str, str]:
        client = await nats.connect(service.servers()[1])
        message = await client.jetstream().get_last_msg("EVENTS", f"erc.event.job.{job}.ended")
        await client.close()
        return message.headers or {}

    assert asyncio.run(headers())["traceparent"].split("-")[1] == TRACE


def test_the_metrics_tell_what_a_job_did(service: Service, job: str) -> None:
    page = _page(service)
    for step in ("image_build", "image_execute", "check"):
        assert page["erc_step_seconds_count"][("outcome", "success"), ("step", step)] >= 1
    assert page["erc_jobs_ended_total"][(("verdict", "reproduced"),)] >= 1
    assert page["erc_jobs"][(("status", "success"),)] >= 1
    assert page["erc_http_request_seconds_count"][("method", "POST"), ("route", "/api/v1/job"), ("status", "200")] >= 1
    assert page["erc_upload_bytes_total"][()] > 100
    assert page["erc_worker_slots"][(("worker", "executor"),)] >= 1
    assert page["erc_stream_bytes"][(("stream", "EVENTS"),)] > 0
    assert page["erc_stream_limit_bytes"][(("stream", "EVENTS"),)] == 1 << 30
    assert page["erc_delivery_seconds_count"][("consumer", "gateway"), ("outcome", "acknowledged")] >= 5
    assert set(page["erc_source_up"].values()) == {1.0}
    assert page["process_resident_memory_bytes"][()] > 1 << 20
    assert {("worker", worker) for worker in ("loader", "builder", "executor", "checker")} <= {
        label for (label,) in page["erc_queue_depth"]
    }


def test_readers_of_events_are_counted_while_they_read(service: Service, job: str) -> None:
    label = (("route", "/api/v1/events"),)
    with service.client() as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.status_code == 200
        assert _page(service)["erc_sse_clients"][label] >= 1


def test_labels_are_names_from_short_lists(service: Service, job: str) -> None:
    with service.client() as client:
        for path in (f"/api/v1/job/{job}", f"/api/v1/job/{job}?steps=all", "/x" * 30, f"/api/v1/compendium/{job}"):
            client.get(path)
        client.request("BREW", "/api/v1/job")
    for name, samples in _page(service).items():
        assert len(samples) < 1000, name
        for labels in samples:
            assert not any(ID.search(value) or len(value) > 80 for _, value in labels), (name, labels)


def test_metrics_are_for_the_operator(service: Service, metrics_ports: dict[str, int]) -> None:
    assert httpx2.get(f"{service.url}/metrics").status_code == 401
    wrong = {"Authorization": "Bearer wrong-token"}
    assert httpx2.get(f"{service.url}/metrics", headers=wrong).status_code == 401
    content = service.url.rsplit(":", 1)[0]
    assert "erc_" not in httpx2.get(f"{content}:{_content_port(service)}/metrics").text
    for name, port in metrics_ports.items():
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert "process_cpu_seconds_total" in text, name


def _content_port(service: Service) -> int:
    return int(json.loads((service.home / "service.json").read_text())["content_url"].rsplit(":", 1)[1])


def test_each_process_counts_its_own(service: Service, job: str, metrics_ports: dict[str, int]) -> None:
    def of(name: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        return _metrics(httpx2.get(f"http://127.0.0.1:{metrics_ports[name]}/metrics").text)

    assert of("relay")["erc_relay_published_total"][(("stream", "EVENTS"),)] > 5
    executed = of("executor")["erc_delivery_seconds_count"]
    assert executed[("consumer", "executor-default"), ("outcome", "acknowledged")] >= 1


def test_every_metric_of_the_dashboard_exists(service: Service, job: str, metrics_ports: dict[str, int]) -> None:
    pages = [_page(service)]
    pages += [_metrics(httpx2.get(f"http://127.0.0.1:{port}/metrics").text) for port in metrics_ports.values()]
    known = {name for page in pages for name in page}
    board = json.loads((ROOT / "deploy" / "dashboards" / "erc.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel.get("targets", [])
        for name in re.findall(r"\b(?:erc|process)_\w+", target["expr"])
    }
    assert len(asked) > 12
    assert asked <= known


def test_every_line_of_every_log_is_an_object(service: Service, job: str) -> None:
    _provoke(service)
    lines = 0
    for process in PROCESSES:
        for path in service.home.glob(f"logs/{process.name}.log*"):
            for line in path.read_text().splitlines():
                record = json.loads(line)
                assert {"time", "level", "logger", "message", "component"} <= record.keys(), line
                assert len(line) < 40_000
                lines += 1
    assert lines > 0


def _provoke(service: Service) -> None:
    """Make the service complain about hostile names and secrets."""
    service.upload(packed({**TEXT_PAPER, HOSTILE: "x"}))
    service.upload(b"\x1b[2J no archive \n{}")
    with service.client() as client:
        client.get("/sign-in", params={"token": CANARY})
        client.get("/api/v1/job", params={"fields": HOSTILE})
        client.get("/healthz", headers={"Authorization": f"Bearer {CANARY}"})
        client.post("/api/v1/job", content=HOSTILE.encode(), headers={"Content-Type": "application/json"})


def test_no_secret_is_in_a_log_an_event_a_stream_or_a_run(service: Service, job: str) -> None:
    _provoke(service)
    secrets = [path.read_text().strip() for path in (service.home / "secrets").iterdir()]
    canaries = [secret.encode() for secret in (*secrets, CANARY)]
    assert len(canaries) > 8
    with service.client() as client:
        said = client.get(f"/api/v1/job/{job}/log/image_execute").content
    assert b"PATH" in said, "the run printed its environment"
    bodies = "".join(row["body"] for row in _rows(service, "SELECT body::text AS body FROM event")).encode()
    files = [path for folder in ("logs", "nats", "blobs") for path in (service.home / folder).rglob("*")]
    texts = {str(path): path.read_bytes() for path in files if path.is_file() and path.name != "nats.conf"}
    assert any(name.endswith(".blk") for name in texts), "the streams' files are read"
    for name, text in {**texts, "events": bodies, "run": said}.items():
        assert not [canary for canary in canaries if canary in text], name
