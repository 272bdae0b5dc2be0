"""The form of the metadata, the question before publishing, and the history."""

from __future__ import annotations

import html
import re
import shutil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import async_playwright, expect

from erc.gateway.pages.differences import differences
from erc.gateway.pages.metadata_form import document_of, fields_of
from erc.schemas.spatial import feature

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
O2R: dict[str, Any] = {
    "access_right": "open",
    "creators": [
        {"name": "Ada Beispiel", "orcid": "0000-0002-1825-0097", "affiliation": "Institute", "gnd": "1"},
        {"name": "Charles Muster"},
    ],
    "description": "We measure rain.\n\nFor a year.",
    "displayfile": "display.png",
    "mainfile": "main.R",
    "identifier": {"doi": "10.5281/zenodo.1003346", "reserveddoi": "x"},
    "title": "Rain by month",
    "keywords": ["rain, heavy", "weather"],
    "communities": [{"identifier": "o2r"}],
    "license": {"text": "CC-BY-4.0", "data": "ODbL-1.0", "code": "MIT", "metadata": "CC0-1.0"},
    "publication_date": "2026-11-25",
    "publication_type": "other",
    "spatial": {"union": {"geojson": feature((5.0, 50.0, 9.0, 53.0))}, "files": [{"name": "a"}]},
    "depends": [{"identifier": "sf"}],
}
FILES = {"main.R": b"plot(1)\n", "other.R": b"plot(2)\n", "display.png": b"x", "map.html": b"<p>"}


async def with_metadata(world, **changes: Any):
    return await world.compendium(metadata={"o2r": O2R | changes}, files=FILES)


