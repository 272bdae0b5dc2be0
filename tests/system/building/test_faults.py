"""Builder, engine and client are killed in the middle of what they do: every job ends, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.kernel import until
from support.service import Service, packed
from support.tiny import paper
from system.building.conftest import Place, pids

from erc.workers.builder.engine import ImageBuilder
from erc.workers.docker import connect

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.geteuid() != 0, reason="An engine of its own needs root")]

PATIENCE = 300
UNCHANGED = ["The environment is unchanged, nothing was built"]
SENDER = """
import os, sys, time
import httpx2

def pieces():
    yield b'--b\\r\\nContent-Disposition: form-data; name="content_type"\\r\\n\\r\\nworkspace\\r\\n'
    yield b'--b\\r\\nContent-Disposition: form-data; name="compendium"; filename="w.tar.gz"\\r\\n\\r\\n'
    for _ in range(8):
        yield os.urandom(1 << 20)
    print("half", flush=True)
    time.sleep(60)

headers = {"Authorization": f"Bearer {sys.argv[2]}", "Content-Type": "multipart/form-data; boundary=b"}
httpx2.post(f"{sys.argv[1]}/api/v1/compendium", headers=headers, content=pieces(), timeout=120)
"""


@pytest.fixture(autouse=True)
def nothing_left(service: Service, own: Place) -> Iterator[None]:
    """After each fault: no container, no volume, and no blob in the making."""
    yield
    partial = service.home / "blobs" / "partial"
    # The builder does so every two minutes, with those that are an hour old.
    asyncio.run(swept(own))
    assert until(lambda: own.left() == [], 60), own.left()
    assert until(lambda: not any(partial.iterdir()), 60), list(partial.iterdir())


async def swept(own: Place) -> None:
    async with await connect(own.engine.address) as engine:
        await ImageBuilder(engine).sweep(time.time() + 7200)


def started(service: Service, own: Place, mark: str, seconds: float = 0) -> tuple[str, str]:
    """Start a job whose environment nobody built yet; return it and its compendium once a container works for it."""
    compendium = service.ready(packed({**paper(seconds, mark), "apt.txt": f"{mark}\n"}))
    job = service.start(compendium)
    assert until(lambda: own.asked("ps", "--quiet") != [], PATIENCE), service.get(f"/api/v1/job/{job}?steps=all")
    return compendium, job


def reproduced_unchanged(service: Service, compendium: str) -> bool:
    """Return whether a second try reproduces, and builds nothing."""
    again = service.ended(service.start(compendium), PATIENCE)
    return (again["verdict"], again["steps"]["image_build"]["text"]) == ("reproduced", UNCHANGED)


def test_a_builder_that_is_killed_in_mid_build_is_followed_by_one_that_builds(service: Service, own: Place) -> None:
    before = own.environments()
    compendium, job = started(service, own, "builder-dies")

    os.kill(pids(service, "builder")[0], signal.SIGKILL)
    assert own.environments() == before, "no half image has the name"
    ended = service.ended(job, PATIENCE)

    assert ended["verdict"] == "reproduced", ended
    assert len(own.environments()) == len(before) + 1
    assert reproduced_unchanged(service, compendium)


def test_an_engine_that_is_killed_in_mid_build_is_asked_again(service: Service, own: Place) -> None:
    before = own.environments()
    compendium, job = started(service, own, "engine-dies")

    own.engine.disturb("kill")
    assert own.environments() == before, "no half image has the name"
    ended = service.ended(job, PATIENCE)

    assert ended["verdict"] == "reproduced", ended
    assert len(own.environments()) == len(before) + 1
    assert reproduced_unchanged(service, compendium)


def test_an_engine_that_is_killed_in_mid_run_costs_no_verdict(service: Service, own: Place) -> None:
    compendium, job = started(service, own, "run-dies", seconds=3)
    path = f"/api/v1/job/{job}?steps=all"
    service.until(path, lambda it: it["steps"]["image_execute"]["status"] == "running", PATIENCE)
    assert until(lambda: own.asked("ps", "--quiet") != [], PATIENCE)

    own.engine.disturb("kill")
    ended = service.ended(job, PATIENCE)

    assert ended["verdict"] == "reproduced", ended
    assert reproduced_unchanged(service, compendium)


def test_a_client_that_is_killed_in_mid_upload_leaves_nothing_and_may_try_again(service: Service) -> None:
    sender = [sys.executable, "-c", SENDER, service.url, service.token]
    with subprocess.Popen(sender, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout and client.stdout.readline() == "half\n"
        assert until(lambda: any((service.home / "blobs" / "partial").iterdir()), 10)
        client.kill()
    assert until(lambda: not any((service.home / "blobs" / "partial").iterdir()), 10), "it is removed at once"
    assert service.ready(packed(paper()))
