"""Dead letters, and messages that NATS gave up: on a real NATS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from support.servers import nats as nats_server

from erc.events.bus import connect
from erc.events.dead import DeadLetters, exhume
from erc.events.streams import Lease, provision
from erc.schemas.problem import Problem

WHY = Problem(code="unavailable", title="The service could not do this")
SUBJECT = "erc.command.loader.default.load.x"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    with nats_server(tmp_path) as server:
        client = await connect(server.url, "test")
        await provision(client.jetstream(), Lease())
        yield client
        await client.close()


def a_letter(message: str) -> bytes:
    return json.dumps({"problem": WHY.model_dump(), "message": message}).encode()


async def given_up(client: Client, body: bytes) -> dict[str, Any]:
    """Publish a command that is refused until NATS gives up; return the advisory."""
    js = client.jetstream()
    advised: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def heard(message: Any) -> None:
        advised.set_result(message.data)

    hearing = await client.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.COMMANDS.*", cb=heard)
    await js.publish(SUBJECT, body)
    subscription = await js.pull_subscribe("erc.command.loader.default.>", "loader-default", "COMMANDS")
    while not advised.done():
        try:
            for message in await subscription.fetch(1, timeout=0.3):
                await message.nak()
        except TimeoutError:
            continue
    await hearing.unsubscribe()
    return dict(json.loads(advised.result()))


async def test_letters_are_listed_in_pages_shown_and_dropped(client: Client) -> None:
    js, dead = client.jetstream(), DeadLetters(client)
    for number in range(5):
        await js.publish(f"erc.dead.{SUBJECT}{number}", a_letter(f"message {number}"))
    await js.publish("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.COMMANDS.x", b"{}")
    first = await dead.after(0, 3)
    rest = await dead.after(first[-1].number, 3)
    assert [one.message for one in [*first, *rest]] == [f"message {number}" for number in range(5)]
    assert (first[0].subject, first[0].problem) == (f"{SUBJECT}0", WHY)
    assert await dead.letter(2) == first[1]
    assert await dead.letter(6) is None, "an advisory is no letter"
    assert await dead.letter(0) is None
    assert await dead.drop(2)
    assert not await dead.drop(2)
    assert await dead.letter(2) is None
    assert [one.number for one in await dead.after(1, 9)] == [3, 4, 5]


async def test_a_letter_of_garbage_is_shown_as_it_is(client: Client) -> None:
    await client.jetstream().publish("erc.dead.x", b"\xff{")
    letter = await DeadLetters(client).letter(1)
    assert letter
    assert (letter.problem.code, letter.message) == ("letter_unknown", "\ufffd{")


async def test_a_message_that_nats_gave_up_becomes_a_letter(client: Client) -> None:
    js = client.jetstream()
    advisory = await given_up(client, b"the command")
    assert await exhume(js, advisory, WHY) == b"the command"
    assert (await js.stream_info("COMMANDS")).state.messages == 0
    letters = await DeadLetters(client).after(0, 9)
    assert [(one.subject, one.message, one.problem) for one in letters] == [(SUBJECT, "the command", WHY)]
    assert await exhume(js, advisory, WHY) is None


async def test_an_old_advisory_does_not_touch_the_commands_of_a_stream_made_anew(client: Client) -> None:
    js = client.jetstream()
    advisory = await given_up(client, b"the old command")
    await js.delete_stream("COMMANDS")
    await provision(js, Lease())
    await js.publish(SUBJECT, b"the new command")
    assert await exhume(js, advisory, WHY) is None
    assert (await js.stream_info("COMMANDS")).state.messages == 1
