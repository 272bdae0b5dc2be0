"""The stream of a job: events and log merged, complete, closed by the terminal event."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from support.streaming import THEN, Heard, World, job_id, moved, numbers, over

from erc.events.catalog import Event
from erc.events.envelope import outgoing_event
from erc.gateway.streaming import job as of_one_job
from erc.schemas.check import Verdict


def texts(heard: list[Heard]) -> str:
    return "".join(one.data["text"] for one in heard if one.kind == "log")


def kinds(heard: list[Heard]) -> list[str]:
    return [one.kind for one in heard]


async def a_finished_job(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1, ended=True)
    await world.happen((moved(1, 1), 1))
    for number in range(1, 4):
        await world.chunk(1, number, f"{number}\n")
    await world.happen((moved(1, 1), 2), (over(1, 1, image_execute=3), 3))


async def will_happen(world: World, event: Event, number: int) -> None:
    """Put an event into the outbox, from which nobody takes it."""
    async with world.services.records.database.transaction() as transaction:
        transaction.send([outgoing_event(event, number, THEN, "gateway")])


async def test_a_job_is_told_live_to_its_end(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    reader = world.of_job(1)
    await reader.open()
    listening = asyncio.ensure_future(reader.listen())
    await world.happen((moved(1, 1), 1), (moved(2, 1), 1))
    await reader.until(1)
    await world.chunk(1, 1, "one\n")
    await world.chunk(2, 1, "another job's\n")
    await reader.until(2)
    await world.chunk(1, 2, "two\n")
    await world.happen((over(1, 1, image_execute=2), 2))
    async with asyncio.timeout(20):
        await listening
    assert kinds(reader.heard) == ["job", "log", "log", "end"]
    assert (texts(reader.heard), numbers(reader.heard), reader.ended) == ("one\ntwo\n", [1, 2], True)


async def test_a_finished_job_replays_and_closes_with_its_end(world: World) -> None:
    await a_finished_job(world)
    heard = await world.of_job(1).all()
    assert kinds(heard) == ["job", "job", "log", "log", "log", "end"]
    assert (texts(heard), numbers(heard)) == ("1\n2\n3\n", [1, 2, 3])


async def test_resuming_anywhere_gives_exactly_the_rest(world: World) -> None:
    await a_finished_job(world)
    heard = await world.of_job(1).all()
    for place in range(len(heard)):
        rest = await world.of_job(1, last=heard[place].id).all()
        assert [one.data for one in rest] == [one.data for one in heard[place + 1 :]]


async def test_the_end_of_a_job_that_has_just_ended_is_waited_for(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1, ended=True)
    await world.happen((moved(1, 1), 1))
    await will_happen(world, over(1, 1, image_execute=1), 2)
    reader = world.of_job(1)
    await reader.open()
    listening = asyncio.ensure_future(reader.listen())
    await reader.until(1)
    await world.chunk(1, 1, "one\n")
    await world.happen((over(1, 1, image_execute=1), 2))
    async with asyncio.timeout(20):
        await listening
    assert kinds(reader.heard) == ["job", "log", "end"]


async def test_a_log_whose_chunks_are_gone_says_so_itself(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    for number in range(1, 6):
        await world.chunk(1, number, f"{number}\n")
    await world.client.jetstream().purge_stream("LOGS", seq=4)
    await world.happen((over(1, 1, image_execute=7), 1))
    heard = await world.of_job(1).all()
    assert kinds(heard) == ["log", "log", "log", "log", "end"]
    first, four, five, last = (one.data for one in heard[:4])
    assert [four["text"], five["text"]] == ["4\n", "5\n"]
    for said, chunk in ((first, 3), (last, 7)):
        assert f"/api/v1/job/{job_id(1)}/log/image_execute" in said["text"]
        assert said["chunk"] == chunk


async def test_a_chunk_that_was_published_twice_is_told_once(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    await world.chunk(1, 1, "one\n")
    await world.client.publish(
        f"erc.log.{job_id(1)}.image_execute", b'{"step":"image_execute","attempt":1,"chunk":1,"text":"one\\n"}'
    )
    await world.client.publish(f"erc.log.{job_id(1)}.image_execute", b"no chunk")
    await world.chunk(1, 1, "again\n", attempt=2)
    await world.happen((over(1, 1, image_execute=1), 1))
    assert texts(await world.of_job(1).all()) == "one\nagain\n"


async def test_the_last_words_of_a_cancelled_job_come_before_its_end(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    reader = world.of_job(1)
    await reader.open()
    listening = asyncio.ensure_future(reader.listen())
    await world.happen((moved(1, 1), 1))
    await reader.until(1)
    await world.happen((over(1, 1, Verdict.CANCELLED), 2))
    await world.chunk(1, 1, "stopped\n")
    async with asyncio.timeout(20):
        await listening
    assert kinds(reader.heard) == ["job", "log", "end"]


async def test_a_large_log_arrives_whole(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    for number in range(1, 161):
        await world.chunk(1, number, chr(0x1B) * 32_768)
    await world.happen((over(1, 1, image_execute=160), 1))
    heard = await world.of_job(1).all()
    assert texts(heard) == chr(0x1B) * 32_768 * 160
    streams = world.services.streams
    assert streams.logs._kept_bytes <= 8 << 20


async def test_a_job_that_ended_before_the_publication_is_told_to_strangers_by_its_state(world: World) -> None:
    await a_finished_job(world)
    await world.services.records.database.rows(
        text(
            "UPDATE compendium SET candidate = false, published = now() + interval '1 year', "
            "document = jsonb_set(document, '{candidate}', 'false') RETURNING id"
        )
    )
    (reset,) = await world.of_job(1, token="").all()
    assert (reset.kind, reset.data) == ("reset", {"snapshot": f"/api/v1/job/{job_id(1)}?steps=all"})
    assert kinds(await world.of_job(1).all())[-1] == "end"


@pytest.mark.parametrize("last", ["nonsense", "1.2", "a.b.c", "1.2.3.4", "1.2.-3", "é.1.1", "1.01.1"])
async def test_an_id_that_is_no_id_is_a_problem(world: World, last: str) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    assert await world.of_job(1, last=last).open() == 400


async def test_a_candidates_job_is_not_known_to_others(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1)
    assert await world.of_job(1, token="").open() == 404


async def test_an_id_of_another_stream_gets_a_reset_and_everything(world: World) -> None:
    await a_finished_job(world)
    heard = await world.of_job(1, last="deadbeef.5.5").all()
    assert kinds(heard) == ["reset", "job", "job", "log", "log", "log", "end"]


async def test_the_end_of_a_job_is_awaited_as_long_as_it_is_not_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_one_job, "LOOK_SECONDS", 0.05)
    await world.compendium(1)
    await world.job(1, 1, ended=True)
    await world.happen((moved(1, 1), 1))
    await will_happen(world, over(1, 1), 2)
    reading = asyncio.ensure_future(world.of_job(1).all())
    await asyncio.sleep(0.5)
    assert not reading.done()
    await world.happen((over(1, 1), 2))
    async with asyncio.timeout(20):
        assert kinds(await reading) == ["job", "end"]


async def test_a_job_whose_end_is_kept_nowhere_is_told_by_its_state_at_once(world: World) -> None:
    await world.compendium(1)
    await world.job(1, 1, ended=True)
    async with asyncio.timeout(of_one_job.LOOK_SECONDS / 2):
        assert kinds(await world.of_job(1).all()) == ["reset"]
