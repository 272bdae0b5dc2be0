"""Who saved what and when; and what would come of saving."""

from __future__ import annotations


async def test_the_first_revision_is_what_was_read_from_the_files(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        listed = (await ada.get(f"{path(compendium)}/revisions")).json()
        assert [(row["revision"], row["author"], row["changed"]) for row in listed["results"]] == [(1, "service", [])]
        await ada.patch(path(compendium), json={"o2r": {"title": "Two", "new": 1}})
        await ada.patch(path(compendium), json={"o2r": {"title": "Three", "new": None}})
        listed = (await ada.get(f"{path(compendium)}/revisions")).json()
        assert [(row["revision"], row["author"], row["changed"]) for row in listed["results"]] == [
            (3, "ada", ["new", "title"]),
            (2, "ada", ["new", "title"]),
            (1, "service", []),
        ]
        assert (listed["total"], listed["next"]) == (3, None)
        first = await ada.get(f"{path(compendium)}/revisions/1")
        assert (first.json()["metadata"]["o2r"], first.headers["etag"]) == (o2r, '"1"')
        assert (await ada.get(f"{path(compendium)}/revisions/3")).json()["metadata"]["o2r"]["title"] == "Three"
        for absent in ("0", "4", "-1", "x", "٣", "9" * 50):
            assert (await ada.get(f"{path(compendium)}/revisions/{absent}")).status_code == 404


async def test_the_history_comes_in_pages(desk, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada:
        for number in range(4):
            await ada.patch(path(compendium), json={"o2r": {"title": f"Title {number}"}})
        seen, address = [], f"{path(compendium)}/revisions?limit=2"
        while address:
            page = await ada.get(address)
            seen += [row["revision"] for row in page.json()["results"]]
            address = page.links.get("next", {}).get("url")
            assert (page.headers["x-total-count"], page.json()["next"] is None) == ("5", address is None)
        later = (await ada.get(f"{path(compendium)}/revisions?start=5")).json()
        assert [row["revision"] for row in later["results"]] == [1]
        for odd in ("cursor=x", "cursor=1&start=1", "cursor=0", "cursor=" + "9" * 30):
            assert (await ada.get(f"{path(compendium)}/revisions?{odd}")).status_code == 400
        assert (await ada.get(f"{path(compendium)}/revisions?limit=0")).status_code == 400
    assert seen == [5, 4, 3, 2, 1]


async def test_what_a_candidate_was_is_not_told_when_it_is_public(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    async with desk.of("ada") as ada, desk.of("") as stranger, desk.of("eve", 500) as editor:
        await ada.patch(path(compendium), json={"o2r": {"title": "A secret"}})
        assert (await stranger.get(f"{path(compendium)}/revisions")).status_code == 404
        await ada.put(path(compendium), json={"o2r": o2r})
        await ada.put(path(compendium), json={"o2r": o2r | {"title": "Later"}})
        seen = (await stranger.get(f"{path(compendium)}/revisions")).json()
        assert ([row["revision"] for row in seen["results"]], seen["total"]) == ([4, 3], 2)
        assert (await stranger.get(f"{path(compendium)}/revisions/2")).status_code == 404
        assert (await editor.get(f"{path(compendium)}/revisions/2")).json()["metadata"]["o2r"]["title"] == "A secret"


async def test_validating_tells_everything_and_saves_nothing(desk, o2r, path) -> None:
    compendium = await desk.compendium()
    odd = o2r | {
        "creators": [{"name": "", "orcid": "0000-0002-1825-0098", "email": "ada@example.org"}],
        "publication_date": "soon",
        "temporal": {"begin": "2020-01-02", "end": "2020-01-01"},
        "identifier": {"doi": "x"},
        "license": {"text": "MIT"},
    }
    async with desk.of("ada") as ada:
        fine = (await ada.post(f"{path(compendium)}/validate", json={"o2r": o2r})).json()
        assert (fine["valid"], fine["errors"], fine["warnings"], fine["missing"]) == (True, [], [], [])
        doubted = (await ada.post(f"{path(compendium)}/validate", json={"o2r": odd})).json()
        assert doubted["valid"]
        assert [warning["pointer"] for warning in doubted["warnings"]] == [
            *("/creators/0/name", "/creators/0/orcid", "/publication_date", "/temporal/end"),
            *("/license/data", "/license/code", "/license/metadata", "/identifier/doi"),
        ]
        assert "/creators/0/email" in doubted["unmapped"]["zenodo"]
        del odd["title"]
        wrong = (await ada.post(f"{path(compendium)}/validate", json={"o2r": odd | {"mainfile": "gone.R"}})).json()
        assert (wrong["valid"], wrong["missing"]) == (False, ["title"])
        assert (await ada.post(f"{path(compendium)}/validate", json={"o2r": 5})).json()["valid"] is False
        assert (await ada.post(f"{path(compendium)}/validate", json={})).status_code == 422
    assert await desk.now(compendium) == compendium
