"""Names at the real gateway: whose they are, what they mean, and that nothing old ever changes them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from erc.events.catalog import EnvironmentPlanned, EnvironmentReady
from erc.gateway.transition import Facts
from erc.schemas.compendium import CompendiumStatus, Origin, SourceKind
from erc.schemas.limits import Quota

from .conftest import API, an_id
from .test_states import FACTS

PLANNED = EnvironmentPlanned(
    job_id=an_id(),
    manifest="b" * 64,
    plan="c" * 64,
    environment_key="d" * 64,
    configuration_made=False,
    runtime_manifest_made=False,
)


def ready(digit: str) -> EnvironmentReady:
    return EnvironmentReady(job_id=an_id(), image_id=f"sha256:{digit * 64}", environment_key="d" * 64, cached=False)


async def generations(gateway) -> list[int]:
    rows = await gateway.services.records.database.rows(text("SELECT generation FROM run ORDER BY generation"))
    return [row["generation"] for row in rows]


async def test_a_run_under_a_name_is_its_first_generation_and_pending(gateway, ada) -> None:
    compendium = await ada.compendium()
    answer = await ada.run(compendium, version="v2", entrypoint="a/main.R")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert answer.headers["location"] == f"{API}/paper"
    assert (said["name"], said["version"], said["generation"], said["status"]) == ("paper", "v2", 1, "pending")
    assert (said["origin"], said["source"], said["entrypoint"]) == ("/home/ada/paper", ".", "a/main.R")
    assert (said["compendium_id"], said["content"]) == (compendium.id, compendium.upload)
    assert (await ada.view(version="v2")).json() == said
    job = await gateway.services.records.job(said["job_id"])
    assert (job.owner, job.compendium_id) == ("ada", compendium.id)


async def test_the_status_is_told_from_the_job_and_the_image_by_a_build_name(ada) -> None:
    job_id = (await ada.run(await ada.compendium())).json()["job_id"]
    missing = await ada.client.get(f"{API}/paper/build")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_build")
    await ada.happens(job_id, PLANNED, FACTS)
    assert (await ada.view()).json()["status"] == "building"
    await ada.happens(job_id, ready("1"), FACTS)
    shown = (await ada.view()).json()
    assert (shown["status"], shown["image"], shown["updated"]) == ("starting", f"sha256:{'1' * 64}", shown["created"])
    build = (await ada.client.get(f"{API}/paper/build")).json()
    assert build == {
        "build": "build://paper:latest",
        "generation": 1,
        "image": f"sha256:{'1' * 64}",
        "environment_key": "d" * 64,
        "job_id": job_id,
    }


async def test_a_build_name_means_the_newest_image_while_the_next_is_built(ada) -> None:
    first = (await ada.run(await ada.compendium())).json()["job_id"]
    await ada.happens(first, PLANNED, FACTS)
    await ada.happens(first, ready("1"), FACTS)
    second = (await ada.run(await ada.compendium(b"more"), update=True)).json()
    assert (second["generation"], second["image"]) == (2, None)
    assert (await ada.client.get(f"{API}/paper/build")).json()["generation"] == 1
    await ada.happens(second["job_id"], PLANNED, FACTS)
    await ada.happens(second["job_id"], ready("2"), FACTS)
    build = (await ada.client.get(f"{API}/paper/build")).json()
    assert (build["generation"], build["image"]) == (2, f"sha256:{'2' * 64}")


async def test_other_content_under_the_name_is_a_conflict_with_a_hint(gateway, ada) -> None:
    await ada.run(await ada.compendium())
    refused = await ada.run(await ada.compendium(b"other"))
    assert (refused.status_code, refused.json()["code"]) == (409, "run_exists")
    assert "erc update" in refused.json()["detail"]
    assert await generations(gateway) == [1]


async def test_the_same_content_again_is_the_same_run_and_after_its_end_a_new_generation(gateway, ada) -> None:
    first = (await ada.run(await ada.compendium())).json()
    again = (await ada.run(await ada.compendium())).json()
    assert (again["generation"], again["job_id"]) == (1, first["job_id"])
    assert await generations(gateway) == [1]
    await ada.kill()
    later = (await ada.run(await ada.compendium())).json()
    assert (later["generation"], later["status"]) == (2, "pending")
    assert later["job_id"] != first["job_id"]


async def test_another_entrypoint_is_other_content(ada) -> None:
    compendium = await ada.compendium()
    await ada.run(compendium)
    assert (await ada.run(compendium, entrypoint="b/main.R")).status_code == 409


async def test_an_update_ends_the_job_of_the_generation_before(gateway, ada) -> None:
    first = (await ada.run(await ada.compendium())).json()
    second = (await ada.run(await ada.compendium(b"more"), update=True, entrypoint="x.R", source="../paper")).json()
    assert (second["generation"], second["entrypoint"], second["source"]) == (2, "x.R", "../paper")
    before = await gateway.services.records.job(first["job_id"])
    assert (before.terminal, before.verdict.value) == (True, "cancelled")
    rows = await gateway.services.records.database.rows(text("SELECT id FROM cancellation"))
    assert [row["id"] for row in rows] == [first["job_id"]]
    assert (await ada.view()).json()["job_id"] == second["job_id"]


async def test_what_the_ended_job_still_says_changes_nothing(ada) -> None:
    first = (await ada.run(await ada.compendium())).json()
    second = (await ada.run(await ada.compendium(b"more"), update=True)).json()
    await ada.happens(first["job_id"], PLANNED, Facts(time=FACTS.time))
    await ada.happens(first["job_id"], ready("1"), FACTS)
    assert (await ada.view()).json() == second
    assert (await ada.client.get(f"{API}/paper/build")).status_code == 404


async def test_a_source_that_was_brought_before_is_late_and_changes_nothing(gateway, ada) -> None:
    older = await ada.compendium(b"older")
    await ada.run(await ada.compendium(b"newer"))
    late = await ada.run(older, update=True)
    assert (late.status_code, late.json()["code"], late.json()["generation"]) == (409, "run_superseded", 1)
    assert await generations(gateway) == [1]
    assert (await ada.view()).json()["status"] == "pending"
    assert (await ada.run(older, force=True)).json()["generation"] == 2


async def test_of_many_updates_at_once_the_newest_source_wins_and_one_job_goes_on(gateway, ada) -> None:
    await ada.run(await ada.compendium())
    made = [await ada.compendium(f"{number}".encode()) for number in range(6)]
    answers = await asyncio.gather(*(ada.run(compendium, update=True) for compendium in reversed(made)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert (await ada.view()).json()["compendium_id"] == made[-1].id
    numbers = await generations(gateway)
    assert numbers == list(range(1, len(numbers) + 1))
    going = await gateway.services.records.database.rows(text("SELECT id FROM job WHERE status = 'running'"))
    assert [row["id"] for row in going] == [(await ada.view()).json()["job_id"]]


async def test_an_update_of_what_is_not_there_is_not_found(gateway, ada) -> None:
    refused = await ada.run(await ada.compendium(), update=True)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_run")
    assert await generations(gateway) == []
    assert not await gateway.services.records.database.rows(text("SELECT id FROM job"))


async def test_a_name_of_another_origin_is_refused_with_both(ada) -> None:
    await ada.run(await ada.compendium())
    for about in ({}, {"update": True}, {"version": "v2"}):
        refused = await ada.run(await ada.compendium(), origin="/home/ada/old/paper", **about)
        assert (refused.status_code, refused.json()["code"]) == (409, "run_name_taken")
        assert refused.json()["origins"] == ["/home/ada/paper", "/home/ada/old/paper"]
        assert all(origin in refused.json()["detail"] for origin in refused.json()["origins"])
    taken = await ada.run(await ada.compendium(), origin="/home/ada/old/paper", force=True)
    assert (taken.json()["generation"], taken.json()["origin"]) == (2, "/home/ada/old/paper")
    assert (await ada.run(await ada.compendium())).json()["code"] == "run_name_taken"


async def test_the_origin_of_a_repository_is_its_address_whatever_the_branch(ada) -> None:
    of_main = Origin(kind=SourceKind.GIT, source="https://github.com/ada/paper.git@main#one", commit="1" * 40)
    of_tag = Origin(kind=SourceKind.GIT, source="https://github.com/ada/paper@v1#one", commit="2" * 40)
    first = (await ada.run(await ada.compendium(origin=of_main), origin="nonsense")).json()
    assert first["origin"] == "https://github.com/ada/paper#one"
    second = await ada.run(await ada.compendium(b"v1", origin=of_tag), update=True, origin="")
    assert (second.status_code, second.json()["generation"]) == (200, 2)


async def test_versions_are_exact_never_prefixes(ada) -> None:
    await ada.run(await ada.compendium(), version="1.0.1")
    for version in ("1.0", "1", "1.0.", "latest", "%", "1_0_1"):
        assert (await ada.view(version=version)).status_code == 404
        assert (await ada.kill(version=version)).status_code == 404
    assert (await ada.view("pape", version="1.0.1")).status_code == 404


async def test_the_list_tells_the_newest_generation_of_each_name_in_order(ada, person) -> None:
    assert (await ada.client.get(API)).json() == {"results": []}
    for name, version in (("snow", "latest"), ("rain", "v2"), ("rain", "v10"), ("rain", "latest")):
        await ada.run(await ada.compendium(), name, version=version)
    await ada.run(await ada.compendium(b"more"), "rain", update=True)
    bob = await person("bob")
    await bob.run(await bob.compendium(), "rain")
    found = (await ada.client.get(API)).json()["results"]
    told = [(one["name"], one["version"], one["generation"]) for one in found]
    assert sorted(told) == told == [("rain", "latest", 2), ("rain", "v10", 1), ("rain", "v2", 1), ("snow", "latest", 1)]
    page = (await ada.client.get(API, params={"start": "2", "limit": "2"})).json()["results"]
    assert [one["version"] for one in page] == ["v10", "v2"]


async def test_a_kill_is_done_once_however_often_it_is_asked_for(gateway, ada) -> None:
    await ada.run(await ada.compendium())
    first, second = await ada.kill(), await ada.kill()
    assert (first.status_code, first.json()["status"]) == (200, "killed")
    assert second.json() == first.json()
    events = await gateway.services.records.database.rows(text("SELECT id FROM event WHERE aggregate = 'job'"))
    assert len(events) == 2


async def test_a_repeat_under_the_same_key_has_one_effect(gateway, ada) -> None:
    compendium = await ada.compendium()
    first = await ada.run(compendium, force=True, key="once")
    again = await ada.run(compendium, force=True, key="once")
    assert again.json() == first.json()
    assert await generations(gateway) == [1]


async def test_others_know_nothing_of_a_name_and_have_it_for_themselves(ada, person) -> None:
    compendium = await ada.compendium()
    await ada.run(compendium)
    bob, eve = await person("bob"), await person("eve", 500)
    for query in ({}, {"user": "ada"}):
        assert (await bob.view(**query)).status_code == 404
        assert (await bob.kill(**query)).status_code == 404
        assert (await bob.client.get(f"{API}/paper/build", params=query)).status_code == 404
    assert (await bob.client.get(API, params={"user": "ada"})).status_code == 403
    assert (await bob.run(compendium)).status_code == 404
    assert (await bob.run(await bob.compendium())).json()["generation"] == 1
    assert (await eve.view(user="ada")).json()["user"] == "ada"
    assert [one["user"] for one in (await eve.client.get(API, params={"user": "ada"})).json()["results"]] == ["ada"]
    assert (await eve.kill(user="ada")).json()["status"] == "killed"
    assert (await bob.view()).json()["status"] == "pending"


async def test_nobody_has_names_without_signing_in(gateway, ada) -> None:
    published = await ada.compendium(candidate=False)
    async with gateway.client() as client:
        assert (await client.get(API)).status_code == 401
        assert (await client.get(f"{API}/paper")).status_code == 404
        body = {"compendium_id": published.id, "name": "paper"}
        assert (await client.post(API, json=body)).status_code == 401


@pytest.mark.parametrize(
    "about",
    [{"name": "No Name"}, {"name": "0" * 26}, {"name": "a@b"}, {"version": "a b"}, {"version": ""}, {"origin": "a\nb"},
     {"source": "x" * 1001}, {"name": "a\n"}],
)  # fmt: skip
async def test_what_is_no_name_is_refused_in_a_sentence(gateway, ada, about) -> None:
    refused = await ada.run(await ada.compendium(), **about)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert next(iter(about)) in refused.json()["detail"]
    assert await generations(gateway) == []


async def test_a_compendium_that_is_not_ready_is_not_run(ada) -> None:
    loading = await ada.compendium(status=CompendiumStatus.DESCRIBING)
    assert (await ada.run(loading)).json()["code"] == "compendium_not_ready"


async def test_an_update_of_somebody_at_the_limit_replaces_a_job(gateway, ada) -> None:
    gateway.services.quotas.quota = Quota(jobs=1)
    await ada.run(await ada.compendium())
    assert (await ada.run(await ada.compendium(), "other")).status_code == 429
    assert (await ada.run(await ada.compendium(b"more"), update=True)).status_code == 200
    assert await generations(gateway) == [1, 2]


async def test_the_name_of_a_deleted_compendium_is_free(gateway, ada) -> None:
    older, newer = await ada.compendium(), await ada.compendium(b"more")
    await ada.run(older)
    await ada.run(newer, update=True)
    assert (await ada.client.delete(f"/api/v1/compendium/{older.id}")).status_code == 204
    assert (await ada.view()).json()["generation"] == 2
    assert (await ada.client.delete(f"/api/v1/compendium/{newer.id}")).status_code == 204
    assert (await ada.view()).status_code == 404
    assert await generations(gateway) == []
    assert (await ada.run(await ada.compendium(), origin="/elsewhere")).json()["generation"] == 1
