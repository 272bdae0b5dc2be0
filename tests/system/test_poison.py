"""Messages that nobody can handle end in the dead-letter stream; whoever waits for them is told."""

from __future__ import annotations

import asyncio
import json
import time

import nats
import pytest
from support.service import TEXT_PAPER, Service, packed

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("invariants_hold")]


async def _publish(url: str, messages: list[tuple[str, bytes]]) -> int:
    """Publish and return the last sequence number of the dead-letter stream before."""
    client = await nats.connect(url)
    js = client.jetstream()
    before = (await js.stream_info("DEAD")).state.messages
    for subject, body in messages:
        await js.publish(subject, body)
    await client.close()
    return int(before)


async def _dead(url: str) -> int:
    client = await nats.connect(url)
    found = (await client.jetstream().stream_info("DEAD")).state.messages
    await client.close()
    return int(found)


def test_garbage_is_buried_and_the_workers_go_on(service: Service) -> None:
    _, url = service.servers()
    unknown = json.dumps(
        {"id": "x", "source": "t", "type": "loader.sing.v9", "subject": "s", "time": "2026-01-01T00:00:00Z", "data": {}}
    ).encode()
    garbage = [b"", b"{", b"\xff\xfe", b"[1]", unknown, b'{"a":' * 2000]
    workers = ("loader", "metadata", "builder", "executor", "checker", "shipper")
    messages = [
        (f"erc.command.{worker}.default.x.{number}", body) for worker in workers for number, body in enumerate(garbage)
    ]
    before = asyncio.run(_publish(url, messages))
    deadline = time.monotonic() + 30
    while asyncio.run(_dead(url)) < before + len(messages):
        assert time.monotonic() < deadline, "not every message was buried"
        time.sleep(0.2)
    assert service.ended(service.start(service.ready(packed(TEXT_PAPER))), 120)["verdict"] == "reproduced"


def test_events_of_an_unknown_type_are_buried(service: Service) -> None:
    _, url = service.servers()
    event = {
        "id": "x",
        "source": "t",
        "type": "job.sang.v9",
        "subject": "s",
        "time": "2026-01-01T00:00:00Z",
        "data": {},
    }
    body = json.dumps(event).encode()
    before = asyncio.run(_publish(url, [("erc.event.execution.x.sang", body), ("erc.event.compendium.x.sang", body)]))
    deadline = time.monotonic() + 30
    while asyncio.run(_dead(url)) < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_dead_command_ends_its_job(service: Service) -> None:
    _, url = service.servers()
    code = {"main.py": "import time\ntime.sleep(300)", "display.txt": "x"}
    job = service.start(service.ready(packed(code)))
    service.until(f"/api/v1/job/{job}", lambda it: it["steps"]["image_execute"]["status"] == "running", 120)
    problem = {"code": "unavailable", "title": "The service could not do this", "detail": "Try again."}
    command = {
        "id": "x",
        "source": "erc/gateway",
        "type": "executor.execute.v1",
        "subject": job,
        "time": "2026-01-01T00:00:00Z",
        "data": {"job_id": job, "manifest": "a" * 64, "description": "a" * 64, "plan": "a" * 64, "image_id": "x"},
    }
    letter = json.dumps({"problem": problem, "message": json.dumps(command)}).encode()
    asyncio.run(_publish(url, [(f"erc.dead.erc.command.executor.default.execute.{job}", letter)]))
    ended = service.ended(job, 30)
    assert (ended["verdict"], ended["problem"]["code"]) == ("failed", "unavailable")
