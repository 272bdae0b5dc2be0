"""The end of a compendium, and how an administrator brings a published one back."""

from __future__ import annotations

import asyncio

from sqlalchemy import insert, text

from erc.schemas import tables


async def test_a_candidate_is_deleted_by_its_owner_and_by_editors_only(desk) -> None:
    for name, level, status in (
        ("", 0, 404),
        ("bob", 999, 204),
        ("bob", 499, 404),
        ("ada", 0, 204),
        ("root", 1000, 204),
    ):
        compendium = await desk.compendium()
        async with desk.of(name, level) as somebody:
            assert (await somebody.delete(f"/api/v1/compendium/{compendium.id}")).status_code == status
            if status == 204:
                assert (await somebody.get(f"/api/v1/compendium/{compendium.id}")).status_code == 404
                assert (await somebody.delete(f"/api/v1/compendium/{compendium.id}")).status_code == 404


async def test_a_published_one_is_deleted_by_administrators_only(desk) -> None:
    compendium = await desk.compendium(candidate=False)
    address = f"/api/v1/compendium/{compendium.id}"
    for name, level in (("ada", 100), ("bob", 100), ("eve", 999)):
        async with desk.of(name, level) as somebody:
            refused = await somebody.delete(address)
            said = (refused.status_code, refused.json()["error"])
            assert said == (400, "compendium is not a candidate, cannot be deleted")
            strict = await somebody.delete(address, headers={"Prefer": "respond-async, handling=strict"})
            said = (strict.status_code, strict.json()["error"])
            assert said == (403, "user level not sufficient to delete compendium")
    async with desk.of("") as stranger, desk.of("root", 1000) as administrator:
        assert (await stranger.delete(address)).status_code == 401
        assert (await administrator.delete(address, headers={"If-Match": '"2"'})).status_code == 412
        assert (await administrator.delete(address, headers={"If-Match": '"1"'})).status_code == 204
        for path in (address, f"{address}/metadata", f"{address}/metadata/revisions"):
            gone = await stranger.get(path)
            assert (gone.status_code, gone.json()["error"]) == (410, "the compendium was deleted")


async def test_only_who_may_delete_it_is_told_that_it_was_changed_meanwhile(desk) -> None:
    candidate, public = await desk.compendium(), await desk.compendium(candidate=False)
    link = {"id": candidate.id + "link00", "compendium_id": candidate.id, "owner": "ada"}
    async with desk.gateway.services.records.database.transaction() as transaction:
        await transaction.connection.execute(insert(tables.link).values(**link))
    stale = {"If-Match": '"7"'}
    async with desk.of("") as stranger, desk.of("bob") as bob, desk.of("ada") as ada:
        for somebody, identifier, status in (
            (stranger, public.id, 401),
            (stranger, candidate.id, 404),
            (stranger, link["id"], 404),
            (bob, link["id"], 404),
            (bob, public.id, 400),
            (ada, candidate.id, 412),
        ):
            answer = await somebody.delete(f"/api/v1/compendium/{identifier}", headers=stale)
            assert answer.status_code == status, (identifier, answer.text)


async def rows(desk, query: str, identifier: str) -> list:
    return await desk.gateway.services.records.database.rows(text(query), {"id": identifier})


async def test_what_goes_with_a_compendium_goes_and_of_a_published_one_is_kept(desk, o2r, path) -> None:
    public, candidate = await desk.compendium(), await desk.compendium()
    job = await desk.gateway.job(public)
    async with desk.gateway.services.records.database.transaction() as transaction:
        for one in (public, candidate):
            link = {"id": one.id + "link00", "compendium_id": one.id, "owner": "ada"}
            await transaction.connection.execute(insert(tables.link).values(**link))
    async with desk.of("ada") as ada, desk.of("root", 1000) as administrator:
        await ada.put(path(public), json={"o2r": o2r | {"title": "Two"}})
        await ada.patch(path(candidate), json={"o2r": {"title": "Two"}})
        assert (await ada.delete(f"/api/v1/compendium/{candidate.id}")).status_code == 204
        assert (await administrator.delete(f"/api/v1/compendium/{public.id}")).status_code == 204
    for one in (public, candidate):
        for table in ("link", "revision"):
            assert not await rows(desk, f"SELECT 1 FROM {table} WHERE compendium_id = :id", one.id)
    assert not await rows(desk, "SELECT 1 FROM removed WHERE compendium_id = :id", candidate.id)
    kept = (await rows(desk, "SELECT document, principal FROM removed WHERE compendium_id = :id", public.id))[0]
    assert kept["principal"] == "root"
    assert kept["document"]["compendium"]["manifest"]
    assert [one["id"] for one in kept["document"]["jobs"]] == [job.id]
    assert [one["number"] for one in kept["document"]["revisions"]] == [1, 2]
    assert (await desk.gateway.services.records.job(job.id)).terminal


async def test_a_removed_compendium_is_restored_with_its_history(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    job = await desk.gateway.job(compendium)
    address = f"/api/v1/compendium/{compendium.id}"
    async with desk.of("ada") as ada, desk.of("root", 1000) as administrator, desk.of("") as stranger:
        await ada.put(path(compendium), json={"o2r": o2r | {"title": "Two"}})
        before = (await stranger.get(address)).json()
        await administrator.delete(address)
        listed = (await administrator.get("/api/v1/admin/removed")).json()
        row = listed["results"][0]
        assert (row["id"], row["title"], row["user"], row["deleted_by"]) == (compendium.id, "Two", "ada", "root")
        assert (listed["total"], listed["next"]) == (1, None)
        restore = f"/api/v1/admin/removed/{compendium.id}/restore"
        assert (await ada.post(restore)).status_code == 403
        assert (await stranger.post(restore)).status_code == 401
        answers = await asyncio.gather(*(administrator.post(restore) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
        assert (await stranger.get(address)).json() == before
        assert (await ada.get(f"{path(compendium)}/revisions")).json()["total"] == 2
        assert (await administrator.get("/api/v1/admin/removed")).json()["results"] == []
        saved = await ada.put(path(compendium), json={"o2r": o2r | {"title": "Three"}})
        assert saved.headers["etag"] == '"3"'
        assert (await stranger.get(f"/api/v1/job/{job.id}")).json()["verdict"] == "cancelled"
    told = [(row["type"], row["sequence"], row["public"]) for row in await desk.events(compendium)]
    assert told[1:] == [
        ("compendium.published.v1", 2, True),
        ("compendium.deleted.v1", 3, True),
        ("compendium.published.v1", 4, True),
        ("compendium.changed.v1", 5, True),
    ]
    assert not await rows(desk, "SELECT 1 FROM cancellation WHERE id = :id", compendium.id)


async def test_only_administrators_see_what_was_removed(desk) -> None:
    async with desk.of("eve", 999) as editor, desk.of("") as stranger:
        assert (await editor.get("/api/v1/admin/removed")).status_code == 403
        assert (await stranger.get("/api/v1/admin/removed")).status_code == 401
