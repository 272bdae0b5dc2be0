"""Rows that are older than a stream remembers ids, on a real NATS: what is there is not published again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import nats as nats_py
import pytest
from nats.js.api import StreamConfig
from support.fakes import FakeOutbox
from support.servers import nats

from erc.events.bus import Client, StreamPublisher, connect
from erc.events.errors import Unavailable
from erc.events.relay import Relay, Waiting

WINDOW_SECONDS = 0.1


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nats(tmp_path_factory.mktemp("old-rows")) as server:
        yield server.url


@pytest.fixture
async def client(url: str) -> AsyncIterator[Client]:
    client = await connect(url, "test")
    js = client.jetstream()
    for name in ("EVENTS", "PUBLIC"):
        config = StreamConfig(name=name, subjects=[f"erc.{name.lower()}.>"], duplicate_window=WINDOW_SECONDS)
        config.allow_atomic = True
        await js.add_stream(config)
    yield client
    for name in ("EVENTS", "PUBLIC"):
        await js.delete_stream(name)
    await client.close()


def rows(*numbers: int, old: bool, subject: str = "erc.events.job.a.changed") -> list[Waiting]:
    return [Waiting(n, "EVENTS", subject, f"job:a:{n}", b"{}", "erc.public.c.job.changed", None, old) for n in numbers]


async def forget(client: Client) -> None:
    """Wait until the stream has forgotten the ids that it was given so far."""
    js: Any = client.jetstream()
    headers = {"Nats-Msg-Id": "probe"}
    await js.publish("erc.events.probe", b"", headers=headers)
    while (await js.publish("erc.events.probe", b"", headers=headers)).duplicate:
        pass


async def ids(client: Client, stream: str, subject: str) -> list[str]:
    js = client.jetstream()
    found = []
    for sequence in range(1, (await js.stream_info(stream)).state.last_seq + 1):
        message = await js.get_msg(stream, sequence)
        if message.subject == subject:
            found.append((message.headers or {})["Nats-Msg-Id"])
    return found


async def _never(_seconds: float) -> None:
    raise AssertionError("once does not sleep")


async def test_the_last_id_of_a_subject_is_known(client: Client) -> None:
    publisher = StreamPublisher(client)
    assert await publisher.last("EVENTS", "erc.events.job.a.changed") is None
    await publisher.publish("EVENTS", rows(1, 2, old=False))
    assert await publisher.last("EVENTS", "erc.events.job.a.changed") == "job:a:2"


async def test_old_rows_that_were_published_are_left_out_and_the_next_ones_follow(client: Client) -> None:
    publisher = StreamPublisher(client)
    lost = FakeOutbox(rows(1, 2, old=False), fail_marking=1)
    with pytest.raises(Unavailable):
        await Relay(lost, publisher, _never).once()
    await forget(client)
    again = FakeOutbox([*rows(1, 2, old=True), *rows(3, old=False)])
    assert await Relay(again, publisher, _never).once() == 3
    assert again.sent == [1, 2, 3]
    assert await ids(client, "EVENTS", "erc.events.job.a.changed") == ["job:a:1", "job:a:2", "job:a:3"]
    assert await ids(client, "PUBLIC", "erc.public.c.job.changed") == ["job:a:1", "job:a:2", "job:a:3"]


async def test_old_rows_that_were_not_published_go_out(client: Client) -> None:
    outbox = FakeOutbox(rows(1, 2, old=True))
    await Relay(outbox, StreamPublisher(client), _never).once()
    assert await ids(client, "EVENTS", "erc.events.job.a.changed") == ["job:a:1", "job:a:2"]


async def test_a_silent_nats_means_later(url: str) -> None:
    client = await nats_py.connect(url)
    publisher = StreamPublisher(client)
    await client.close()
    with pytest.raises(Unavailable):
        await publisher.last("EVENTS", "erc.events.job.a.changed")
