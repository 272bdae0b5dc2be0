"""One service for the system tests, with short leases and orders to die in a folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.service import TEXT_PAPER, Service, free_port, packed, running
from system.invariants.journal import Journal
from system.invariants.readers import Sources
from system.invariants.verdict import report, settled

CANARY = "canary-4f9a1c77e2"


@pytest.fixture(scope="session")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="session")
def metrics_ports() -> dict[str, int]:
    return {name: free_port() for name in ("gateway", "relay", "executor", "indexer")}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, orders: Path, metrics_ports: dict[str, int]) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("erc") / "home"
    home.mkdir()
    environment = {
        "ERC_FAULTS": str(orders),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        "CANARY_PASSWORD": CANARY,
        **{f"{name.upper()}_METRICS_PORT": str(port) for name, port in metrics_ports.items()},
        "EVENTS_ACK_WAIT_SECONDS": "2",
        "EVENTS_HEARTBEAT_SECONDS": "0.5",
        "GATEWAY_ABANDONED_SECONDS": "6",
        "GATEWAY_JANITOR_SECONDS": "1",
        "GATEWAY_REPEAT_SECONDS": "0",
        "BUILDER_SAVE_IMAGE": "false",
        "EXECUTOR_WALL_CLOCK_SECONDS": "45",
        "EXECUTOR_MEMORY_BYTES": str(512 << 20),
        "EXECUTOR_DISK_BYTES": str(64 << 20),
        "EXECUTOR_PROCESSES": "64",
        "NOTIFIER_ALLOW_LOOPBACK": "1",
    }
    with running(home, **environment) as service:
        yield service


@pytest.fixture(scope="module")
def invariants_hold(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the tests of a module: new work succeeds, and I-1 … I-10 hold."""
    yield
    journal = Journal(tmp_path_factory.mktemp("journal") / "recovery.jsonl")
    began = time.monotonic()
    service.ended(service.start(service.ready(packed(TEXT_PAPER))))
    journal.write("recovered", seconds=round(time.monotonic() - began, 2))
    results, _ = asyncio.run(settled(Sources.of(service.home, [journal.path])))
    assert not any(result.violations for result in results), report(results)
