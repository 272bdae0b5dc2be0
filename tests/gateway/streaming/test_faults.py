"""Nothing is lost, doubled or disordered: over broken connections, killed servers, lost streams and slow readers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.servers import nats
from support.service import free_port
from support.streaming import TOKEN, Listener, World, changed, compendium_id, eventually, gateway, numbers, prepare

from erc.events.errors import Unavailable
from erc.events.streams import Lease, provision
from erc.gateway.streaming.streams import Pace

READERS, EVENTS = 24, 2500


@pytest.fixture
async def broken(database: str, tmp_path: Path) -> AsyncIterator[tuple[World, contextlib.ExitStack, Path]]:
    """A gateway whose NATS is killed by closing the stack."""
    folder = tmp_path / "nats"
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(nats(folder))
        await asyncio.to_thread(lambda: asyncio.run(prepare(database, broker.url)))
        async with gateway(database, broker.url, tmp_path, Pace(heartbeat_seconds=0.5)) as world:
            yield world, stack, folder


async def _published(world: World, first: int, last: int) -> None:
    """Put events into the stream as the relay does: again until it is taken, under the same ids."""
    row = world._row
    while True:
        world._row = row
        try:
            return await world.happen(*((changed(number % 2 + 1), number) for number in range(first, last + 1)))
        except Unavailable:
            await asyncio.sleep(0.1)


async def _restless(reader: Listener, chance: random.Random, *, slow: bool) -> int:
    """Read for moments at a time, resuming behind the last id, until the last event is there; return how often."""
    for times in itertools.count(1):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            if await reader.open(limit=1 << 16 if slow else 1 << 24) == 200:
                listening = asyncio.ensure_future(reader.listen())
                await asyncio.wait([listening], timeout=chance.uniform(0.02, 0.6))
                reader.close()
                await listening
        await asyncio.sleep(chance.uniform(0.1, 0.4) if slow else 0)
        if reader.heard and reader.heard[-1].data["sequence"] >= EVENTS - 1:
            return times
    raise AssertionError


async def test_many_restless_readers_lose_double_and_disorder_nothing_while_nats_is_killed_twice(
    broken: tuple[World, contextlib.ExitStack, Path],
) -> None:
    world, stack, folder = broken
    chance = random.Random(4)
    await world.compendium(1)
    await world.compendium(2, candidate=False)
    await _published(world, 1, 100)
    readers, reading = [], []
    for number in range(READERS):
        token = TOKEN if number % 3 else ""
        one = f"&compendium={compendium_id(1)}" if number % 3 == 1 else ""
        readers.append(Listener(world.port, f"/api/v1/events?type=compendium.changed{one}&after=0", token=token))
        reading.append(asyncio.ensure_future(_restless(readers[-1], chance, slow=number % 5 == 0)))
    for begin in range(101, EVENTS, 100):
        await _published(world, begin, min(begin + 99, EVENTS))
        if begin in {801, 1601}:
            stack.close()
            stack.enter_context(nats(folder))
    async with asyncio.timeout(60):
        times = await asyncio.gather(*reading)
    assert sum(times) > 5 * READERS
    everything = list(range(1, EVENTS + 1))
    for number, reader in enumerate(readers):
        wanted = [n for n in everything if n % 2 == 1] if number % 3 == 0 else everything
        wanted = [n for n in everything if n % 2 == 0] if number % 3 == 1 else wanted
        assert numbers(reader.heard) == wanted, number
        assert {one.kind for one in reader.heard} == {"compendium"}, "nobody was told to begin anew"


async def test_a_stream_that_is_lost_and_made_anew_resets_its_readers(
    broken: tuple[World, contextlib.ExitStack, Path],
) -> None:
    world, _stack, _folder = broken
    await world.compendium(1)
    async with world.listener().listening() as reader:
        await _published(world, 1, 2)
        await reader.until(1)
        js = world.client.jetstream()
        await js.delete_stream("EVENTS")
        await provision(js, Lease())
        heard = await reader.until(2)
        await world.happen((changed(1), 7))
        heard = await reader.until(3)
    assert [one.kind for one in heard] == ["compendium", "reset", "compendium"]
    assert numbers(heard) == [2, 7]
    assert heard[1].id.split(".")[0] == heard[2].id.split(".")[0] != heard[0].id.split(".")[0]


async def test_a_consumer_that_is_deleted_is_made_again(broken: tuple[World, contextlib.ExitStack, Path]) -> None:
    world, _stack, _folder = broken
    await world.compendium(1)
    js = world.client.jetstream()
    async with world.listener().listening() as reader:
        await world.happen((changed(1), 1))
        await reader.until(1)
        for number in range(2, 5):
            for consumer in await js.consumers_info("EVENTS"):
                if consumer.config.durable_name is None:
                    await js.delete_consumer("EVENTS", consumer.name)
            await world.happen((changed(1), number))
            assert numbers(await reader.until(number)) == list(range(1, number + 1))


async def test_one_consumer_serves_all_readers_of_a_process(broken: tuple[World, contextlib.ExitStack, Path]) -> None:
    world, _stack, _folder = broken
    await world.compendium(1)
    async with contextlib.AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(world.listener().listening()) for _ in range(20)]
        await world.happen((changed(1), 1))
        for reader in readers:
            await reader.until(1)
        consumers = await world.client.jetstream().consumers_info("EVENTS")
        assert len([one for one in consumers if one.config.durable_name is None]) == 1


async def test_a_reader_who_does_not_read_is_cut_and_resumes(broken: tuple[World, contextlib.ExitStack, Path]) -> None:
    world, _stack, _folder = broken
    world.services.streams.pace = Pace(heartbeat_seconds=0.5, patience_seconds=0.3)
    await world.compendium(1)
    await world.happen(*((changed(1), number) for number in range(1, 20_001)))
    reader = world.listener("?after=0")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", world.port))
    head = f"GET {reader.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    slow.sendall(head.encode())
    await eventually(lambda: len(world.services.streams) == 1)
    await eventually(lambda: len(world.services.streams) == 0)
    slow.setblocking(False)
    reader._reader, reader._writer = await asyncio.open_connection(sock=slow)
    await reader._reader.readuntil(b"\r\n\r\n")
    await reader.listen()
    read = len(reader.heard)
    assert not reader.ended
    assert 0 < read < 20_000
    async with reader.listening():
        assert numbers(await reader.until(20_000)) == list(range(1, 20_001))


async def test_open_streams_end_with_the_signal_and_let_the_process_go(
    broken: tuple[World, contextlib.ExitStack, Path], database: str, tmp_path: Path
) -> None:
    world, _stack, _folder = broken
    await world.compendium(1)
    port, environment = free_port(), dict(os.environ)
    environment |= {"DATABASE_URL": database, "NATS_URL": world.services.settings.nats_url, "ERC_HOME": str(tmp_path)}
    environment |= {
        "GATEWAY_PORT": str(port),
        "GATEWAY_CONTENT_PORT": str(free_port()),
        "GATEWAY_OPERATOR_TOKEN": TOKEN,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "erc.gateway", env=environment, stderr=(tmp_path / "gateway.log").open("wb")
    )
    reader = Listener(port, "/api/v1/events")
    async with asyncio.timeout(60):
        while reader.status != 200:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await reader.open()
            await asyncio.sleep(0.05)
    listening = asyncio.ensure_future(reader.listen())
    await world.happen((changed(1), 1))
    await reader.until(1)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        await listening
        assert await process.wait() in {0, -signal.SIGTERM}
    assert reader.ended, "the stream ends with its last chunk, so that the reader knows it is whole"
    assert "exceeded" not in (tmp_path / "gateway.log").read_text()
