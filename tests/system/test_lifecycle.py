"""Cancelled in every state, repeated in every way, left behind by nobody: on the whole service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import nats
import pytest
from support.service import TEXT_PAPER, Service, packed

pytestmark = pytest.mark.engine

SLEEPS = {"main.py": "import time\nprint('on', flush=True)\ntime.sleep(15)\n", "display.txt": "x\n"}


def pid_of(service: Service, name: str) -> int:
    """Return the process of the service that has this name."""
    for children in Path(f"/proc/{service.process.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            if Path(f"/proc/{pid}/comm").read_text().strip() == f"erc-{name}":
                return int(pid)
    raise AssertionError(f"{name} does not run")


@contextlib.contextmanager
def standing(service: Service, name: str) -> Iterator[None]:
    """Let a process stand still while the block runs."""
    pid = pid_of(service, name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def ask(service: Service, method: str, path: str, **request: Any) -> httpx2.Response:
    with service.client() as client:
        return client.request(method, path, **request)


def cancel(service: Service, kind: str, identifier: str) -> int:
    return ask(service, "POST", f"/api/v1/{kind}/{identifier}/cancel").status_code


def step_runs(step: str) -> Any:
    return lambda job: job["steps"][step]["status"] == "running"


def causes(service: Service, job: str) -> list[str]:
    """Return the causes of the commands for a job, in their order."""

    async def asked() -> list[str]:
        connection = await asyncpg.connect(service.servers()[0])
        try:
            rows = await connection.fetch(
                "SELECT message_id FROM event WHERE aggregate = 'command' AND message_id LIKE $1 ORDER BY id",
                f"command:{job}:%",
            )
        finally:
            await connection.close()
        return [row["message_id"].rsplit(":", 1)[1] for row in rows]

    return asyncio.run(asked())


def ends(service: Service, job: str) -> list[str]:
    """Return the terminal events that a reader of the job's stream gets."""
    with service.client() as client, client.stream("GET", f"/api/v1/job/{job}/events") as stream:
        return [line for line in stream.iter_lines() if line == "event: end"]


def left(service: Service) -> list[str]:
    """Return what is left of jobs: containers, volumes, folders, blobs in the making."""
    label = ["--filter", f"label=org.erc.home={service.home / 'jobs'}"]
    found = []
    for listing in (["ps", "-aq"], ["volume", "ls", "-q"]):
        said = subprocess.run(["docker", *listing, *label], capture_output=True, text=True, check=True)
        found += said.stdout.split()
    folders = (service.home / "jobs", service.home / "blobs" / "partial")
    return [*found, *(path.name for folder in folders for path in folder.iterdir())]


def nothing_is_left(service: Service, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while found := left(service):
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


@pytest.fixture(scope="module")
def paper(service: Service) -> str:
    compendium = service.ready(packed(TEXT_PAPER))
    assert service.ended(service.start(compendium), 300)["verdict"] == "reproduced"
    return compendium


@pytest.mark.parametrize(
    ("stands", "step"),
    [("relay", None), ("builder", None), ("executor", "image_build"), ("checker", "check")],
)
def test_a_job_is_cancelled_wherever_it_is_and_stays_so(
    service: Service, paper: str, stands: str, step: str | None
) -> None:
    with standing(service, stands):
        job = service.start(paper)
        if step == "image_build":
            service.until(f"/api/v1/job/{job}", lambda it: it["steps"][step]["status"] == "success")
        elif step:
            service.until(f"/api/v1/job/{job}", step_runs(step))
        assert cancel(service, "job", job) == 200
        assert cancel(service, "job", job) == 409
        assert service.get(f"/api/v1/job/{job}")["verdict"] == "cancelled"
    nothing_is_left(service)
    assert ends(service, job) == ["event: end"]
    assert service.get(f"/api/v1/job/{job}")["verdict"] == "cancelled"
    assert service.ended(service.start(paper))["verdict"] == "reproduced"


def test_a_run_is_cancelled_and_its_container_goes(service: Service) -> None:
    job = service.start(service.ready(packed(SLEEPS)))
    service.until(f"/api/v1/job/{job}", step_runs("image_execute"))
    assert left(service)
    assert cancel(service, "job", job) == 200
    nothing_is_left(service, 10)
    assert ends(service, job) == ["event: end"]


def test_a_build_is_cancelled_while_it_goes_on(service: Service) -> None:
    files = {**TEXT_PAPER, "requirements.txt": "erc-of-no-index-at-all==1.0\n"}
    job = service.start(service.ready(packed(files)))
    service.until(f"/api/v1/job/{job}", step_runs("image_build"))
    assert cancel(service, "job", job) == 200
    assert service.get(f"/api/v1/job/{job}")["verdict"] == "cancelled"
    assert ends(service, job) == ["event: end"]


def test_a_job_is_cancelled_while_its_image_is_kept(service: Service, paper: str) -> None:
    with contextlib.ExitStack() as builder:
        with standing(service, "executor"):
            job = service.start(paper)
            service.until(f"/api/v1/job/{job}", lambda it: it["steps"]["image_build"]["status"] == "success")
            builder.enter_context(standing(service, "builder"))
        service.until(f"/api/v1/job/{job}", step_runs("image_save"))
        assert cancel(service, "job", job) == 200
    nothing_is_left(service)
    assert ends(service, job) == ["event: end"]
    assert service.get(f"/api/v1/job/{job}")["verdict"] == "cancelled"


async def _lose_commands(url: str, job: str) -> int:
    """Remove the commands for a job from their stream; return how many there were.

    One that is published after the look is left for the next one: removed uncounted, its successor would be lost too.
    """
    client = await nats.connect(url)
    js, subject = client.jetstream(), f"erc.command.*.*.*.{job}"
    try:
        found = (await js.stream_info("COMMANDS", subjects_filter=subject)).state.subjects or {}
        if found:
            await js.purge_stream("COMMANDS", subject=subject)
    finally:
        await client.close()
    return len(found)


@pytest.mark.parametrize("stands", ["builder", "checker"])
def test_a_job_whose_command_was_lost_comes_to_its_verdict(service: Service, paper: str, stands: str) -> None:
    with standing(service, stands):
        job = service.start(paper)
        deadline = time.monotonic() + 20
        while not asyncio.run(_lose_commands(service.servers()[1], job)) or not _reached(service, job, stands):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # It may have been handed over already, which only its taker knows.
        os.kill(pid_of(service, stands), signal.SIGKILL)
    assert service.ended(job, 60)["verdict"] == "reproduced"
    assert ends(service, job) == ["event: end"]
    assert [cause.endswith("again") for cause in causes(service, job)].count(True) == 1


def _reached(service: Service, job: str, stands: str) -> bool:
    return stands == "builder" or step_runs("check")(service.get(f"/api/v1/job/{job}"))


def test_an_ended_job_cannot_be_cancelled(service: Service, paper: str) -> None:
    job = service.start(paper)
    service.ended(job)
    answer = ask(service, "POST", f"/api/v1/job/{job}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_ended")


@pytest.mark.parametrize(("stands", "status"), [("loader", "loading"), ("metadata", "describing")])
def test_a_candidate_that_is_coming_in_can_be_deleted(service: Service, stands: str, status: str) -> None:
    with standing(service, stands):
        compendium = service.upload(packed(TEXT_PAPER))
        service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == status)
        assert ask(service, "DELETE", f"/api/v1/compendium/{compendium}").status_code == 204
        assert ask(service, "GET", f"/api/v1/compendium/{compendium}").status_code == 404
    nothing_is_left(service)
    service.ready(packed(TEXT_PAPER))
    assert ask(service, "GET", f"/api/v1/compendium/{compendium}").status_code == 404


