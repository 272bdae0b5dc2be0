"""The live pages in a real browser: parts follow events, logs grow, a hidden tab closes its stream and resumes."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from erc.gateway.transition import Advance
from erc.schemas.check import Outcome, Verdict
from erc.schemas.job import JobStatus, Step, StepName, StepStatus
from erc.schemas.shipment import Shipment, ShipmentStatus

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")]

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
async def context(serving) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        made = await browser.new_context(base_url=serving.url)
        made.set_default_timeout(15_000)
        cookie = {"name": "erc_session", "value": await serving.cookie(), "url": serving.url}
        await made.add_cookies([cookie])
        yield made
        await browser.close()


@pytest.fixture
async def tab(context: BrowserContext) -> AsyncIterator[Page]:
    """A page on which nothing may be said against: no script error, no violated policy."""
    page, said = await context.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    yield page
    assert said == []


async def test_a_job_is_followed_to_its_verdict_without_a_reload(serving, tab: Page) -> None:
    job = await serving.job(await serving.compendium())
    await tab.goto(f"/job/{job.id}")
    await tab.evaluate("document.body.dataset.same = 'yes'")
    running = {**job.steps, StepName.IMAGE_EXECUTE: Step(status=StepStatus.RUNNING, start=job.created)}
    await serving.move(job, steps=running)
    await expect(tab.locator("#state-image_execute")).to_contain_text("running")
    await serving.logs.publish(job.id, "image_execute", 1, 1, "first\nsec")
    await serving.logs.publish(job.id, "image_execute", 1, 2, "ond\n\x1b[31m<b>third</b>\x1b[0m\n")
    log = tab.locator("#log-image_execute pre")
    await expect(log).to_be_visible()
    await expect(log).to_have_text("first\nsecond\n<b>third</b>\n")
    ended = {**running, StepName.IMAGE_EXECUTE: Step(status=StepStatus.SUCCESS, log_chunks=2)}
    report = serving.report([serving.figure(Outcome.DIFFERENT)])
    changes = {"steps": ended, "report": report, "verdict": Verdict.DIFFERS, "reason": "Figure 1 differs."}
    await serving.move(job, status=JobStatus.FAILURE, ended=job.created, **changes)
    await expect(tab.locator("#verdict")).to_contain_text("Differs")
    await expect(tab.locator("#evidence figure img")).to_have_count(3)
    await expect(tab.get_by_role("button", name="Run again")).to_be_visible()
    await expect(tab.get_by_role("button", name="Cancel")).to_have_count(0)
    for picture in await tab.locator("#evidence figure img").all():
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("naturalWidth", 8)
    assert await tab.evaluate("document.body.dataset.same") == "yes"
    assert (await tab.title()).startswith("Differs")
    await expect(log).to_have_text("first\nsecond\n<b>third</b>\n")


async def test_a_hidden_tab_closes_its_stream_and_resumes_without_loss_or_repetition(serving, tab: Page) -> None:
    job = await serving.job(await serving.compendium())
    streams: list[str] = []
    over: list[str] = []
    tab.on("request", lambda request: streams.append(request.url) if "/events" in request.url else None)
    tab.on("requestfailed", lambda request: over.append(request.url) if "/events" in request.url else None)
    await tab.goto(f"/job/{job.id}")
    await serving.logs.publish(job.id, "image_build", 1, 1, "one\n")
    log = tab.locator("#log-image_build pre")
    await expect(log).to_have_text("one\n")
    await tab.evaluate(HIDE, True)
    await tab.wait_for_timeout(300)
    assert len(over) == 1
    await serving.logs.publish(job.id, "image_build", 1, 2, "two\n")
    await tab.wait_for_timeout(300)
    await expect(log).to_have_text("one\n")
    await tab.evaluate(HIDE, False)
    await expect(log).to_have_text("one\ntwo\n")
    assert len(streams) == 2
    assert "last_event_id=" in streams[1]


async def test_a_new_attempt_takes_the_place_of_the_old_log(serving, tab: Page) -> None:
    job = await serving.job(await serving.compendium())
    await tab.goto(f"/job/{job.id}")
    await serving.logs.publish(job.id, "image_build", 1, 1, "old\n")
    await expect(tab.locator("#log-image_build pre")).to_have_text("old\n")
    await serving.logs.publish(job.id, "image_build", 2, 1, "new\n")
    await expect(tab.locator("#log-image_build pre")).to_have_text("new\n")


async def test_a_flood_of_lines_is_cut_at_the_beginning(serving, tab: Page) -> None:
    job = await serving.job(await serving.compendium())
    await tab.goto(f"/job/{job.id}")
    for chunk in range(6):
        lines = "".join(f"line {chunk * 500 + line}\n" for line in range(500))
        await serving.logs.publish(job.id, "image_build", 1, chunk + 1, lines)
    log = tab.locator("#log-image_build pre")
    await expect(log).to_contain_text("line 2999\n")
    shown = await log.evaluate("pre => pre.textContent.split('\\n').filter(Boolean)")
    assert (len(shown), shown[0]) == (2000, "line 1000")
    await expect(tab.locator("#log-image_build .cut")).to_be_visible()


async def test_a_line_without_end_is_cut_and_says_so(serving, tab: Page) -> None:
    job = await serving.job(await serving.compendium())
    await tab.goto(f"/job/{job.id}")
    for chunk in range(40):
        await serving.logs.publish(job.id, "image_build", 1, chunk + 1, "x" * 30_000)
    await serving.logs.publish(job.id, "image_build", 1, 41, "\n 1 %\r99 %\r100 %\n")
    log = tab.locator("#log-image_build pre")
    await expect(log).to_contain_text("\n100 %\n")
    shown = await log.evaluate("pre => pre.textContent")
    assert shown.startswith("[The beginning of this line is not shown.] xxx")
    assert len(shown) < 5000


async def test_the_list_follows_what_happens(serving, tab: Page) -> None:
    await tab.goto("/")
    await expect(tab.locator("#lists")).to_contain_text("There is no compendium yet")
    await tab.wait_for_timeout(800)
    compendium = await serving.compendium()
    await serving.job(compendium)
    await expect(tab.locator("#lists")).to_contain_text("Rain by month")


async def test_a_page_that_comes_back_after_a_deletion_says_so(serving, context: BrowserContext) -> None:
    tab = await context.new_page()
    compendium = await serving.compendium()
    await tab.goto(f"/compendium/{compendium.id}")
    await tab.evaluate(HIDE, True)
    await serving.services.records.remove_compendium(compendium.id)
    await tab.evaluate(HIDE, False)
    await expect(tab.locator("h1")).to_have_text("There is nothing here")


async def test_a_shipment_is_followed_until_it_is_packed(serving, tab: Page) -> None:
    shipment = await serving.shipment(await serving.compendium())
    await tab.goto(f"/shipment/{shipment.id}")
    await expect(tab.locator("#shipment")).to_contain_text("Being packed")
    package = serving.services.blobs.put(b"PK")

    def packed(before: Shipment) -> Advance[Shipment]:
        changes = {"status": ShipmentStatus.SHIPPED, "package": package, "version": before.version + 1}
        return Advance(before.model_copy(update=changes))

    await serving.services.records.move_shipment(shipment.id, packed)
    await expect(tab.get_by_role("link", name="Download")).to_be_visible()


async def test_an_upload_with_a_script_leads_to_the_new_page(serving, tab: Page) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz"):
        pass
    await tab.goto("/")
    file = {"name": "a.tar.gz", "mimeType": "application/gzip", "buffer": buffer.getvalue()}
    await tab.get_by_label("Archive with the paper").set_input_files(file)
    await tab.get_by_role("button", name="Upload").click()
    await tab.wait_for_url("**/compendium/*")
    await expect(tab.locator("#about")).to_contain_text("Loading")


async def test_everything_works_without_a_script(serving, context: BrowserContext) -> None:
    browser = context.browser
    assert browser
    plain = await browser.new_context(base_url=serving.url, java_script_enabled=False)
    await plain.add_cookies(await context.cookies())
    page = await plain.new_page()
    compendium = await serving.compendium()
    await page.goto(f"/compendium/{compendium.id}")
    await page.get_by_role("button", name="Run the analysis").click()
    await page.wait_for_url("**/job/*")
    await expect(page.locator("#verdict")).to_contain_text("Place 1 in the queue")
    await expect(page.get_by_role("link", name="Load the newest state")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator("#verdict")).to_contain_text("Cancelled")
    await page.get_by_role("link", name="The compendium").click()
    await page.get_by_text("Delete the candidate…").click()
    await page.get_by_role("button", name="Delete it").click()
    await page.wait_for_url(f"{serving.url}/")


async def test_the_keyboard_reaches_the_content_first(serving, tab: Page) -> None:
    await tab.goto("/")
    await tab.keyboard.press("Tab")
    await expect(tab.locator(":focus")).to_have_text("Skip to the content")
    await tab.keyboard.press("Enter")
    await expect(tab.locator(":focus")).to_have_attribute("id", "main")
