"""One run's world: time, chance, servers, and the product's processes, which die and are started again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.simulated.blobs import MemoryBlobs
from support.simulated.broker import Broker, NatsClient, Stored
from support.simulated.database import Postgres
from support.simulated.loop import SimLoop
from support.simulated.machines import Chunks, Machines, Nature
from support.simulated.network import Fault, Faults, Network, Process, task_factory
from support.simulated.parts import Parts

from erc.events.outbox import Database
from erc.schemas.ids import Digest, Id, encode_id
from simulation.readers import Heard, Serving

WORKERS = ("loader", "metadata", "builder", "executor", "checker", "shipper")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Answered:
    """What a client was told."""

    uploads: dict[str, Id] = field(default_factory=dict)
    """The compendium for each key that was answered."""
    jobs: dict[str, Id] = field(default_factory=dict)
    shipments: dict[str, Id] = field(default_factory=dict)
    sent: dict[str, Digest] = field(default_factory=dict)
    """What was uploaded under each key, answered or not."""
    cancelled: set[Id] = field(default_factory=set)
    """Jobs whose cancellation was confirmed."""


class Chance(Faults):
    """Calls fail at random until it is `over`; a doomed process dies at the call that it is doomed to."""

    def __init__(self, loop: SimLoop, share: float, of_deliveries: float | None) -> None:
        self._rng, self._share = loop.rng, share
        self._of_deliveries = share / 4 if of_deliveries is None else of_deliveries
        self.over = False

    def next(self, process: Process, port: str) -> Fault:
        if process.doom is not None and port.startswith(process.doomed_at):
            process.doom -= 1
            if process.doom < 0:
                return Fault.KILL_BEFORE if self._rng.random() < 0.5 else Fault.KILL_AFTER
        if self.over:
            return Fault.NONE
        share = self._of_deliveries if port.startswith("deliver") else self._share
        lot = self._rng.random()
        if lot >= share:
            return Fault.NONE
        return Fault.BEFORE if lot < share / 2 else Fault.AFTER


class World:
    """Everything that outlives a process, and the processes."""

    def __init__(self, loop: SimLoop, parts: Parts, faults: Faults, nature: Nature) -> None:
        self.loop, self.parts, self.rng = loop, parts, loop.rng
        loop.set_task_factory(task_factory)
        self.network = Network(loop, faults)
        self.postgres = Postgres(self.network, self.now)
        self.broker = Broker(self.network, parts.lease, parts.window.total_seconds())
        self.broker.streams["EVENTS"].heard = self._compare_with_the_rows
        self.too_early: list[str] = []
        """Events that were in the stream before their rows were committed."""
        self.blobs = MemoryBlobs(self.network)
        self.machines = Machines(self.network, self.blobs, nature)
        self.chunks = Chunks(self.network)
        self.answered = Answered()
        self.heard: dict[str, Heard] = {}
        """What each reader of events was told."""
        self.tidies = False
        """Whether the gateways' janitor is at work: it makes good what others lose, and so hides it."""
        self.serving: dict[str, Serving] = {}
        """The streams of each gateway."""
        self.processes: dict[str, Process] = {}
        self.gateways: dict[str, Any] = {}
        self.desks: dict[str, Any] = {}
        self.wake = asyncio.Event()
        """The relay's hint."""
        self.capacity = asyncio.Event()
        self.restart_seconds: dict[str, float] = {}
        self.asked: Counter[tuple[str, Id]] = Counter()
        """How many jobs and shipments were asked for, by compendium."""
        self.new_work_seconds = 0.0
        self._numbers = 0

    def now(self) -> datetime:
        """Return the time; every clock of the product is this one."""
        return EPOCH + timedelta(seconds=self.loop.time())

    def new_id(self) -> Id:
        """Return a new identifier."""
        return encode_id(int(self.now().timestamp() * 1000), self.rng.randbytes(10))

    def database(self) -> Database:
        """Return the product's database over the simulated engine."""

        async def ping() -> None:
            self.wake.set()

        engine = self.postgres.engine()
        engine.client = self.client()
        return self.parts.database(engine, ping)

    def _compare_with_the_rows(self, message: Stored) -> None:
        """Note an event that is in the stream before it, and the state that it tells of, is committed."""
        events, jobs = self.postgres.tables["event"], self.postgres.tables["job"]
        name = ":".join(message.id.split(":")[:4])
        if (name,) not in events.index["message_id",]:
            self.too_early.append(name)
        elif message.subject.endswith(".ended"):
            row = jobs.rows.get((message.subject.split(".")[3],))
            if row is None or f":{row['version']}:" not in name:
                self.too_early.append(name)

    def client(self) -> NatsClient:
        """Return a connection to the broker."""
        return NatsClient(self.broker)

    def token(self) -> str:
        """Return a name that no other process has."""
        self._numbers += 1
        return f"{self._numbers:04x}"

    def supervise(self, name: str, main: Callable[[World, Process], Awaitable[None]]) -> None:
        """Run a process, and start it again whenever it has ended."""
        self.loop.create_task(self._supervise(name, main))

    async def _supervise(self, name: str, main: Callable[[World, Process], Awaitable[None]]) -> None:
        while True:
            process = self.processes[name] = Process(name, self.loop, may_stall=name.startswith(WORKERS))
            process.start(self._to_its_end(process, main))
            await process.ended
            await asyncio.sleep(self.restart_seconds.pop(name, self.rng.random() * 4))

    async def _to_its_end(self, process: Process, main: Callable[[World, Process], Awaitable[None]]) -> None:
        try:
            await main(self, process)
        except Exception as error:
            self.network.journal.append((self.loop.time(), process.name, "ended", repr(error)))
        process.kill()

    async def ask(self, action: Callable[[Any], Awaitable[Any]]) -> Any:
        """Send a request to a gateway that is alive; raises ConnectionError when it or its answer is lost."""
        alive = [one for one in self.gateways.values() if one.process.alive]
        if not alive:
            raise ConnectionError("no gateway is there")
        gateway = self.rng.choice(alive)
        answer: asyncio.Future[Any] = self.loop.create_future()

        async def serve() -> None:
            gateway.process.holding += 1
            try:
                answer.set_result(await action(gateway))
            except Exception as error:
                answer.set_exception(error)
            except BaseException:
                answer.set_exception(ConnectionError("the gateway is gone"))
                raise
            finally:
                gateway.process.holding -= 1

        gateway.process.start(serve())
        return await self.network.call("answer", lambda: None, ConnectionError) or await answer


def world_of(seed: int, parts: Parts, nature: Nature, lost: float, of_deliveries: float | None = None) -> World:
    """Return a new world in which this share of the calls, and of the deliveries, fails at random."""
    loop = SimLoop(seed)
    return World(loop, parts, Chance(loop, lost, of_deliveries), nature)
