"""The evidence on the page of a job, as a reviewer uses it: with keys and views in a browser, and without JavaScript."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import AsyncIterator

import httpx2
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from erc.gateway.content import content_app
from erc.schemas.check import ChangedPart, Comparison, Origin, Outcome, Verdict
from erc.schemas.job import Job, JobStatus

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = '"><script>alert(1)</script>'


def told(report: str):
    values = {"report": report, "verdict": Verdict.DIFFERS, "reason": "Figure 2 differs.", "status": JobStatus.FAILURE}
    return lambda job: job.model_copy(update=values | {"ended": job.created})


async def a_job(world, *rows: Comparison, **more) -> Job:
    return await world.job(await world.compendium(), told(world.report(rows, **more)))


async def reviewed(world) -> Job:
    """Keep a job with two differing figures, a differing table and two figures that agree."""
    change = ChangedPart(place="row 2", published="the mean was 4.2", reproduced="the mean was 4.3")
    table = Comparison(name="Table 1", kind="table", outcome=Outcome.DIFFERENT, changes=[change], changed=1)
    figures = [world.figure(Outcome.DIFFERENT, f"Figure {number}") for number in (2, 4)]
    same = [world.figure(Outcome.IDENTICAL, f"Figure {number}") for number in (1, 3)]
    return await a_job(world, same[0], figures[0], same[1], figures[1], table)


async def test_only_what_differs_is_shown_when_the_query_says_so(operator, world) -> None:
    job = await reviewed(world)
    names = [
        re.findall(r'<h3 id="c\d+">([\w ]+?) <span', (await operator.get(f"/job/{job.id}{query}")).text)
        for query in ("", "?show=differences", "?show=all&from=4", "?show=differences&from=x", "?from=999")
    ]
    assert names[0] == ["Figure 2", "Figure 4", "Table 1", "Figure 1", "Figure 3"]
    assert names[1] == names[3] == ["Figure 2", "Figure 4", "Table 1"]
    assert names[2] == ["Figure 3"]
    assert names[4] == []


async def test_many_comparisons_are_read_page_by_page(operator, world) -> None:
    job = await a_job(world, *[world.figure(Outcome.DIFFERENT)] * 150)
    page = (await operator.get(f"/job/{job.id}?show=differences&from=60")).text
    assert 'href="?show=differences#evidence">Before these' in page
    assert 'href="?show=differences&amp;from=120#evidence">30 further comparisons' in page


async def test_what_changed_is_marked_and_stays_text(operator, world) -> None:
    changes = [ChangedPart(place="row 2", published=f"mean 4.2 {HOSTILE}", reproduced=f"mean 4.3 {HOSTILE}")]
    row = Comparison(name=HOSTILE, kind="table", outcome=Outcome.DIFFERENT, changes=changes, changed=41)
    page = (await operator.get(f"/job/{(await a_job(world, row)).id}")).text
    assert "<del>4.2</del>" in page
    assert "<ins>4.3</ins>" in page
    assert "40 further differences" in page
    assert "<script>alert" not in page


async def test_a_thing_leads_to_the_chunk_or_cell_that_made_it(operator, world) -> None:
    made = [Origin(path="a b/main.Rmd", line=12, label="rain"), Origin(path="main.ipynb", cell=3)]
    rows = [world.figure(Outcome.DIFFERENT).model_copy(update={"made_by": one}) for one in made]
    job = await a_job(world, *rows)
    page = (await operator.get(f"/job/{job.id}")).text
    files = f"/compendium/{job.compendium_id}/files"
    assert f'<a href="{files}/a%20b/main.Rmd#line-12">chunk “rain” of a b/main.Rmd</a>' in page
    assert f'<a href="{files}/main.ipynb#cell-3">cell 3 of main.ipynb</a>' in page


async def test_the_page_of_a_file_has_a_place_for_each_line_and_each_cell(operator, world) -> None:
    notebook = {"cells": [{"cell_type": "markdown", "source": ["# Rain"]}, {"cell_type": "code", "source": HOSTILE}]}
    files = {"main.Rmd": b"one\ntwo\n", "main.ipynb": json.dumps(notebook).encode(), "bad.ipynb": b"[]"}
    compendium = await world.compendium(files=files)
    pages = {path: (await operator.get(f"/compendium/{compendium.id}/files/{path}")).text for path in files}
    assert '<span id="line-2">two\n</span>' in pages["main.Rmd"]
    assert 'id="cell-2"' in pages["main.ipynb"]
    assert "<script>alert" not in pages["main.ipynb"]
    assert "This notebook cannot be shown here." in pages["bad.ipynb"]


async def test_the_findings_are_a_document_of_their_own(operator, world) -> None:
    job = await reviewed(world)
    found = (await operator.get(f"/api/v1/job/{job.id}/data/check.json")).json()
    assert [row["name"] for row in found["comparisons"]] == ["Figure 1", "Figure 2", "Figure 3", "Figure 4", "Table 1"]
    row = (await operator.get(f"/api/v1/job/{job.id}")).json()["check"]["comparisons"][4]
    assert (row["changed"], row["changes"][0]["reproduced"], row["made_by"]) == (1, "the mean was 4.3", None)


async def test_a_large_picture_is_made_smaller_by_the_content_origin(operator, world) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((1000, 700), 90).save(buffer, "PNG")
    large = world.services.blobs.put(buffer.getvalue())
    row = world.figure(Outcome.DIFFERENT).model_copy(update={"original": large})
    page = (await operator.get(f"/job/{(await a_job(world, row)).id}")).text
    shown = re.findall(r'<img src="([^"]+)"', page.partition('id="evidence"')[2])
    assert [address.endswith("?size=640") for address in shown] == [True, False, False]
    transport = httpx2.ASGITransport(app=content_app(world.services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(shown[0])
        refused = await client.get(shown[0].replace("640", "99999"))
    assert Image.open(io.BytesIO(answer.content)).size == (640, 448)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert refused.status_code == 400


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        await started.close()


async def opened(world, browser: Browser, address: str, **look) -> tuple[Page, list[str]]:
    """Open a page as the operator, with a list of what a browser says against it."""
    context = await browser.new_context(base_url=world.url, **look)
    context.set_default_timeout(15_000)
    await context.add_cookies([{"name": "erc_session", "value": await world.cookie(), "url": world.url}])
    page, said = await context.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    await page.goto(address)
    return page, said


async def focused(page: Page) -> str:
    return await page.evaluate("document.activeElement.querySelector('h3')?.firstChild.data.trim() ?? ''")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
async def test_keys_lead_through_the_differences_and_their_views(serving, browser: Browser) -> None:
    page, said = await opened(serving, browser, f"/job/{(await reviewed(serving)).id}")
    seen = []
    for key in ("n", "n", "n", "n", "p", "p"):
        await page.keyboard.press(key)
        seen.append(await focused(page))
    assert seen == ["Figure 2", "Figure 4", "Table 1", "Table 1", "Figure 4", "Figure 2"]
    article = page.locator("#item-2")
    views = []
    for _ in range(4):
        await page.keyboard.press("v")
        views.append(await article.locator(".views input:checked").get_attribute("value"))
    assert views == ["swipe", "onion", "difference", "sides"]
    await article.get_by_label("Swipe").check()
    for side in ("original", "reproduced"):
        await expect(article.locator(f".stack .{side}")).to_have_js_property("naturalWidth", 8)
    await article.get_by_role("slider").fill("20")
    clipped = await article.locator(".stack .reproduced").evaluate("it => getComputedStyle(it).clipPath")
    assert clipped == "inset(0px 0px 0px 20%)"
    await page.keyboard.press("d")
    await page.wait_for_url("**show=differences#evidence")
    await expect(page.locator(".compared")).to_have_count(3)
    await page.keyboard.press("?")
    await page.get_by_label("Use these keys on this page").uncheck()
    await page.keyboard.press("n")
    assert await focused(page) == ""
    assert said == []


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
async def test_without_javascript_the_pictures_and_the_filter_are_there(serving, browser: Browser) -> None:
    address = f"/job/{(await reviewed(serving)).id}"
    page, said = await opened(serving, browser, address, java_script_enabled=False)
    for picture in await page.locator("#item-2 .sides img").all():
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_be_visible()
    await expect(page.locator("#item-2 .sides img")).to_have_count(3)
    await expect(page.locator(".views").first).to_be_hidden()
    await page.get_by_role("link", name="Only differences (3)").click()
    await expect(page.locator(".compared")).to_have_count(3)
    assert said == []
