"""Saving metadata: put is save and publish, patch is save; both in one transaction with revision, files and events."""

from __future__ import annotations

import asyncio
import json

import pytest

from erc.events.faults import Faults
from erc.events.outbox import Database, create_engine
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.metadata import Kind
from erc.workers.indexer.handler import Indexer
from erc.workers.indexer.store import SearchDocuments
from erc.workers.metadata.domain.erc_yml import read_erc_yml


async def test_a_put_saves_publishes_and_rewrites_erc_yml(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    o2r |= {"title": "Rain by year", "displayfile": "map.html", "license": {"code": "Apache-2.0"}}
    async with desk.of("ada") as ada, desk.of("") as stranger:
        answer = await ada.put(path(compendium), json={"o2r": o2r})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        assert answer.json() == {"id": compendium.id, "metadata": {"o2r": o2r}, "revision": 2}
        seen = await stranger.get(path(compendium))
    assert (seen.status_code, seen.json()) == (200, answer.json())
    after = await desk.now(compendium)
    assert (after.candidate, after.version) == (False, compendium.version + 1)
    assert after.metadata["raw"] == compendium.metadata["raw"]
    assert after.metadata["zenodo"] == after.metadata["zenodo_sandbox"]
    assert after.metadata["zenodo"]["metadata"]["title"] == "Rain by year"
    assert after.metadata["codemeta"]["name"] == "Rain by year"
    written = desk.file(after, "erc.yml")
    assert b"# the paper" in written
    assert b"# the script" in written
    erc = read_erc_yml(written)
    assert (erc.main, erc.display, erc.erc_id) == ("main.R", "map.html", "rain-1")
    assert erc.licenses == {"text": "CC-BY-4.0", "data": "ODbL-1.0", "code": "Apache-2.0", "metadata": "CC0-1.0"}
    assert erc.document["convention"] == "https://example.org/ours"
    assert desk.file(compendium, "erc.yml") != written, "the workspace of before is a value of its own"
    assert desk.description(after).display == "map.html"
    snapshot = json.loads(desk.gateway.services.blobs.read(after.snapshot))
    assert (snapshot["metadata"]["o2r"], snapshot["manifest"]) == (o2r, after.manifest)


async def test_a_workspace_without_erc_yml_gets_none(desk, o2r, path) -> None:
    compendium = await desk.compendium({"main.R": b"", "display.png": b""})
    async with desk.of("ada") as ada:
        assert (await ada.put(path(compendium), json={"o2r": o2r | {"title": "New"}})).status_code == 200
    assert (await desk.now(compendium)).manifest == compendium.manifest


async def test_a_published_compendium_is_updated_and_the_same_again_is_nothing_new(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        tags = []
        for title in ("One", "Two", "Two"):
            answer = await ada.put(path(compendium), json={"o2r": o2r | {"title": title}})
            tags.append(answer.headers["etag"])
    assert tags == ['"2"', '"3"', '"3"']
    after = await desk.now(compendium)
    assert (after.revision, after.public_revision, after.version) == (3, 2, compendium.version + 2)


async def test_the_metadata_of_before_are_published_without_a_revision(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        assert (await ada.put(path(compendium), json={"o2r": o2r})).headers["etag"] == '"1"'
    assert not (await desk.now(compendium)).candidate


FAULTS = [
    ({"title": 5}, "/title", "must be a text"),
    ({"title": None}, "/title", "must be a text"),
    ({"creators": {"name": "Ada"}}, "/creators", "must be a list"),
    ({"creators": ["Ada"]}, "/creators/0", "must be an object"),
    ({"creators": [{"name": ["Ada"]}]}, "/creators/0/name", "must be a text"),
    ({"keywords": "rain"}, "/keywords", "must be a list"),
    ({"paperLanguage": 5}, "/paperLanguage", "must be a text or a list"),
    ({"displayfile": 5}, "/displayfile", "must be a text or null"),
    ({"spatial": {}}, "/spatial/union", "is missing"),
    ({"spatial": {"union": [0, 91, 0, 92]}}, "/spatial/union", "in degrees"),
    ({"temporal": []}, "/temporal", "must be an object"),
    ({"depends": [5]}, "/depends/0", "must be an object"),
    ({"mainfile": "gone.R"}, "/mainfile", "is no file of the compendium"),
    ({"mainfile": "../main.R"}, "/mainfile", "is no file of the compendium"),
    ({"mainfile": "erc.yml"}, "/mainfile", "cannot be run"),
    ({"displayfile": "gone.html"}, "/displayfile", "is no file of the compendium"),
    ({"displayfile": "main.R"}, "/displayfile", "is the main file"),
]


async def test_what_is_wrong_is_told_with_its_place(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        for changes, pointer, words in FAULTS:
            answer = await ada.put(path(compendium), json={"o2r": o2r | changes})
            said = answer.json()
            assert (answer.status_code, said["error"]) == (400, "Error updating metadata file, see log for details")
            assert [error["pointer"] for error in said["errors"]] == [pointer]
            assert words in said["errors"][0]["message"]
            assert "!invalid" in said["log"]
            assert words in said["detail"]
    assert await desk.now(compendium) == compendium


async def test_each_missing_field_is_named(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        answer = await ada.put(path(compendium), json={"o2r": {"title": "Blue Book"}})
    missing = {error["pointer"] for error in answer.json()["errors"] if error["message"] == "is missing"}
    assert {"/creators", "/description", "/mainfile", "/license", "/publication_date"} < missing
    assert len(missing) == 11


BODIES = [
    (b"", 400, "The body is not valid JSON"),
    (b"{", 400, "The body is not valid JSON"),
    (b"\xff", 400, "The body is not valid JSON"),
    (b'{"o2r": {"title": NaN}}', 400, "The body is not valid JSON"),
    (b'{"o2r": {"title": 1e999}}', 400, "The body is not valid JSON"),
    (b'{"o2r": {"title": %s}}' % (b"9" * 50_000), 400, "The body is not valid JSON"),
    (b'{"o2r": {"title": "\\u0000"}}', 400, "The body is not valid JSON"),
    (b'{"o2r": {"title": "\\ud800"}}', 400, "The body is not valid JSON"),
    (b'{"o2r": {"\\ud800": 1}}', 400, "The body is not valid JSON"),
    (b'{"o2r": {}, "o2r": {}}', 400, "The body is not valid JSON"),
    (b'{"o2r": ' + b"[" * 100_000, 400, "The body is not valid JSON"),
    (b'{"o2r": ' + b"[" * 70 + b"]" * 70 + b"}", 400, "The body is not valid JSON"),
    (b'{"o2r": [' + b"1," * 60_000 + b"1]}", 400, "The body is not valid JSON"),
    (b'"' + b"a" * (1 << 20) + b'"', 413, "The request is too large"),
    (b"[]", 422, "JSON with root element 'o2r' required"),
    (b"5", 422, "JSON with root element 'o2r' required"),
    (b'{"title": "x"}', 422, "JSON with root element 'o2r' required"),
    (b'{"o2r": 5}', 400, "Error updating metadata file, see log for details"),
    (b'{"o2r": null}', 400, "Error updating metadata file, see log for details"),
]


async def test_a_body_that_cannot_be_kept_is_refused(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        for body, status, error in BODIES:
            answer = await ada.put(path(compendium), content=body)
            assert (answer.status_code, answer.json()["error"]) == (status, error), body[:100]
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]
    assert await desk.now(compendium) == compendium


async def test_of_two_who_read_the_same_one_saves_and_one_is_told(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada, desk.of("eve", 500) as editor:
        tag = (await ada.get(path(compendium))).headers["etag"]
        answers = await asyncio.gather(
            ada.put(path(compendium), json={"o2r": o2r | {"title": "Hers"}}, headers={"If-Match": tag}),
            editor.put(path(compendium), json={"o2r": o2r | {"title": "His"}}, headers={"If-Match": tag}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        late = next(answer for answer in answers if answer.status_code == 412)
        assert (late.json()["revision"], late.headers["etag"]) == (2, '"2"')
        assert "revision is now 2" in late.json()["detail"]
        again = await editor.put(path(compendium), json={"o2r": o2r}, headers={"If-Match": late.headers["etag"]})
    assert again.headers["etag"] == '"3"'


async def test_if_match_is_read_as_http_says(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        for tag, status in (("", 412), ("1", 412), ('W/"1"', 412), ('"2"', 412), ('"7", "1"', 200), ("*", 200)):
            headers = {"If-Match": tag}
            answer = await ada.patch(path(compendium), json={"o2r": {"title": tag or "New"}}, headers=headers)
            assert answer.status_code == status, tag


async def test_many_who_do_not_look_write_one_revision_each(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        answers = await asyncio.gather(*(ada.patch(path(compendium), json={"o2r": {f"note{n}": n}}) for n in range(8)))
        assert sorted(answer.headers["etag"] for answer in answers) == [f'"{n}"' for n in range(2, 10)]
        final = (await ada.get(path(compendium))).json()["metadata"]["o2r"]
    assert [final[f"note{n}"] for n in range(8)] == list(range(8))


async def test_a_patch_changes_members_and_a_candidate_stays_one(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    changes = {"title": "New", "license": {"code": None, "text": "CC0-1.0"}, "identifier": None}
    headers = {"Content-Type": "application/merge-patch+json"}
    async with desk.of("ada") as ada:
        refused = await ada.patch(path(compendium), content=json.dumps({"o2r": changes}), headers=headers)
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/identifier"]
        del changes["identifier"]
        answer = await ada.patch(path(compendium), content=json.dumps({"o2r": changes}), headers=headers)
        licence = {"text": "CC0-1.0", "data": "ODbL-1.0", "metadata": "CC0-1.0"}
        assert answer.json()["metadata"]["o2r"] == o2r | {"title": "New", "license": licence}
        assert (await desk.now(compendium)).candidate
        published = await ada.patch(f"{path(compendium)}?publish=true", json={"o2r": {}})
        assert published.status_code == 200
    assert not (await desk.now(compendium)).candidate


async def test_a_patch_of_another_type_is_refused(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        odd = await ada.patch(path(compendium), content=b"{}", headers={"Content-Type": "application/json-patch+json"})
        assert (odd.status_code, odd.headers["accept-patch"]) == (415, "application/merge-patch+json")
        assert (await ada.patch(f"{path(compendium)}?publish=perhaps", json={"o2r": {}})).status_code == 400
        assert (await ada.patch(path(compendium), json={"o2r": []})).status_code == 422


async def test_who_may_not_edit_is_told_what_they_may_know(desk, o2r, path) -> None:
    candidate, public = await desk.compendium(), await desk.compendium(candidate=False)
    for name, level, of_candidate, of_public in (("", 0, 404, 401), ("bob", 100, 404, 403), ("eve", 500, 200, 200)):
        async with desk.of(name, level) as somebody:
            for method, suffix in (("PUT", ""), ("PATCH", ""), ("POST", "/validate")):
                for compendium, status in ((candidate, of_candidate), (public, of_public)):
                    answer = await somebody.request(method, f"{path(compendium)}{suffix}", json={"o2r": o2r})
                    assert answer.status_code == status, (name, method, suffix)
                    if status == 403:
                        assert answer.json()["error"] == f"not authorized to edit/view {compendium.id}"


@pytest.mark.parametrize("status", [CompendiumStatus.LOADING, CompendiumStatus.REJECTED])
async def test_what_is_not_ready_is_not_edited(desk, o2r, path, status) -> None:
    compendium = await desk.compendium(status=status)
    async with desk.of("ada") as ada:
        assert (await ada.put(path(compendium), json={"o2r": o2r})).status_code == 409
        assert (await ada.post(f"{path(compendium)}/validate", json={"o2r": o2r})).status_code == 409
        assert (await ada.get(f"{path(compendium)}/revisions")).status_code == 404


async def test_another_main_file_is_read_before_a_job_runs_it(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    services = desk.gateway.services

    async def reads() -> None:
        """Do as the metadata worker and the follower do."""
        while not (now := await desk.now(compendium)).choice:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        chosen = desk.description(now)
        assert (chosen.main, chosen.kind, chosen.manifest) == ("other.R", Kind.R_SCRIPT, now.manifest)
        await desk.read_again(now)

    async with desk.of("ada") as ada:
        saved, _ = await asyncio.gather(
            ada.put(path(compendium), json={"o2r": o2r | {"mainfile": "./other.R"}}), reads()
        )
        assert saved.json()["metadata"]["o2r"]["mainfile"] == "other.R"
        job_id = (await ada.post("/api/v1/job", json={"compendium_id": compendium.id})).json()["job_id"]
    job = await services.records.job(job_id)
    description = desk.description(job)
    assert (description.main, [one.name for one in description.dependencies]) == ("other.R", ["sf"])
    assert description.o2r["mainfile"] == "other.R"
    assert read_erc_yml(desk.file(job, "erc.yml")).main == "other.R"


async def test_the_public_hear_of_the_publication_and_of_later_changes(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        await ada.patch(path(compendium), json={"o2r": {"title": "Private"}})
        await ada.put(path(compendium), json={"o2r": o2r})
        await ada.put(path(compendium), json={"o2r": o2r | {"title": "Changed"}})
    rows = await desk.events(compendium)
    assert [(row["type"], row["sequence"], row["public"]) for row in rows] == [
        ("compendium.changed.v1", 1, False),
        ("compendium.changed.v1", 2, False),
        ("compendium.published.v1", 3, True),
        ("compendium.changed.v1", 4, True),
    ]


async def test_search_follows_what_is_saved(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    database = Database(create_engine(desk.gateway.url_of("indexer")), desk.gateway.services.hints.wake_relay)
    indexer = Indexer(SearchDocuments(database), Faults("", None))
    async with desk.of("ada") as ada, desk.of("") as stranger:
        for words, seen in (("secretly", 0), ("publicly", 1)):
            method = ada.put if seen else ada.patch
            await method(path(compendium), json={"o2r": o2r | {"title": f"Raining {words}"}})
            await indexer.index(compendium.id)
            found = (await stranger.get(f"/api/v1/search?q={words}")).json()
            assert found["hits"]["total"] == seen
    await database.close()


async def test_a_description_that_is_none_is_refused_with_a_sentence(desk, path, o2r) -> None:
    compendium = await desk.compendium(description=desk.gateway.services.blobs.put(b"{}"))
    async with desk.of("ada") as ada:
        answer = await ada.put(path(compendium), json={"o2r": o2r})
        assert (answer.status_code, answer.json()["code"]) == (400, "document_unreadable")
        assert "Description cannot be read" in answer.json()["error"]
        assert (await ada.get(f"/compendium/{compendium.id}")).status_code == 200
