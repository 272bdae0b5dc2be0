"""Readers of the stream of everything: the product's own streams on one side, a browser that comes back on the other."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from support.simulated.network import Process
from support.simulated.pulling import PullingClient

from erc.events.channel import Channel, Take
from erc.events.errors import Unavailable
from erc.events.hub import Hub
from erc.gateway.auth import ADMIN, Principal, Thing
from erc.gateway.store.visibility import Seen
from erc.gateway.streaming.cursor import Cursor
from erc.gateway.streaming.everything import Everything
from erc.gateway.streaming.filters import Filter
from erc.gateway.streaming.response import Open
from erc.gateway.streaming.streams import Pace, Streams

if TYPE_CHECKING:
    from simulation.world import World

READERS = {"all": Filter(), "ends": Filter(types=frozenset({"job.ended"})), "one": Filter(users=frozenset({"author0"}))}
"""Readers, and what they ask for."""
PACE = Pace(heartbeat_seconds=20.0)
PRINCIPAL = Principal("operator", ADMIN)


class Numbered:
    """Something that is kept in sets, whose order would follow from addresses in memory, were it not for a number."""

    _numbers: ClassVar[itertools.count[int]] = itertools.count(1)
    _number: int

    @classmethod
    def begin_again(cls) -> None:
        """Count from 1 in a new run."""
        Numbered._numbers = itertools.count(1)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class NumberedOpen(Numbered, Open):
    """A reader."""

    def __init__(self) -> None:
        self._number = next(Numbered._numbers)
        super().__init__(None)


class NumberedChannel(Numbered, Channel):
    """What readers share."""

    def __init__(self, take: Take, position: int) -> None:
        self._number = next(Numbered._numbers)
        super().__init__(take, position)


@dataclass
class Heard:
    """What a reader was told, over all its connections: the place and the body of each event."""

    events: list[tuple[int, bytes]]
    last: Cursor | None = None
    """The last id that it saw."""
    resets: int = 0

    def take(self, chunk: bytes) -> None:
        """Understand a part of a stream, as a browser does."""
        for frame in chunk.split(b"\n\n"):
            fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if b": " in line)
            if b"id" in fields:
                self.last = Cursor.parse(fields[b"id"].decode(), with_log=False)
            if fields.get(b"event") == b"reset":
                self.resets += 1
            elif b"data" in fields and self.last:
                self.events.append((self.last.event, fields[b"data"]))


class Serving:
    """The streams of one gateway's process."""

    def __init__(self, world: World, process: Process) -> None:
        self._world, self.process = world, process
        self.streams = Streams(Hub(PullingClient(world.broker)), self._seen, _nobody, PACE)

    async def _seen(self, identifiers: Collection[str]) -> dict[str, Seen]:
        rows = self._world.postgres.tables["compendium"].rows

        def read() -> dict[str, Seen]:
            found = {one: rows[one,] for one in sorted(identifiers) if (one,) in rows}
            return {one: Seen(Thing(row["owner"], row["candidate"])) for one, row in found.items()}

        return await self._world.network.call("visibility", read, _away)

    async def serve(self, wanted: Filter, heard: Heard, reader: Open, over: asyncio.Future[None]) -> None:
        """Tell a reader what is new, from where it was, until it is over; a chunk that is lost ends the connection."""
        network = self._world.network
        try:
            await self.streams.events.ready()
            start = await self._world.parts.begin(self.streams, heard.last, from_the_beginning=heard.last is None)
            told = Everything(self.streams, PRINCIPAL, wanted, start, reader)
            with self.streams.entered(reader):
                async with contextlib.aclosing(told.chunks()) as chunks:
                    await self._tell(chunks, heard, reader)
        except Exception as error:
            network.journal.append((network.loop.time(), self.process.name, "stream ended", repr(error)))
        finally:
            if not over.done():
                over.set_result(None)

    async def _tell(self, chunks: AsyncIterator[bytes], heard: Heard, reader: Open) -> None:
        async for chunk in chunks:
            if reader.over:
                return
            await self._world.network.call("told", partial(heard.take, chunk), ConnectionError)


async def read(world: World, name: str) -> None:
    """Follow the events from the start, lose the connection now and then, go on behind the last id that was seen."""
    heard = world.heard[name] = Heard([])
    while True:
        alive = [one for one in world.serving.values() if one.process.alive]
        if alive:
            serving, reader, over = world.rng.choice(alive), NumberedOpen(), world.loop.create_future()
            serving.process.start(serving.serve(READERS[name], heard, reader, over))
            patience = world.rng.uniform(1, 8 if world.rng.random() < 0.5 else 60)
            await asyncio.wait({over, serving.process.ended}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            reader.end()
            await asyncio.wait({over, serving.process.ended}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(world.rng.uniform(0.1, 3))


def expected(world: World, name: str) -> list[tuple[int, bytes]]:
    """Return what a reader must have heard by now."""
    wanted = READERS[name]
    rows = world.postgres.tables["compendium"].rows
    found = []
    for message in world.broker.streams["EVENTS"].log:
        _erc, _event, aggregate, _id, kind = message.subject.split(".")
        document = json.loads(message.body)
        if aggregate not in {"compendium", "job"} or (wanted.types and f"{aggregate}.{kind}" not in wanted.types):
            continue
        if not wanted.users or rows[document["data"]["compendium_id"],]["owner"] in wanted.users:
            found.append((message.sequence, message.body))
    return found


async def _nobody(_cookies: Collection[str]) -> dict[str, Principal]:
    return {}


def _away() -> Exception:
    return Unavailable("PostgreSQL does not answer")