def test_deleting_a_candidate_ends_its_run(service: Service) -> None:
    compendium = service.ready(packed(SLEEPS))
    job = service.start(compendium)
    service.until(f"/api/v1/job/{job}", step_runs("image_execute"))
    assert ask(service, "DELETE", f"/api/v1/compendium/{compendium}").status_code == 204
    assert service.get(f"/api/v1/job/{job}")["verdict"] == "cancelled"
    nothing_is_left(service, 10)


def test_a_shipment_is_cancelled_while_it_waits_for_the_shipper(service: Service, paper: str) -> None:
    with standing(service, "shipper"):
        shipment = service.post("/api/v1/shipment", {"compendium_id": paper})["id"]
        assert cancel(service, "shipment", shipment) == 200
        assert cancel(service, "shipment", shipment) == 409
    another = service.post("/api/v1/shipment", {"compendium_id": paper})["id"]
    service.until(f"/api/v1/shipment/{another}", lambda it: it["status"] == "shipped")
    assert service.get(f"/api/v1/shipment/{shipment}")["problem"]["code"] == "shipment_cancelled"
    assert cancel(service, "shipment", another) == 409


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_what_is_sent_again_after_a_kill_of_the_gateway_is_there_once(
    service: Service, orders: Path, moment: str
) -> None:
    archive = packed({**TEXT_PAPER, "moment.txt": moment})
    order = orders / f"gateway.{moment}"
    order.touch()
    before = set(service.get("/api/v1/compendium?candidate=true&limit=1000")["results"])
    sent = {
        "files": {"compendium": ("workspace.tar.gz", archive)},
        "data": {"content_type": "workspace"},
        "headers": {"Prefer": "respond-async", "Idempotency-Key": f"kill-{moment}"},
    }
    with pytest.raises(httpx2.TransportError):
        ask(service, "POST", "/api/v1/compendium", **sent)
    assert not order.exists()
    answer = service._asked("POST", "/api/v1/compendium", **sent)
    assert answer.status_code == 202
    assert answer.headers.get("idempotent-replayed") == ("true" if moment == "after_commit" else None)
    assert set(service.get("/api/v1/compendium?candidate=true&limit=1000")["results"]) - before == {answer.json()["id"]}
    service.until(f"/api/v1/compendium/{answer.json()['id']}", lambda it: it["status"] == "ready")


def test_leftovers_of_nobody_are_collected(service: Service, paper: str) -> None:
    job, long_ago = "0" * 26, time.time() - 120
    home = service.home
    folder, half = home / "jobs" / job, home / "trees" / f"{'a' * 64}.partial-left"
    partial = home / "blobs" / "partial" / "left"
    for made in (folder / "upper", half):
        made.mkdir(parents=True)
    partial.write_bytes(b"half")
    for path in (folder, half, partial):
        os.utime(path, (long_ago, long_ago))
    labels = [f"--label=org.erc.job={job}", f"--label=org.erc.home={home / 'jobs'}"]
    run = service.until(f"/api/v1/job/{service.start(paper)}?steps=all", lambda it: it["verdict"] is not None)
    image, name = run["steps"]["image_build"]["imageId"], f"erc-job-{job}"
    subprocess.run(["docker", "volume", "create", *labels, name], check=True, capture_output=True)
    leaves = ["docker", "run", "-d", "--network=none", *labels, f"--name={name}", image, "sleep", "600"]
    subprocess.run(leaves, check=True, capture_output=True)
    nothing_is_left(service)
    assert not half.exists()
    for listing in (["volume", "ls", "-q"], ["ps", "-a", "--format={{.Names}}"]):
        listed = subprocess.run(["docker", *listing], check=True, capture_output=True, text=True)
        assert name not in listed.stdout.split()
