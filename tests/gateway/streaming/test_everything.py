"""The stream of everything: who is told what, from any point, and never a silent gap."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from support.streaming import THEN, World, changed, compendium_id, deleted, eventually, job_id, moved, numbers
from support.streaming import over as ended

from erc.gateway.publication import publish
from erc.gateway.services import OPERATOR


async def test_events_come_live_and_an_id_resumes_exactly_behind_it(world: World) -> None:
    await world.compendium(1)
    async with world.listener().listening() as reader:
        await world.happen(*((changed(1), number) for number in range(1, 51)))
        heard = await reader.until(50)
    assert numbers(heard) == list(range(1, 51))
    assert {one.kind for one in heard} == {"compendium"}
    for place in (0, 17, 48):
        async with world.listener(last=heard[place].id).listening() as again:
            assert numbers(await again.until(49 - place)) == list(range(place + 2, 51))


async def test_after_0_asks_for_all_that_is_kept_and_goes_on_live(world: World) -> None:
    await world.compendium(1)
    await world.happen(*((changed(1), number) for number in range(1, 3001)))
    async with world.listener("?after=0").listening() as reader:
        await reader.until(3000)
        await world.happen((changed(1), 3001))
        assert numbers(await reader.until(3001)) == list(range(1, 3002))


FILTERS: dict[str, list[int]] = {
    "compendium={c1}": [1, 3, 4],
    "job={j1}": [3, 4],
    "job={j1},{j2}": [3, 4, 5],
    "job={j1}&job={j2}": [3, 4, 5],
    "user=ada": [2, 5],
    "type=job.ended": [4],
    "type=compendium.changed.v1,job.ended.v1": [1, 2, 4],
    "type=job.changed&compendium={c2}": [5],
    "type=nobody.knows_it.v9": [],
}


async def test_filters_are_kept_live_and_in_replay(world: World) -> None:
    await world.compendium(1)
    await world.compendium(2, owner="ada")
    names = {"c1": compendium_id(1), "c2": compendium_id(2), "j1": job_id(1), "j2": job_id(2)}
    paths = {"?" + query.format(**names): wanted for query, wanted in FILTERS.items()}
    events = [(changed(1), 1), (changed(2), 2), (moved(1, 1), 3), (ended(1, 1), 4), (moved(2, 2), 5)]
    async with contextlib.AsyncExitStack() as stack:
        live = {path: await stack.enter_async_context(world.listener(path).listening()) for path in paths}
        all_of_it = await stack.enter_async_context(world.listener().listening())
        await world.happen(*events)
        await all_of_it.until(5)
        for path, wanted in paths.items():
            assert numbers(await live[path].until(len(wanted))) == wanted, path
    for path, wanted in paths.items():
        async with world.listener(f"{path}&after=0").listening() as replayed:
            assert numbers(await replayed.until(len(wanted))) == wanted, path


WRONG = (
    *("compendium=x", f"job={'J' * 26}", "type=job", "type=job.ended.v1,", "user=", "after=5", "after=x"),
    *("&".join(f"job={job_id(n)}" for n in range(51)),),
    *(f"last_event_id={last}" for last in ("nonsense", "a.b", "1", "1.2.3", "1.-2", f"1.{'9' * 30}", "%00.1")),
)


async def test_what_cannot_be_read_is_a_problem(world: World) -> None:
    for query in WRONG:
        assert await world.listener(f"?{query}").open() == 400, query


async def test_a_candidate_is_told_to_its_owner_and_to_nobody_else(world: World) -> None:
    await world.compendium(1)
    await world.compendium(2, candidate=False)
    async with world.listener(token="").listening() as stranger, world.listener().listening() as owner:
        await world.happen((changed(1), 1), (moved(1, 1), 2), (changed(2), 3), (moved(2, 2), 4))
        assert numbers(await owner.until(4)) == [1, 2, 3, 4]
        assert numbers(await stranger.until(2)) == [3, 4]
    async with world.listener("?after=0", token="").listening() as replayed:
        assert numbers(await replayed.until(2)) == [3, 4]
    async with world.listener(token="", last=owner.heard[0].id).listening() as resumed:
        assert numbers(await resumed.until(2)) == [3, 4]


async def test_what_happened_before_the_publication_stays_hidden(world: World) -> None:
    await world.compendium(1)
    before, after = THEN, THEN + timedelta(minutes=2)
    async with world.listener(token="").listening() as stranger, world.listener().listening() as owner:
        await world.happen((changed(1), 1), (moved(1, 1), 2), time=before)
        await owner.until(2)
        await world.services.records.move_compendium(
            compendium_id(1), lambda it: publish(it, "0" * 64, THEN + timedelta(minutes=1))
        )
        await world.happen((changed(1, candidate=False), 3), (moved(1, 1), 4), time=after)
        assert numbers(await owner.until(4)) == [1, 2, 3, 4]
        assert numbers(await stranger.until(2)) == [3, 4]
    async with world.listener("?after=0", token="").listening() as replayed:
        assert numbers(await replayed.until(2)) == [3, 4]


async def test_a_deletion_and_the_history_reach_those_who_could_see_it(world: World) -> None:
    await world.compendium(1)
    await world.compendium(2, candidate=False)
    async with world.listener(token="").listening() as stranger, world.listener().listening() as owner:
        await world.happen((changed(1), 1), (changed(2), 2))
        await owner.until(2)
        for number in (1, 2):
            await world.services.records.remove_compendium(compendium_id(number))
        await world.happen((deleted(1), 3), (deleted(2), 4))
        assert numbers(await owner.until(4)) == [1, 2, 3, 4]
        assert numbers(await stranger.until(2)) == [2, 4]
    world.services.streams.rights.forget()
    async with world.listener("?after=0", token="").listening() as replayed:
        assert numbers(await replayed.until(2)) == [2, 4]


async def test_what_belongs_to_no_compendium_is_told_to_nobody(world: World) -> None:
    await world.compendium(1)
    async with world.listener().listening() as reader:
        await world.client.publish("erc.event.job.x.changed", b"no json \xff")
        await world.client.publish("erc.event.compendium.x.changed", b"[]")
        await world.happen((changed(7), 1), (changed(1), 2))
        assert numbers(await reader.until(1)) == [2]


async def test_a_stream_ends_with_its_session(world: World) -> None:
    await world.compendium(1)
    cookie = await world.services.sessions.create(OPERATOR)
    async with world.listener(token="", cookie=cookie).listening() as reader, world.listener().listening() as bearer:
        await world.happen((changed(1), 1))
        await reader.until(1)
        await world.services.sessions.end(cookie)
        await eventually(lambda: reader.ended)
        await world.happen((changed(1), 2))
        assert numbers(await bearer.until(2)) == [1, 2]
    assert numbers(reader.heard) == [1]


async def test_a_heartbeat_moves_the_place_of_a_reader_for_whom_there_is_nothing(world: World) -> None:
    await world.compendium(1)
    await world.compendium(2)
    path = f"?compendium={compendium_id(2)}"
    async with world.listener(path).listening() as reader, world.listener().listening() as other:
        await world.happen(*((changed(1), number) for number in range(1, 6)))
        last = (await other.until(5))[-1].id
        await eventually(lambda: last in reader.places)
    assert reader.heard == []


@pytest.mark.parametrize("place", ["deadbeef.5", "{incarnation}.99"])
async def test_a_place_of_another_stream_gets_a_reset_with_a_snapshot(world: World, place: str) -> None:
    await world.compendium(1)
    async with world.listener().listening() as first:
        await world.happen((changed(1), 1))
        incarnation = (await first.until(1))[0].id.split(".")[0]
    path = f"?job={job_id(4)}"
    for query, snapshot in (("", "/api/v1/job"), (path, f"/api/v1/job/{job_id(4)}?steps=all")):
        async with world.listener(query, last=place.format(incarnation=incarnation)).listening() as reader:
            (reset,) = await reader.until(1)
            assert (reset.kind, reset.data) == ("reset", {"snapshot": snapshot})
    async with world.listener(last=place.format(incarnation=incarnation)).listening() as reader:
        await reader.until(1)
        await world.happen((changed(1), 2))
        assert numbers(await reader.until(2)) == [2]


async def test_a_place_older_than_what_is_kept_gets_a_reset_and_then_all_that_is_kept(world: World) -> None:
    await world.compendium(1)
    await world.happen(*((changed(1), number) for number in range(1, 11)))
    await world.client.jetstream().purge_stream("EVENTS", seq=6)
    incarnation = (await world.services.hub.about("EVENTS")).incarnation
    async with world.listener(last=f"{incarnation}.2").listening() as reader:
        heard = await reader.until(6)
    assert [one.kind for one in heard[:2]] == ["reset", "compendium"]
    assert numbers(heard) == [6, 7, 8, 9, 10]
