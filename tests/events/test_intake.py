"""Subscribers of a durable consumer, which an operator or a lost store may take away under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from support.servers import nats as nats_server

from erc.events import intake as module
from erc.events.bus import connect
from erc.events.errors import Unavailable
from erc.events.intake import NatsDelivery, intake, lasting_intake
from erc.events.streams import Lease, provision

URL = str
SUBJECT = "erc.event.check.x.made"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


@pytest.fixture
async def client(url: URL) -> AsyncIterator[Client]:
    client = await connect(url, "test")
    await provision(client.jetstream(), Lease())
    yield client
    await client.jetstream().delete_stream("EVENTS")
    await client.close()


class Taken:
    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(self, delivery: NatsDelivery) -> None:
        await delivery.acknowledge()
        await self.bodies.put(delivery.body)

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.bodies.get(), 20)


async def test_an_intake_notices_that_its_consumer_was_deleted_or_made_anew(url: URL, client: Client) -> None:
    js, taken = client.jetstream(), Taken()
    async with intake(url, "t", "EVENTS", "gateway", 1, taken.take) as subscribed:
        await provision(js, Lease())
        assert await subscribed.served()
        await js.delete_consumer("EVENTS", "gateway")
        assert not await subscribed.served()
        await provision(js, Lease())
        assert not await subscribed.served()


async def test_a_consumer_that_is_not_there_is_waited_for_and_never_made(
    url: URL, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1)
    js = client.jetstream()
    await js.delete_consumer("EVENTS", "gateway")
    with pytest.raises(Unavailable, match="The consumer gateway of EVENTS is not there"):
        async with intake(url, "t", "EVENTS", "gateway", 1, Taken().take):
            pass
    with pytest.raises(NotFoundError):
        await js.consumer_info("EVENTS", "gateway")


@pytest.mark.parametrize("lost", ["consumer", "stream"])
async def test_a_lasting_intake_goes_on_after_its_consumer_was_lost(
    url: URL, client: Client, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1)
    js, taken = client.jetstream(), Taken()
    async with lasting_intake(url, "t", "EVENTS", "gateway", 2, taken.take):
        await js.publish(SUBJECT, b"before")
        assert await taken.next() == b"before"
        await (js.delete_consumer("EVENTS", "gateway") if lost == "consumer" else js.delete_stream("EVENTS"))
        await asyncio.sleep(2)
        await provision(js, Lease())
        for number in range(8):
            await js.publish(SUBJECT, b"%d" % number)
        found = {await taken.next() for _ in range(9 if lost == "consumer" else 8)}
        assert found - {b"before"} == {b"%d" % number for number in range(8)}
