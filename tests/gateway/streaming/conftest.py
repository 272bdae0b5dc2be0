"""A gateway that serves streams, on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.servers import nats, postgres
from support.streaming import World, gateway, prepare

from erc.gateway.streaming.streams import Pace


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("database")) as server:
        yield server.url


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A gateway with streams of its own; heartbeats come ten times a second."""
    with nats(tmp_path / "nats") as broker:
        await asyncio.to_thread(lambda: asyncio.run(prepare(database, broker.url)))
        async with gateway(database, broker.url, tmp_path, Pace(heartbeat_seconds=0.1)) as world:
            yield world
