"""A second builder process beside a service, and many requests at once for an environment that nobody built yet."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from support.service import Service

from erc.deploy.embedded import as_role

BUILT = "The environment was built"
DYING = ("setpriv", "--pdeathsig", "KILL")
"""Runs a program that dies with the thread that started it."""


@dataclass(frozen=True)
class Asked:
    """What came of many requests: how many built something, how many found it built, after how many seconds."""

    built: int
    found: int
    seconds: float


@contextlib.contextmanager
def second_builder(service: Service, module: str = "erc.workers.builder", **environment: str) -> Iterator[int]:
    """Run another builder process of a service; hands over its process id."""
    owner, nats = service.servers()
    password = (service.home / "secrets" / "role_builder").read_text().strip()
    addresses = {"DATABASE_URL": as_role(owner, "erc_builder", password), "NATS_URL": nats}
    with (service.home / "logs" / f"{module}-second.log").open("ab") as words:
        process = subprocess.Popen(
            [*DYING, sys.executable, "-m", module],
            env=os.environ | addresses | {"ERC_HOME": str(service.home)} | environment,
            stdout=words,
            stderr=words,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask_many(service: Service, compendium: str, many: int) -> Asked:
    """Start jobs on a compendium all at once, wait until their environment is there, and end them."""
    begun = time.monotonic()
    with ThreadPoolExecutor(many) as pool:
        jobs = list(pool.map(lambda _: service.start(compendium), range(many)))
        steps = [_prepared(service, job) for job in jobs]
        seconds = time.monotonic() - begun
        list(pool.map(lambda job: service.post(f"/api/v1/job/{job}/cancel", {}), jobs))
    assert all(step["status"] == "success" for step in steps), steps
    built = sum(step["text"] == [BUILT] for step in steps)
    return Asked(built, len(steps) - built, seconds)


def _prepared(service: Service, job: str) -> dict[str, object]:
    path = f"/api/v1/job/{job}?steps=all"
    found = service.until(path, lambda it: it["steps"]["image_build"]["status"] not in {"queued", "running"}, 120)
    return dict(found["steps"]["image_build"])
