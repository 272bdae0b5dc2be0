"""Subscribers read PUBLIC and can do nothing else, on a real server with the shipped accounts."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats as library
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig
from support.eventually import eventually
from support.servers import nats

from erc.deploy.nats_server import Nats
from erc.deploy.state import State
from erc.events.bus import connect
from erc.events.streams import Lease, provision
from erc.events.subscribers import provision_mirror

INBOX = b"_INBOX_subscriber"
SUBJECT = "erc.public.c1.job.changed"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with nats(tmp_path_factory.mktemp("nats")) as running:
        asyncio.run(declare(running))
        yield running


async def declare(server: Nats) -> None:
    own, theirs = await connect(server.url, "own"), await connect(server.url_of("provision"), "theirs")
    await provision(own.jetstream(), Lease())
    await provision_mirror(own.jetstream(), theirs.jetstream())
    for client in (own, theirs):
        await client.close()


@dataclass
class Both:
    """The service and a subscriber, who hears of every permission that it lacks."""

    service: Client
    subscriber: Client
    refused: list[str]

    async def publish(self, count: int) -> int:
        """Publish so many events and return the sequence number of the last one, once it is mirrored."""
        last = 0
        for number in range(count):
            last = (await self.service.jetstream().publish(SUBJECT, f"event {number}".encode())).seq
        await eventually(self.mirrored, lambda sequence: sequence >= last)
        return last

    async def mirrored(self) -> int:
        """Return the sequence number of the last event that subscribers can read."""
        return int((await self.subscriber.jetstream().stream_info("PUBLIC")).state.last_seq)

    async def words(self) -> int:
        """Return how many refusals were heard."""
        return len(self.refused)

    async def answer(self, subject: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return what a JetStream request is answered, None when it is refused or nobody answers."""
        try:
            found = await self.subscriber.request(subject, json.dumps(body or {}).encode(), timeout=0.3)
        except (NatsTimeoutError, NoRespondersError):
            return None
        return dict(json.loads(found.data))


@pytest.fixture
async def both(server: Nats) -> AsyncIterator[Both]:
    refused: list[str] = []

    async def hear(error: Exception) -> None:
        refused.append(str(error).lower())

    service = await connect(server.url, "service")
    subscriber = await library.connect(server.url_of("subscriber"), inbox_prefix=INBOX, error_cb=hear)
    yield Both(service, subscriber, refused)
    await subscriber.close()
    await service.close()


async def test_a_subscriber_reads_from_any_sequence_number_and_then_live(both: Both) -> None:
    last = await both.publish(5)
    queue: asyncio.Queue[Msg] = asyncio.Queue()
    config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=last - 2)
    subscription = await both.subscriber.jetstream().subscribe(
        "erc.public.>", stream="PUBLIC", ordered_consumer=True, config=config, cb=queue.put
    )
    await both.publish(2)
    async with asyncio.timeout(20):
        heard = [await queue.get() for _ in range(5)]
    assert [message.metadata.sequence.stream for message in heard] == [last - 2 + n for n in range(5)]
    assert [message.data for message in heard] == [b"event 2", b"event 3", b"event 4", b"event 0", b"event 1"]
    await subscription.unsubscribe()


async def test_a_subscriber_pulls_and_gets_single_messages(both: Both) -> None:
    last = await both.publish(3)
    found = await both.subscriber.jetstream().get_msg("PUBLIC", last - 1)
    assert (found.subject, found.data) == (SUBJECT, b"event 1")
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=last, ack_policy=AckPolicy.NONE
    )
    made = await both.subscriber.jetstream().add_consumer("PUBLIC", config, name="mine")
    assert made.config.inactive_threshold, "a consumer that nobody reads goes"
    pulling = await both.subscriber.jetstream().pull_subscribe_bind("mine", "PUBLIC")
    assert [message.data for message in await pulling.fetch(1, timeout=5)] == [b"event 2"]