def filled_in(page: str) -> dict[str, str]:
    """Return what a browser would send of the form."""
    fields = {}
    for tag in re.findall(r"<input [^>]*>", page.partition('<form class="metadata"')[2]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        fields[name.group(1)] = html.unescape(value.group(1))
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        fields[name] = html.unescape(text)
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = html.unescape(chosen.group(1)) if chosen else ""
    return fields


async def test_an_author_saves_then_publishes_after_a_question(operator, world) -> None:
    compendium = await with_metadata(world)
    address = f"/compendium/{compendium.id}/metadata"
    assert f'href="{address}"' in (await operator.get(f"/compendium/{compendium.id}")).text
    fields = filled_in((await operator.get(address)).text)
    fields |= {"title": "Rain & <sun>", "creator-1-name": "", "creator-2-name": "Eve", "displayfile": "map.html"}
    saved = await operator.post(address, data=fields | {"do": "save"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{address}?saved")
    page = (await operator.get(saved.headers["location"])).text
    assert "Rain &amp; &lt;sun&gt;" in page
    assert "Only you and editors see it" in page
    now = await world.services.records.compendium(compendium.id)
    assert now.metadata["o2r"]["creators"] == [O2R["creators"][0], {"name": "Eve"}]
    assert now.candidate
    asked = await operator.post(address, data=filled_in(page) | {"do": "publish"})
    assert "Everybody will see it" in asked.text
    assert (await world.services.records.compendium(compendium.id)).candidate
    done = await operator.post(address, data=filled_in(page) | {"do": "confirm"})
    assert done.headers["location"] == f"/compendium/{compendium.id}"
    assert not (await world.services.records.compendium(compendium.id)).candidate
    history = (await operator.get(f"/compendium/{compendium.id}/history")).text
    assert "creators, displayfile, title" in history
    compared = (await operator.get(f"/compendium/{compendium.id}/history/2")).text
    for text in ("<del>month</del>", "<ins>&amp;", "<del>Charles Muster</del><ins>Eve</ins>", "Display file"):
        assert text in compared


async def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_stays(operator, world) -> None:
    compendium = await with_metadata(world)
    address = f"/compendium/{compendium.id}/metadata"
    fields = filled_in((await operator.get(address)).text)
    for changes, field, words in (
        ({"north": "95"}, "west", "needs degrees"),
        ({"north": ""}, "west", "needs four numbers"),
        ({"west": "nan"}, "west", "needs degrees"),
        ({"displayfile": "main.R"}, "displayfile", "is the main file"),
        ({"mainfile": "gone.R"}, "mainfile", "is no file of the compendium"),
    ):
        for wish in ("save", "publish"):
            answer = await operator.post(address, data=fields | {"title": "Typed"} | changes | {"do": wish})
            assert answer.status_code == 400
            assert re.search(rf'id="{field}-wrong">This [^<]*{words}', answer.text)
            assert 'value="Typed"' in answer.text
    assert (await world.services.records.compendium(compendium.id)).revision == 1


async def test_who_saves_over_a_newer_revision_is_asked_with_both_changes_together(operator, world) -> None:
    compendium = await with_metadata(world)
    address = f"/compendium/{compendium.id}/metadata"
    first = filled_in((await operator.get(address)).text)
    assert (await operator.post(address, data=first | {"title": "Theirs", "languages": "de"})).status_code == 303
    late = await operator.post(address, data=first | {"title": "Mine"})
    assert late.status_code == 412
    assert "Somebody saved meanwhile" in late.text
    again = filled_in(late.text)
    assert (again["title"], again["languages"], again["revision"]) == ("Mine", "de", "2")
    assert (await operator.post(address, data=again)).status_code == 303
    now = await world.services.records.compendium(compendium.id)
    assert (now.metadata["o2r"]["title"], now.metadata["o2r"]["paperLanguage"], now.revision) == ("Mine", ["de"], 3)


async def test_rows_of_authors_are_added_without_a_script(operator, world) -> None:
    compendium = await with_metadata(world)
    address = f"/compendium/{compendium.id}/metadata"
    more = await operator.post(address, data={"creator-0-name": "A", "do": "more", "revision": "1"})
    assert more.text.count('-affiliation" name=') == 4
    assert (await world.services.records.compendium(compendium.id)).revision == 1


async def test_the_form_is_for_those_who_may_edit(reader, world) -> None:
    candidate, public = await with_metadata(world), await with_metadata(world)
    async with world.services.records.database.transaction() as transaction:
        from sqlalchemy import text

        change = "UPDATE compendium SET candidate = false, document = jsonb_set(document, '{candidate}', 'false')"
        await transaction.connection.execute(text(f"{change} WHERE id = :id"), {"id": public.id})
    assert (await reader.get(f"/compendium/{candidate.id}/metadata")).status_code == 404
    assert (await reader.get(f"/compendium/{candidate.id}/history")).status_code == 404
    assert (await reader.get(f"/compendium/{public.id}/metadata")).status_code == 401
    assert (await reader.post(f"/compendium/{public.id}/metadata", data={"title": "x"})).status_code == 401
    assert (await reader.get(f"/compendium/{public.id}/history")).status_code == 200
    assert '/metadata">Edit' not in (await reader.get(f"/compendium/{public.id}")).text


async def test_odd_forms_are_refused(operator, world) -> None:
    compendium = await with_metadata(world)
    address = f"/compendium/{compendium.id}/metadata"
    many = "&".join(f"x{number}=1" for number in range(3000))
    for body, status in ((b"title=%00%ff", 412), (many.encode(), 400), (b"\xff", 400), (b"a" * (1 << 21), 413)):
        assert (await operator.post(address, content=body)).status_code == status
    for number in ("0", "7", "9" * 30):
        assert (await operator.get(f"/compendium/{compendium.id}/history/{number}")).status_code == 404


def test_an_untouched_form_changes_nothing() -> None:
    assert document_of(fields_of(O2R), O2R).document == O2R
    odd = O2R | {"license": "MIT", "keywords": "rain", "creators": "Ada", "spatial": None, "paperLanguage": "en"}
    assert document_of(fields_of(odd), odd).document == odd


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text("ab \r\n", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(O2R)), VALUES), st.dictionaries(st.sampled_from(sorted(O2R)), VALUES))
def test_any_document_is_shown_and_compared(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert document_of(fields_of(before), before).document == before
    typed = document_of(fields_of(after), before)
    assert set(typed.document) >= set(before)
    found, count = differences(before, after)
    assert len(found) == min(count, 200)
    assert differences(before, before) == ([], 0)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
async def test_the_form_works_in_a_browser(serving, tmp_path) -> None:
    compendium = await with_metadata(serving)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context(base_url=serving.url, viewport={"width": 1100, "height": 900})
        await context.add_cookies([{"name": "erc_session", "value": await serving.cookie(), "url": serving.url}])
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        await page.goto(f"/compendium/{compendium.id}/metadata")
        await page.get_by_role("button", name="Add an author").click()
        await page.get_by_label("Name").nth(3).fill("Grace Example")
        await page.get_by_label("Title").fill("Rain by year")
        await page.screenshot(path=tmp_path / "form.png", full_page=True)
        await page.get_by_role("button", name="Save and publish").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Publish “Rain by year”?")
        await page.screenshot(path=tmp_path / "ask.png", full_page=True)
        await page.get_by_role("button", name="Save and publish now").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Rain by year")
        await expect(page.get_by_text("Grace Example")).to_be_visible()
        await page.goto(f"/compendium/{compendium.id}/history/2")
        await expect(page.locator("ins").first).to_be_visible()
        await page.screenshot(path=tmp_path / "diff.png", full_page=True)
        await browser.close()
    assert said == []
