"""Streams that were lost, cut short or damaged are filled again from the event log: on a real NATS and PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.js import JetStreamContext
from support.kernel import descendants, name
from support.servers import nats as nats_server
from support.servers import postgres

from erc.events.bus import StreamPublisher, connect
from erc.events.errors import NoAnswer, Unavailable
from erc.events.eventlog import PostgresEventLog
from erc.events.inspection import Inspection
from erc.events.refill import Keeper, Kept, Remedy, StreamSeen, remedy
from erc.events.relay import UNANSWERED, PostgresOutbox, Relay
from erc.events.streams import Lease, provision
from erc.migrations.__main__ import upgrade

WHOLE = StreamSeen("EVENTS", "a", messages=10, first_sequence=1, last_sequence=10)
EMPTY = StreamSeen("EVENTS", "b", messages=0, first_sequence=0, last_sequence=0)
ALL = Kept(first=1, last=10, behind=False, whole=False)
NONE = Kept(first=None, last=None, behind=False, whole=True)


@pytest.mark.parametrize(
    ("seen", "known", "kept", "ends", "expected"),
    [
        (WHOLE, "a", ALL, (1, 10), Remedy.NOTHING),
        (WHOLE, None, ALL, (1, 10), Remedy.NOTHING),
        (EMPTY, None, NONE, None, Remedy.NOTHING),
        (EMPTY, "a", NONE, (1, 10), Remedy.TAIL),
        (EMPTY, None, NONE, (1, 10), Remedy.TAIL),
        (WHOLE, "a", replace(ALL, last=7), (1, 10), Remedy.TAIL),
        (WHOLE, "a", replace(ALL, last=7, behind=True), (1, 10), Remedy.ANEW),
        (WHOLE, "a", replace(ALL, behind=True), (1, 10), Remedy.NOTHING),
        # A crash while a new incarnation was filled, and a message that came into it before the rest.
        (WHOLE, "b", replace(ALL, last=7), (1, 10), Remedy.TAIL),
        (WHOLE, "b", replace(ALL, first=10), (1, 10), Remedy.ANEW),
        (replace(WHOLE, messages=9), "a", ALL, (1, 10), Remedy.ANEW),
        (replace(WHOLE, messages=6, first_sequence=5), "a", ALL, (1, 10), Remedy.ANEW),
        (replace(WHOLE, messages=6, first_sequence=5, forgets=True), "a", ALL, (1, 10), Remedy.NOTHING),
        # Too many messages of strangers at the end to tell.
        (WHOLE, "a", Kept(None, None, behind=False, whole=False), (1, 10), Remedy.NOTHING),
        (WHOLE, "a", Kept(None, None, behind=True, whole=True), (1, 10), Remedy.ANEW),
    ],
)
def test_what_a_stream_needs(
    seen: StreamSeen, known: str | None, kept: Kept, ends: tuple[int, int] | None, expected: Remedy
) -> None:
    assert remedy(seen, known, kept, ends) is expected


@pytest.mark.parametrize(("logged", "expected"), [(None, Remedy.NOTHING), (10, Remedy.NOTHING), (11, Remedy.ANEW)])
def test_a_stream_that_lacks_some_of_what_the_log_counts_is_made_anew(logged: int | None, expected: Remedy) -> None:
    assert remedy(WHOLE, "a", replace(ALL, last=11), (1, 11), logged) is expected


@given(rows=st.integers(1, 50), held=st.integers(0, 50))
def test_a_tail_is_filled_exactly_when_rows_are_missing_from_the_end(rows: int, held: int) -> None:
    held = min(rows, held)
    seen = StreamSeen("EVENTS", "a", messages=held, first_sequence=min(1, held), last_sequence=held)
    kept = Kept(first=1 if held else None, last=held or None, behind=False, whole=not held)
    assert remedy(seen, "a", kept, (1, rows)) is (Remedy.TAIL if held < rows else Remedy.NOTHING)


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        upgrade(server.url, {})
        yield server.url


@dataclass
class Wire:
    """A relay between a database and a NATS that may be lost."""

    folder: Path
    database: asyncpg.Connection
    outbox: PostgresOutbox

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[tuple[Relay, JetStreamContext]]:
        """Run NATS on the folder; yield one relay that has looked at its streams, and a view of them."""
        with nats_server(self.folder) as server:
            client = await connect(server.url, "test")
            publisher = StreamPublisher(client)
            clock = iter(range(0, 1_000_000, 10))
            keeper = Keeper(Inspection(client), PostgresEventLog(self.outbox), publisher, lambda: next(clock))
            relay = Relay(self.outbox, publisher, asyncio.sleep, keep=keeper)
            try:
                await keeper()
                yield relay, client.jetstream()
            finally:
                await client.close()

    async def add(self, count: int, public: bool = False) -> None:
        start = await self.database.fetchval("SELECT count(*) FROM event")
        for number in range(start + 1, start + count + 1):
            await self.database.execute(
                "INSERT INTO event (stream, subject, message_id, aggregate, aggregate_id, sequence, public, body) "
                "VALUES ('EVENTS', $1, $2, 'check', $3, $4, $5, $6)",
                f"erc.event.check.x.{number % 3}",
                f"check:x:{number}",
                "x",
                number,
                f"erc.public.c.check.{number}" if public else None,
                json.dumps({"number": number}),
            )

    async def command(self, work: str, kind: str, status: str = "", work_table: str = "") -> str:
        """Send a command of a job that runs; with `status`, its worker has noted that of it."""
        worker, verb = kind.split(".")
        message_id = f"command:{work}:{kind}:1"
        await self.database.execute(
            "INSERT INTO event (stream, subject, message_id, aggregate, aggregate_id, sequence, body) "
            "VALUES ('COMMANDS', $1, $2, 'command', $2, 0, $3)",
            f"erc.command.{worker}.default.{verb}.{work}",
            message_id,
            json.dumps({"subject": work, "type": f"{kind}.v1"}),
        )
        if status:
            await self.database.execute(
                f"INSERT INTO {work_table} (id, command, attempt, version, status, document) "
                "VALUES ($1, $2, 1, 1, $3, '{}')",
                work,
                message_id,
                status,
            )
        return message_id

    async def job(self, identifier: str, status: str) -> None:
        await self.database.execute(
            "INSERT INTO job (id, compendium_id, owner, status, version, document, created) "
            "VALUES ($1, 'c', 'o', $2, 1, '{}', now())",
            identifier,
            status,
        )


@pytest.fixture
async def wire(tmp_path: Path, database_url: str) -> AsyncIterator[Wire]:
    database = await asyncpg.connect(database_url)
    await database.execute("TRUNCATE event, stream, relay, job, environment, execution RESTART IDENTITY")
    outbox = PostgresOutbox(database_url, "test")
    yield Wire(tmp_path / "wire", database, outbox)
    await outbox.close()
    await database.close()


async def ids(js: JetStreamContext, stream: str) -> list[str]:
    state = (await js.stream_info(stream)).state
    found = []
    for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
        with contextlib.suppress(nats.js.errors.NotFoundError):
            found.append((await js.get_msg(stream, sequence)).headers["Nats-Msg-Id"])
    return found


def expected(count: int) -> list[str]:
    return [f"check:x:{number}" for number in range(1, count + 1)]


async def emptied(relay: Relay) -> None:
    while await relay.once():
        pass


async def looked(relay: Relay) -> None:
    """Let `run` do one round: look, publish, wait."""

    async def end(_seconds: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await relay.run(end)


async def test_a_lost_store_is_provisioned_and_filled_in_order(wire: Wire) -> None:
    await wire.add(450, public=True)
    async with wire.up() as (relay, _):
        await emptied(relay)
    shutil.rmtree(wire.folder / "nats")
    await wire.add(5, public=True)
    async with wire.up() as (relay, js):
        await emptied(relay)
        assert await ids(js, "EVENTS") == expected(455)
        assert await ids(js, "PUBLIC") == expected(455)
        assert (await js.consumer_info("EVENTS", "gateway")).num_pending == 455


async def test_a_deleted_stream_is_filled_while_the_relay_runs(wire: Wire) -> None:
    await wire.add(30)
    async with wire.up() as (relay, js):
        await emptied(relay)
        before = (await js.stream_info("EVENTS")).created
        await js.delete_stream("EVENTS")
        await wire.add(1)
        await looked(relay)
        assert await ids(js, "EVENTS") == expected(31)
        assert (await js.stream_info("EVENTS")).created != before
        assert await wire.database.fetchval("SELECT count(*) FROM stream") == 5


async def test_a_deleted_consumer_is_made_again_and_nothing_is_published_twice(wire: Wire) -> None:
    await wire.add(3)
    async with wire.up() as (relay, js):
        await emptied(relay)
        await js.delete_consumer("EVENTS", "indexer")
        await looked(relay)
        assert (await js.consumer_info("EVENTS", "indexer")).config.filter_subjects == ["erc.event.compendium.>"]
        assert await ids(js, "EVENTS") == expected(3)


async def test_a_store_that_lost_its_end_gets_it_back(wire: Wire, tmp_path: Path) -> None:
    await wire.add(20)
    async with wire.up() as (relay, js):
        await emptied(relay)
        shutil.copytree(wire.folder / "nats", tmp_path / "on the disk")
        await wire.add(15)
        await emptied(relay)
        created = (await js.stream_info("EVENTS")).created
    shutil.rmtree(wire.folder / "nats")
    shutil.copytree(tmp_path / "on the disk", wire.folder / "nats")
    async with wire.up() as (relay, js):
        assert await ids(js, "EVENTS") == expected(35)
        assert (await js.stream_info("EVENTS")).created == created
        await wire.add(1)
        await emptied(relay)
        assert await ids(js, "EVENTS") == expected(36)


@pytest.mark.parametrize("marked", [False, True])
async def test_an_end_that_was_lost_in_front_of_a_late_publish_makes_the_stream_anew(
    wire: Wire, tmp_path: Path, marked: bool
) -> None:
    """The publish was under way when NATS went, and went through as soon as it was back; `marked` as sent, or not."""
    await wire.add(20)
    async with wire.up() as (relay, _):
        await emptied(relay)
        shutil.copytree(wire.folder / "nats", tmp_path / "on the disk")
        await wire.add(15)
        await emptied(relay)
    shutil.rmtree(wire.folder / "nats")
    shutil.copytree(tmp_path / "on the disk", wire.folder / "nats")
    await wire.add(1)
    with nats_server(wire.folder) as server:
        late = await nats.connect(server.url)
        await late.jetstream().publish("erc.event.check.x.0", b"{}", headers={"Nats-Msg-Id": "check:x:36"})
        await late.close()
    if marked:
        await wire.database.execute("UPDATE event SET sent = now(), position = 36 WHERE message_id = 'check:x:36'")
    async with wire.up() as (relay, js):
        await emptied(relay)
        assert await ids(js, "EVENTS") == expected(36)


async def test_a_message_that_is_gone_from_the_middle_makes_the_stream_anew(wire: Wire) -> None:
    await wire.add(20)
    async with wire.up() as (relay, js):
        await emptied(relay)
        await js.delete_msg("EVENTS", 7)
        await looked(relay)
        assert await ids(js, "EVENTS") == expected(20)


async def test_a_purged_stream_is_filled_within_the_deduplication_window(wire: Wire) -> None:
    await wire.add(20)
    async with wire.up() as (relay, js):
        await emptied(relay)
        await js.purge_stream("EVENTS")
        await looked(relay)
        assert await ids(js, "EVENTS") == expected(20)


async def test_a_filling_that_was_cut_off_is_taken_up_again(wire: Wire) -> None:
    await wire.add(20)
    async with wire.up() as (relay, _):
        await emptied(relay)
    shutil.rmtree(wire.folder / "nats")
    with nats_server(wire.folder) as server:
        client = await nats.connect(server.url)
        await provision(client.jetstream(), Lease())
        for number in range(1, 6):
            headers = {"Nats-Msg-Id": f"check:x:{number}"}
            await client.jetstream().publish(f"erc.event.check.x.{number % 3}", b"{}", headers=headers)
        await client.close()
    async with wire.up() as (relay, js):
        assert await ids(js, "EVENTS") == expected(20)


async def test_a_nats_that_is_there_and_answers_nothing_ends_the_relay(wire: Wire) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with wire.up() as (_, js):
        await wire.add(1)
        server = next(pid for pid in descendants(os.getpid()) if name(pid) == "nats-server")
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(NoAnswer):
                await Relay(wire.outbox, StreamPublisher(js._nc, 0.2), sleep).run(asyncio.sleep)
        finally:
            os.kill(server, signal.SIGCONT)
    assert len(pauses) == UNANSWERED - 1


async def test_only_commands_whose_work_is_not_done_are_sent_again(wire: Wire) -> None:
    await wire.job("runs", "running")
    await wire.job("over", "failure")
    await wire.command("runs", "builder.prepare", "done", "environment")
    lost = await wire.command("runs", "executor.execute", "running", "execution")
    await wire.command("over", "executor.execute", "running", "execution")
    async with wire.up() as (relay, js):
        await emptied(relay)
        assert len(await ids(js, "COMMANDS")) == 3
        await js.purge_stream("COMMANDS")
        await js.delete_stream("COMMANDS")
        await looked(relay)
        assert await ids(js, "COMMANDS") == [lost]


async def test_a_command_that_still_waits_is_not_sent_twice(wire: Wire) -> None:
    await wire.job("runs", "running")
    waits = await wire.command("runs", "builder.prepare")
    async with wire.up() as (relay, _):
        await emptied(relay)
    async with wire.up() as (_, js):
        assert await ids(js, "COMMANDS") == [waits]
        assert (await js.stream_info("COMMANDS")).state.last_seq == 1


async def test_a_relay_that_does_not_lead_leaves_the_streams_alone(wire: Wire, database_url: str) -> None:
    other = PostgresOutbox(database_url, "leader")
    assert await other.lead()
    try:
        await wire.add(3)
        async with wire.up() as (_, js):
            with pytest.raises(nats.js.errors.NotFoundError):
                await js.stream_info("EVENTS")
    finally:
        await other.close()


async def test_streams_are_not_made_anew_by_hand_while_a_relay_leads(wire: Wire, database_url: str) -> None:
    other = PostgresOutbox(database_url, "by hand")
    async with wire.up() as (relay, js):
        await wire.add(2)
        await emptied(relay)
        client = js._nc
        by_hand = Keeper(Inspection(client), PostgresEventLog(other), StreamPublisher(client), lambda: 0.0)
        with pytest.raises(Unavailable, match="A relay is running"):
            await by_hand.make_anew(["EVENTS"])
        await wire.outbox.close()
        await asyncio.sleep(0.1)
        await by_hand.make_anew(["EVENTS"])
        assert await ids(js, "EVENTS") == expected(2)
    await other.close()
