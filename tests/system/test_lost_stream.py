"""A stream that is deleted or damaged is filled again from PostgreSQL: nobody misses an event for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from support.kernel import alive, descendants, name, until
from support.service import TEXT_PAPER, Service, packed, running
from system.invariants.journal import Journal
from system.invariants.readers import Sources
from system.invariants.verdict import report, settled

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own: what is broken here must not break the tests of others."""
    home = tmp_path_factory.mktemp("erc") / "home"
    home.mkdir()
    lease = {"EVENTS_ACK_WAIT_SECONDS": "2", "EVENTS_HEARTBEAT_SECONDS": "0.5", "DEPLOY_RESTART_SECONDS": "0.5"}
    with running(home, BUILDER_SAVE_IMAGE="false", **lease) as service:
        yield service


async def _delete(url: str, stream: str) -> None:
    client = await nats.connect(url)
    await client.jetstream().delete_stream(stream)
    await client.close()


def _nats(service: Service) -> int | None:
    below = alive(descendants(service.process.pid))
    return next((pid for pid in below if name(pid) == "nats-server"), None)


def _holds_again(service: Service, journal: Journal) -> None:
    """New work succeeds within 30 s, and then everything holds, the old events included."""
    began = time.monotonic()
    service.ended(service.start(service.ready(packed(TEXT_PAPER))))
    journal.write("recovered", seconds=round(time.monotonic() - began, 2))
    results, _ = asyncio.run(settled(Sources.of(service.home, [journal.path])))
    assert not any(result.violations for result in results), report(results)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def test_a_deleted_stream_of_events_is_filled_again(service: Service, journal: Journal) -> None:
    service.ended(service.start(service.ready(packed(TEXT_PAPER))), 300)
    asyncio.run(_delete(service.servers()[1], "EVENTS"))
    _holds_again(service, journal)


def test_a_deleted_stream_of_commands_loses_no_job(service: Service, journal: Journal) -> None:
    code = {"main.py": f"import time\ntime.sleep(3)\n{TEXT_PAPER['main.py']}", "display.txt": TEXT_PAPER["display.txt"]}
    job = service.start(service.ready(packed(code)))
    asyncio.run(_delete(service.servers()[1], "COMMANDS"))
    assert service.ended(job, 60)["verdict"] == "reproduced"
    _holds_again(service, journal)


def test_a_damaged_stream_is_filled_again(service: Service, journal: Journal) -> None:
    service.ended(service.start(service.ready(packed(TEXT_PAPER))), 300)
    before = _nats(service)
    assert before
    os.kill(before, signal.SIGSTOP)
    blocks = sorted((service.home / "nats").rglob("streams/EVENTS/msgs/*.blk"))
    with blocks[0].open("r+b") as file:
        file.seek(blocks[0].stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))
    for index in (service.home / "nats").rglob("streams/EVENTS/msgs/index.db"):
        index.unlink()
    os.kill(before, signal.SIGKILL)
    assert until(lambda: _nats(service) not in {None, before}, 30)
    _holds_again(service, journal)