FORBIDDEN_REQUESTS = [
    *(f"$JS.API.STREAM.{verb}.PUBLIC" for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT")),
    *(
        f"$JS.API.STREAM.{verb}.{stream}"
        for verb in ("INFO", "DELETE", "PURGE", "MSG.GET")
        for stream in ("COMMANDS", "EVENTS", "LOGS", "DEAD")
    ),
    *(f"$JS.API.DIRECT.GET.{stream}" for stream in ("PUBLIC", "COMMANDS", "EVENTS", "LOGS", "DEAD")),
    *(f"$JS.API.CONSUMER.CREATE.{stream}.mine" for stream in ("COMMANDS", "EVENTS", "LOGS", "DEAD")),
    "$JS.API.CONSUMER.MSG.NEXT.COMMANDS.loader-default",
    "$JS.API.CONSUMER.NAMES.PUBLIC",
    "$JS.API.CONSUMER.LIST.PUBLIC",
    "$JS.API.CONSUMER.DELETE.PUBLIC.other",
    "$JS.API.CONSUMER.PAUSE.PUBLIC.other",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.INFO",
    "erc.api.CONSUMER.CREATE.PUBLIC.mine",
    "$SYS.REQ.SERVER.PING",
]


async def test_every_other_request_is_refused(both: Both) -> None:
    for subject in FORBIDDEN_REQUESTS:
        await both.subscriber.publish(subject, b"{}", reply="_INBOX_subscriber.none")
    await both.subscriber.flush()
    await eventually(both.words, lambda count: count >= len(FORBIDDEN_REQUESTS))
    for subject in FORBIDDEN_REQUESTS:
        assert any(f'publish to "{subject.lower()}"' in words for words in both.refused), subject


async def test_a_subscriber_publishes_nothing(both: Both) -> None:
    subjects = [SUBJECT, "erc.command.loader.default.load.x", "erc.event.job.x.changed", "erc.control.relay.wake"]
    before = await counts(both.service)
    for subject in subjects:
        await both.subscriber.publish(subject, b"forged")
    await both.subscriber.flush()
    await eventually(both.words, lambda count: count >= len(subjects))
    assert await counts(both.service) == before


@pytest.mark.parametrize("subject", ["erc.>", "erc.control.>", "erc.command.>", "erc.log.>", "_INBOX.>", "$JS.>", ">"])
async def test_a_subscriber_hears_nothing_else(both: Both, subject: str) -> None:
    await both.subscriber.subscribe(subject)
    await both.subscriber.flush()
    await eventually(both.words)
    assert "permissions violation for subscription" in both.refused[0]


async def test_answers_and_deliveries_that_are_sent_elsewhere_reach_nothing_of_the_service(both: Both) -> None:
    last = await both.publish(1)
    before = await counts(both.service)
    targets = ["erc.command.loader.default.load.x", "erc.event.job.x.changed", "erc.control.builder.x", SUBJECT]
    targets += ["$JS.API.STREAM.PURGE.PUBLIC", "$JS.API.STREAM.DELETE.PUBLIC", "erc.api.CONSUMER.CREATE.PUBLIC.evil"]
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    for target in targets[:4]:
        await both.service.subscribe(target, cb=heard.put)
    await both.service.flush()
    puller = {"stream_name": "PUBLIC", "config": {"name": "puller", "ack_policy": "none", "deliver_policy": "all"}}
    await both.answer("$JS.API.CONSUMER.CREATE.PUBLIC.puller", puller)
    for number, target in enumerate(targets):
        await both.subscriber.publish("$JS.API.STREAM.INFO.PUBLIC", b"", reply=target)
        await both.subscriber.publish("$JS.API.DIRECT.GET.PUBLIC", json.dumps({"seq": last}).encode(), reply=target)
        config = {"name": f"evil{number}", "deliver_subject": target, "ack_policy": "none", "deliver_policy": "all"}
        body = {"stream_name": "PUBLIC", "config": config}
        await both.answer(f"$JS.API.CONSUMER.CREATE.PUBLIC.evil{number}", body)
    await both.publish(1)
    after = await counts(both.service)
    assert after.pop("PUBLIC") == before.pop("PUBLIC") + 1
    assert after == before
    assert heard.qsize() == 1, "the event that was just published, and nothing else"
    assert (await both.subscriber.jetstream().stream_info("PUBLIC")).state.last_seq == last + 1


async def test_a_stream_that_is_made_anew_is_mirrored_anew(tmp_path: Path) -> None:
    with nats(tmp_path / "nats") as server:
        await declare(server)
        service = await connect(server.url, "service")
        for _ in range(3):
            await service.jetstream().publish(SUBJECT, b"old")
        await service.jetstream().delete_stream("PUBLIC")
        await declare(server)
        await service.jetstream().publish(SUBJECT, b"new")
        subscriber = await library.connect(server.url_of("subscriber"), inbox_prefix=INBOX)
        await eventually(lambda: subscriber.jetstream().stream_info("PUBLIC"), lambda info: info.state.messages == 1)
        assert (await subscriber.jetstream().get_msg("PUBLIC", 1)).data == b"new"
        await declare(server)
        assert (await subscriber.jetstream().stream_info("PUBLIC")).state.messages == 1, "a repeat changes nothing"
        await subscriber.close()
        await service.close()


async def test_streams_of_the_time_before_accounts_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    with nats(folder) as server:
        service = await connect(server.url, "service")
        await service.jetstream().add_stream(StreamConfig(name="EVENTS", subjects=["erc.event.>"]))
        await service.jetstream().publish("erc.event.job.x.changed", b"old")
        await service.close()
    streams = folder / "nats" / "jetstream"
    shutil.move(streams / "ERC", streams / "$G")
    shutil.rmtree(streams / "SUBSCRIBERS", ignore_errors=True)
    with nats(folder) as server:
        service = await connect(server.url, "service")
        assert (await service.jetstream().get_msg("EVENTS", 1)).data == b"old"
        await service.close()


def test_the_credentials_are_in_files_of_their_owner(server: Nats) -> None:
    secrets = server.state.home / "secrets"
    assert (secrets / "nats_subscriber_url").read_text().strip() == server.url_of("subscriber")
    for name in ("nats_subscriber", "nats_subscriber_url", "nats_provision"):
        assert stat.S_IMODE((secrets / name).stat().st_mode) == 0o600
    assert len({State(server.state.home).secret(name) for name in ("nats", "nats_subscriber", "nats_provision")}) == 3


async def counts(client: Client) -> dict[str, int]:
    """Return how many messages each stream of the service has ever taken."""
    js = client.jetstream()
    return {
        name: (await js.stream_info(name)).state.last_seq for name in ("COMMANDS", "EVENTS", "PUBLIC", "LOGS", "DEAD")
    }
