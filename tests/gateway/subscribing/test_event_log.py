"""Pages of the event log: everything that may be seen, once, in order, with bounded work."""

from __future__ import annotations

from typing import Any

import pytest

from erc.gateway.auth import ADMIN, ANONYMOUS, EDITOR, Principal
from erc.gateway.routes.event_log import takes_stream
from erc.gateway.routes.publication import make_public
from erc.gateway.store.event_log import EventLog, Filter

ADA, BOB = Principal("ada", 100), Principal("bob", 100)
JSON = {"Accept": "application/json"}


EVERYTHING = Filter()


async def seen(
    gateway: Any, principal: Principal, wanted: Filter = EVERYTHING, limit: int = 100, window: int = 100
) -> list[tuple[str, str]]:
    """Return subject and type of everything that a reader gets page by page."""
    await gateway.settled()
    log, cursor, found, more = EventLog(gateway.services.records.database, window), 0, [], True
    while more:
        page = await log.page(principal, wanted, cursor, limit)
        assert len(page.events) <= limit
        assert page.next > cursor or not page.more
        assert [event.position for event in page.events] == sorted({event.position for event in page.events})
        found += [(event.body["subject"], event.body["type"]) for event in page.events]
        cursor, more = page.next, page.more
    return found


async def a_history(gateway: Any) -> tuple[str, str, str]:
    """Publish one compendium of Ada's with a job, keep one private; return the ids."""
    public, private = await gateway.compendium("ada"), await gateway.compendium("ada")
    job = await gateway.job(public)
    await gateway.job(private)
    await make_public(gateway.services, ADA, public.id)
    await gateway.move(job)
    return public.id, private.id, job.id


async def test_others_see_what_was_published_and_owner_and_editors_see_everything(gateway) -> None:
    public, private, job = await a_history(gateway)
    published = [(public, "compendium.published.v1"), (job, "job.changed.v1")]
    assert await seen(gateway, ANONYMOUS) == published
    assert await seen(gateway, BOB) == published
    whole = await seen(gateway, ADA)
    assert [kind for _, kind in whole].count("job.changed.v1") == 3
    assert (private, "compendium.changed.v1") in whole
    assert await seen(gateway, Principal("eve", EDITOR)) == whole == await seen(gateway, Principal("root", ADMIN))


async def test_what_is_deleted_stays_visible_to_those_who_saw_it(gateway) -> None:
    public, private, job = await a_history(gateway)
    for identifier in (public, private):
        await gateway.services.records.remove_compendium(identifier)
    published = [
        (public, "compendium.published.v1"),
        (job, "job.changed.v1"),
        (public, "compendium.deleted.v1"),
    ]
    assert await seen(gateway, BOB) == published
    assert (private, "compendium.deleted.v1") in await seen(gateway, ADA)


@pytest.mark.parametrize(("limit", "window"), [(1, 100), (2, 3), (100, 1), (3, 4)])
async def test_any_page_size_gives_the_same_events(gateway, limit: int, window: int) -> None:
    await a_history(gateway)
    assert await seen(gateway, ADA, limit=limit, window=window) == await seen(gateway, ADA)
    assert await seen(gateway, BOB, limit=limit, window=window) == await seen(gateway, BOB)


async def test_a_page_looks_at_so_many_rows_and_no_more(gateway) -> None:
    for _ in range(10):
        await gateway.compendium("ada")
    last = await gateway.settled()
    page = await EventLog(gateway.services.records.database, window=4).page(BOB, Filter(), 0, 100)
    assert (page.events, page.next, page.more) == ([], 4, True)
    end = await EventLog(gateway.services.records.database, window=100).page(BOB, Filter(), last, 100)
    assert (end.events, end.next, end.more) == ([], last, False)


async def test_filters(gateway) -> None:
    public, private, job = await a_history(gateway)
    assert {subject for subject, _ in await seen(gateway, ADA, Filter(compendia=frozenset({public})))} == {public, job}
    assert {subject for subject, _ in await seen(gateway, ADA, Filter(jobs=frozenset({job})))} == {job}
    for name in ("compendium.published.v1", "compendium.published"):
        only = await seen(gateway, ADA, Filter(types=frozenset({name})))
        assert only == [(public, "compendium.published.v1")]
    assert await seen(gateway, ADA, Filter(types=frozenset({"compendium.publish", "compendium"}))) == []
    assert await seen(gateway, ADA, Filter(users=frozenset({"ada", "eve"}))) == await seen(gateway, ADA)
    assert await seen(gateway, ADA, Filter(users=frozenset({"bob"}))) == []
    assert await seen(gateway, BOB, Filter(compendia=frozenset({private}))) == []


async def test_the_api_pages_for_whoever_takes_json(gateway) -> None:
    public, _, _ = await a_history(gateway)
    await gateway.settled()
    async with gateway.client(**JSON) as stranger:
        first = (await stranger.get("/api/v1/events", params={"limit": 1})).json()
        rest = (await stranger.get("/api/v1/events", params={"after": first["next"], "type": "job.changed,x.y"})).json()
    assert [event["type"] for event in first["events"]] == ["compendium.published.v1"]
    assert first["more"] is True
    assert [event["type"] for event in rest["events"]] == ["job.changed.v1"]
    assert rest["more"] is False
    envelope = first["events"][0]
    assert envelope["specversion"] == "1.0"
    assert envelope["data"]["compendium_id"] == public


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=-1", "after=1.5", "after=", "after=9999999999999999999", "after=%D9%A1", "limit=0", "limit=x",
     "job=1", "compendium=*", "type=x", "type=%00", "user=%00", "user=", "type=" + ",".join(f"a{'b' * n}.c" for n in range(60))],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused(gateway, query: str) -> None:
    async with gateway.client(**JSON) as stranger:
        answer = await stranger.get(f"/api/v1/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["title"]


@pytest.mark.parametrize(
    ("accept", "stream"),
    [
        ("text/event-stream", True),
        ("*/*", True),
        ("text/event-stream, application/json", True),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("text/html", False),
    ],
)
def test_the_accept_header_chooses_between_stream_and_page(accept: str, stream: bool) -> None:
    assert takes_stream(accept) is stream


async def test_the_contract_is_served(gateway) -> None:
    async with gateway.client() as stranger:
        answer = await stranger.get("/api/v1/asyncapi")
    assert answer.status_code == 200
    assert answer.text.startswith("asyncapi: 3.")
