"""A notifier with its own database role, on the gateway's servers, and a receiver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from support.receiver import Receiver, receiver

from erc.events.faults import Faults
from erc.events.outbox import Database, create_engine, utc_now
from erc.gateway.notifier.delivering import Notifier
from erc.gateway.notifier.schedule import Patience
from erc.gateway.notifier.sender import Sender
from erc.gateway.notifier.store import Deliveries
from erc.gateway.store.event_log import EventLog

KEPT = 20
PATIENCE = Patience(attempts=3, first_pause=timedelta(milliseconds=1), give_ups=2)


@pytest.fixture
def listening() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@dataclass
class Notifying:
    """A notifier that works when it is told, and the webhooks of its owner."""

    gateway: Any
    notifier: Notifier

    async def hook(self, address: str, **changes: Any) -> str:
        """Keep a webhook from the beginning of the log, unless changed; return its id."""
        async with self.gateway.operator() as operator:
            made = await operator.post("/api/v1/webhook", json={"address": address, "after": "0", **changes})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def rounds(self, count: int = 1) -> None:
        """Deliver what is published and due, so many times, with a moment between for what failed."""
        await self.gateway.settled()
        for _ in range(count):
            await self.notifier.round()
            await self.notifier.finish(20)
            await asyncio.sleep(0.02)

    async def get(self, path: str) -> Any:
        """Return a document of the API."""
        async with self.gateway.operator() as operator:
            return (await operator.get(path)).json()

    async def outcomes(self, identifier: str) -> list[str]:
        """Return the delivery log, oldest first."""
        rows = (await self.get(f"/api/v1/webhook/{identifier}/deliveries"))["results"]
        return [row["outcome"] for row in reversed(rows)]


@pytest.fixture
async def notifying(gateway) -> AsyncIterator[Notifying]:
    async def nothing() -> None:
        pass

    database = Database(create_engine(gateway.url_of("notifier")), nothing)
    sender = Sender(utc_now, 2, loopback=True)
    notifier = Notifier(
        Deliveries(database, KEPT), EventLog(database), sender, utc_now, lambda: 0.5, PATIENCE, Faults("", None)
    )
    yield Notifying(gateway, notifier)
    await notifier.finish(1)
    await sender.close()
    await database.close()
