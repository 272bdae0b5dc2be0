"""Nine processes, each killed at its named moments: every job comes to its right end, exactly once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.service import TEXT_PAPER, Service, packed

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("invariants_hold")]

MOMENTS = ("before_commit", "after_commit", "before_acknowledge")
RELAY_MOMENTS = ("before_publish", "after_publish", "before_mark", "after_mark")
JOB_WINDOWS = [
    *((process, moment) for process in ("builder", "executor", "checker") for moment in MOMENTS),
    *(("relay", moment) for moment in RELAY_MOMENTS),
]


def _died(order: Path) -> None:
    deadline = time.monotonic() + 30
    while order.exists():
        assert time.monotonic() < deadline, f"{order.name} was never reached"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def paper(service: Service) -> str:
    compendium = service.ready(packed(TEXT_PAPER))
    assert service.ended(service.start(compendium), 300)["verdict"] == "reproduced"
    return compendium


@pytest.mark.parametrize(("process", "moment"), JOB_WINDOWS)
def test_a_job_survives_a_kill(service: Service, orders: Path, paper: str, process: str, moment: str) -> None:
    order = orders / f"{process}.{moment}"
    order.touch()
    job = service.ended(service.start(paper))
    _died(order)
    assert (job["verdict"], job["status"]) == ("reproduced", "success"), job


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_survives_a_kill_of_the_follower_of_events(
    service: Service, orders: Path, paper: str, moment: str
) -> None:
    job = service.start(paper)
    order = orders / f"follower.{moment}"
    order.touch()
    ended = service.ended(job)
    _died(order)
    assert ended["verdict"] == "reproduced"


@pytest.mark.parametrize("moment", ["before_commit", "after_commit", "before_answer"])
def test_an_asker_may_ask_again_when_the_gateway_died(service: Service, orders: Path, paper: str, moment: str) -> None:
    order = orders / f"gateway.{moment}"
    order.touch()
    job = service.start(paper)
    _died(order)
    assert service.ended(job)["verdict"] == "reproduced"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("process", ["loader", "metadata"])
def test_an_upload_survives_a_kill(service: Service, orders: Path, process: str, moment: str) -> None:
    order = orders / f"{process}.{moment}"
    order.touch()
    service.ready(packed(TEXT_PAPER))
    _died(order)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_index_survives_a_kill(service: Service, orders: Path, moment: str) -> None:
    order = orders / f"indexer.{moment}"
    order.touch()
    word = f"zyzzyva{moment.replace('_', '')}"
    main = f'"""The {word} of the lake."""\n{TEXT_PAPER["main.py"]}'
    service.ready(packed({**TEXT_PAPER, "main.py": main}))
    found = service.until(f"/api/v1/search?q={word}", lambda it: it["hits"]["total"] == 1)
    _died(order)
    assert found["hits"]["total"] == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_shipment_survives_a_kill(service: Service, orders: Path, paper: str, moment: str) -> None:
    order = orders / f"shipper.{moment}"
    order.touch()
    shipment = service.post("/api/v1/shipment", {"compendium_id": paper})["id"]
    service.until(f"/api/v1/shipment/{shipment}", lambda it: it["status"] == "shipped")
    _died(order)


def test_no_job_ended_twice(service: Service) -> None:
    with service.client() as client:
        answer = client.get("/api/v1/job?limit=1000")
        for job in answer.json()["results"]:
            ends = 0
            with client.stream("GET", f"/api/v1/job/{job}/events") as stream:
                for line in stream.iter_lines():
                    ends += line == "event: end"
            assert ends == 1
