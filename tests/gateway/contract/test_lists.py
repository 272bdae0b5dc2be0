"""Lists: who sees what, in which order, page by page, with totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from erc.gateway.auth import ANONYMOUS, EDITOR, Principal
from erc.gateway.paging import Page, Paging, place
from erc.gateway.store import lists
from erc.gateway.store.lists import Compendia, Jobs, Lists
from erc.schemas.compendium import CompendiumStatus

ADA, BOB, EVE = Principal("ada", 100), Principal("bob", 100), Principal("eve", EDITOR)
PUBLISHED = {"candidate": False}


async def ids(gateway: Any, principal: Principal, wanted: Compendia, **paging: Any) -> Sequence[str]:
    page = await gateway.services.lists.compendia(principal, wanted, Paging(**paging))
    return page.rows


async def test_a_list_shows_what_is_published_the_newest_first(gateway) -> None:
    first, _, second = [await gateway.compendium("ada", candidate=flag) for flag in (False, True, False)]
    for principal in (ANONYMOUS, ADA, BOB, EVE):
        assert await ids(gateway, principal, Compendia()) == [second.id, first.id]
    assert await ids(gateway, BOB, Compendia(user="ada")) == [second.id, first.id]
    assert await ids(gateway, ANONYMOUS, Compendia(), newest_first=False) == [first.id, second.id]


async def test_of_your_own_the_candidates_come_first(gateway) -> None:
    candidate, published = await gateway.compendium("ada"), await gateway.compendium("ada", **PUBLISHED)
    await gateway.compendium("bob", **PUBLISHED)
    assert await ids(gateway, ADA, Compendia(user="ada")) == [candidate.id, published.id]
    assert await ids(gateway, ADA, Compendia(user="ada", candidate=False)) == [published.id]


async def test_editors_get_the_candidates_of_others_when_they_ask_for_candidates(gateway) -> None:
    hers, his = await gateway.compendium("ada"), await gateway.compendium("bob")
    await gateway.compendium("ada", **PUBLISHED)
    wanted = Compendia(candidate=True)
    assert await ids(gateway, EVE, wanted) == [his.id, hers.id]
    assert await ids(gateway, ADA, wanted) == [hers.id]
    assert await ids(gateway, ADA, Compendia(candidate=True, user="bob")) == []
    assert await ids(gateway, ANONYMOUS, wanted) == []


async def test_a_doi_names_the_compendia_of_a_paper(gateway) -> None:
    metadata = {"o2r": {"identifier": {"doi": "10.5555/12345678"}}}
    found = await gateway.compendium("ada", candidate=False, metadata=metadata)
    await gateway.compendium("ada", **PUBLISHED)
    assert await ids(gateway, ANONYMOUS, Compendia(doi="10.5555/12345678")) == [found.id]
    assert await ids(gateway, ANONYMOUS, Compendia(doi="10.5555/other")) == []


async def test_a_job_names_the_compendium_that_it_ran(gateway) -> None:
    published, candidate = await gateway.compendium("ada", **PUBLISHED), await gateway.compendium("ada")
    job, hidden = await gateway.job(published), await gateway.job(candidate)
    assert await ids(gateway, ANONYMOUS, Compendia(job=job.id)) == [published.id]
    assert await ids(gateway, ADA, Compendia(job=hidden.id)) == [candidate.id]
    assert await ids(gateway, BOB, Compendia(job=hidden.id)) == []
    assert await ids(gateway, BOB, Compendia(job="0" * 26)) == []


async def test_a_status_names_what_has_come_so_far(gateway) -> None:
    loading = await gateway.compendium("ada", status=CompendiumStatus.LOADING)
    ready, published = await gateway.compendium("ada"), await gateway.compendium("ada", **PUBLISHED)
    assert await ids(gateway, ADA, Compendia(user="ada", status=CompendiumStatus.LOADING)) == [loading.id]
    assert await ids(gateway, ADA, Compendia(user="ada", status=CompendiumStatus.READY)) == [ready.id, published.id]
    assert await ids(gateway, BOB, Compendia(status=CompendiumStatus.READY)) == [published.id]
    assert await ids(gateway, BOB, Compendia(status=CompendiumStatus.REJECTED)) == []


@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_hold_everything_once_although_more_comes_meanwhile(gateway, newest_first: bool) -> None:
    made = [await gateway.compendium("ada", candidate=number % 2 == 0) for number in range(7)]
    candidates, others = [one.id for one in made if one.candidate], [one.id for one in made if not one.candidate]
    step = -1 if newest_first else 1
    found = gateway.services.lists
    paging, seen = Paging(limit=2, newest_first=newest_first), []
    while True:
        page = await found.compendia(ADA, Compendia(user="ada"), paging)
        seen += page.rows
        if page.next is None:
            break
        await gateway.compendium("ada")
        paging = Paging(limit=2, newest_first=newest_first, after=place(page.next, paging.sort))
    assert [one for one in seen if one in {*candidates, *others}] == [*candidates[::step], *others[::step]]
    assert len(seen) == len(set(seen))
    if newest_first:
        assert len(seen) == 7, "what is newer than a page is not on a later one"


async def test_a_total_is_counted_anew_up_to_a_number_and_else_every_few_seconds(gateway, monkeypatch) -> None:
    monkeypatch.setattr(lists, "COUNTED", 3)
    now = [0.0]
    found = Lists(gateway.services.records.database, lambda: now[0])

    async def total(paging: Paging, wanted: Compendia | None = None) -> int:
        return (await found.compendia(ANONYMOUS, wanted or Compendia(), paging)).total

    for _ in range(3):
        await gateway.compendium("ada", **PUBLISHED)
    assert await total(Paging(limit=1)) == 3
    assert await total(Paging(start=9)) == 3
    for _ in range(2):
        await gateway.compendium("ada", **PUBLISHED)
    assert await total(Paging(limit=1)) == 5
    await gateway.compendium("ada", **PUBLISHED)
    assert await total(Paging(limit=1)) == 5, "it is remembered"
    assert await total(Paging(limit=1), Compendia(user="ada")) == 6, "of another list it is not"
    now[0] = lists.TOTAL_SECONDS
    assert await total(Paging(start=9)) == 6


async def test_the_headers_say_the_same_as_the_document(gateway) -> None:
    for _ in range(3):
        await gateway.compendium("operator")
    async with gateway.operator() as client:
        answer = await client.get("/api/v1/compendium?user=operator&start=2&limit=1")
        document = answer.json()
        assert (len(document["results"]), document["total"], answer.headers["x-total-count"]) == (1, 3, "3")
        address, _, relation = answer.headers["link"].partition("; ")
        assert relation == 'rel="next"'
        last = await client.get(address.strip("<>"))
        assert last.json()["next"] is None
        assert "link" not in last.headers
        assert not {*last.json()["results"]} & {*document["results"]}


async def test_nothing_is_an_empty_list(gateway) -> None:
    async with gateway.client() as client:
        for path in ("compendium", "compendium?user=nobody", "compendium?doi=10.1/x", "compendium?start=99", "job"):
            answer = await client.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()) == (200, {"results": [], "total": 0, "next": None})


REFUSED = {
    "limit=0": "limit must be larger than 0",
    "limit=-1": "limit must be larger than 0",
    "limit=ten": "limit must be an integer",
    "limit=": "limit must be an integer",
    "limit=1_0": "limit must be an integer",
    "start=0": "start must be larger than 0",
    "start=x": "start must be an integer",
    "sort=title": "sort must be created or -created",
    "cursor=abc": "The cursor cannot be read",
    "cursor=%F0%9F": "The cursor cannot be read",
    "start=2&cursor=abc": "start and cursor exclude each other",
    "user=%00": "The address cannot be read",
}


async def test_a_page_that_cannot_be_is_refused(gateway) -> None:
    async with gateway.client() as client:
        for path in ("compendium", "job"):
            for query, text in REFUSED.items():
                answer = await client.get(f"/api/v1/{path}?{query}")
                assert (answer.status_code, answer.json()["error"]) == (400, text), query
        for query in ("status=lost", "candidate=perhaps"):
            assert (await client.get(f"/api/v1/compendium?{query}")).status_code == 400


HOSTILE = ["' OR 1=1 --", "a\\'; DROP TABLE compendium", "%", "\U0001f98a" * 100, "x" * 5000]


async def test_a_filter_is_a_value_and_nothing_else(gateway) -> None:
    await gateway.compendium("ada", **PUBLISHED)
    async with gateway.client() as client:
        for name in ("user", "doi", "job_id"):
            for value in HOSTILE:
                assert (await client.get("/api/v1/compendium", params={name: value})).json()["results"] == []


async def test_a_numbers_size_is_no_matter(gateway) -> None:
    await gateway.compendium("ada", **PUBLISHED)
    async with gateway.client() as client:
        for limit in ("1000000", "9" * 400, "+5"):
            answer = await client.get("/api/v1/compendium", params={"limit": limit})
            assert len(answer.json()["results"]) == 1
        assert (await client.get(f"/api/v1/compendium?start={'9' * 400}")).json()["results"] == []


async def test_jobs_are_listed_by_compendium_owner_and_status(gateway) -> None:
    published, candidate = await gateway.compendium("ada", **PUBLISHED), await gateway.compendium("bob")
    first, second, hidden = [await gateway.job(one) for one in (published, published, candidate)]
    found = gateway.services.lists

    async def jobs(principal: Principal, wanted: Jobs, **paging: Any) -> Page[lists.JobRow]:
        return await found.jobs(principal, wanted, Paging(**paging))

    assert [job.id for job in (await jobs(ANONYMOUS, Jobs())).rows] == [second.id, first.id]
    assert [job.id for job in (await jobs(BOB, Jobs())).rows] == [hidden.id, second.id, first.id]
    assert [job.id for job in (await jobs(BOB, Jobs(user="bob"))).rows] == [hidden.id]
    assert [job.user for job in (await jobs(EVE, Jobs(compendium=candidate.id))).rows] == ["bob"]
    assert (await jobs(ADA, Jobs(status="success"))).total == 0
    page = await jobs(ADA, Jobs(status=first.status.value), limit=1)
    assert (page.rows[0].id, page.total) == (second.id, 2)
    assert page.next is not None
    after = place(page.next, "-created")
    assert [job.id for job in (await jobs(ADA, Jobs(), limit=1, after=after)).rows] == [first.id]


async def test_jobs_are_told_with_the_fields_that_are_asked_for(gateway) -> None:
    job = await gateway.job(await gateway.compendium("ada", **PUBLISHED))
    async with gateway.client() as client:
        answers = {
            fields: (await client.get("/api/v1/job", params={"fields": fields})).json()
            for fields in ("status", " user,,status ", "nothing")
        }
    assert answers["status"]["results"] == [{"id": job.id, "status": job.status.value}]
    assert answers[" user,,status "]["results"] == [{"id": job.id, "status": job.status.value, "user": "ada"}]
    assert answers["nothing"]["error"] == "unsupported field requested: nothing"


async def test_the_jobs_of_what_may_not_be_known_are_not_found(gateway) -> None:
    candidate = await gateway.compendium("ada")
    async with gateway.client() as client:
        for identifier in (candidate.id, "0" * 26, "nonsense"):
            answer = await client.get(f"/api/v1/job?compendium_id={identifier}")
            assert (answer.status_code, answer.json()["error"]) == (404, f"no compendium with id {identifier}")
            assert (await client.get(f"/api/v1/compendium/{identifier}/jobs")).status_code == 404
