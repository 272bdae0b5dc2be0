"""The pages of files: what is in them is shown as text, and what is hostile can do nothing."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import rdata
from PIL import Image
from playwright.async_api import BrowserContext, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SAMPLES = Path(str(rdata.TESTDATA_PATH)) / "generated"

STEAL = """
  document.title = 'ran';
  const say = (what, value) => { const it = document.createElement('p'); it.id = what; it.textContent = value;
    document.documentElement.appendChild(it); };
  const attempt = (what, act) => { try { say(what, act()); } catch (error) { say(what, 'refused'); } };
  attempt('cookie', () => document.cookie || 'none');
  attempt('storage', () => String(localStorage));
  attempt('parent', () => parent === window ? 'refused' : parent.document.title);
  attempt('worker', () => { navigator.serviceWorker.register('x.js').catch(() => say('registered', 'refused')); return 'asked'; });
  fetch('%s/api/v1/auth/whoami', {credentials: 'include'}).then(answer => say('fetch', answer.status), () => say('fetch', 'refused'));
  fetch('%s/api/v1/job', {method: 'POST', credentials: 'include', mode: 'no-cors', body: '{}'})
    .then(() => say('post', 'sent'), () => say('post', 'refused'));
"""


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).save(buffer, "PNG")
    return buffer.getvalue()


def array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(12).reshape(3, 4))
    return buffer.getvalue()


@pytest.fixture
def files() -> dict[str, bytes]:
    return {
        "data/rain.csv": b"month,mm\nJan,<b>61</b>\n" + b"Feb,48\n" * 100,
        "figure.png": picture(),
        "main.R": b"plot(1) # <script>alert(1)</script>\n",
        "people.rda": (SAMPLES / "test_dataframe_rownames__xdr__version_3.rda").read_bytes(),
        "array.npy": array(),
        "evil.pkl": b"\x80\x04.",
        "broken.rds": b"no",
        "odd.bin": b"\0\1",
        "empty.txt": b"",
        "page.html": b"<p>hello",
    }


async def test_every_kind_of_file_has_a_page(operator, world, files) -> None:
    compendium = await world.compendium(files=files)
    shown = {}
    for path in files:
        answer = await operator.get(f"/compendium/{compendium.id}/files/{path}")
        assert answer.status_code == 200, path
        shown[path] = answer.text
    assert "&lt;b&gt;61&lt;/b&gt;" in shown["data/rain.csv"]
    assert "This is only the beginning" in shown["data/rain.csv"]
    assert f'src="/api/v1/compendium/{compendium.id}/data/figure.png?size=1200"' in shown["figure.png"]
    assert "&lt;script&gt;" in shown["main.R"]
    assert "<script>alert" not in shown["main.R"]
    assert "Herzberg am Harz" in shown["people.rda"]
    assert "3 × 4" in shown["array.npy"]
    assert "Reading a pickle runs the code in it" in shown["evil.pkl"]
    assert "Error loading objects" in shown["broken.rds"]
    assert "not shown here" in shown["odd.bin"]
    assert "The file is empty" in shown["empty.txt"]
    assert "opened apart" in shown["page.html"]


async def test_the_page_of_a_file_is_for_those_who_may_see_it(operator, reader, world, files) -> None:
    compendium = await world.compendium(files=files)
    assert (await reader.get(f"/compendium/{compendium.id}/files/main.R")).status_code == 404
    assert (await operator.get(f"/compendium/{compendium.id}/files/nothing")).status_code == 404
    job = await world.job(compendium)
    await world.move(job, outputs=compendium.manifest)
    assert "plot(1)" in (await operator.get(f"/job/{job.id}/files/main.R")).text
    assert (await reader.get(f"/job/{job.id}/files/main.R")).status_code == 404


async def test_downloads_are_offered_with_their_sizes(operator, world) -> None:
    compendium = await world.compendium(files={"main.R": b"x" * 2048})
    page = (await operator.get(f"/compendium/{compendium.id}")).text
    assert f'href="/api/v1/compendium/{compendium.id}.zip?image=false"' in page
    assert "(2 KiB)" in page
    assert "zip with the image" not in page


@pytest.fixture
async def context(serving) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        made = await browser.new_context(base_url=serving.url)
        made.set_default_timeout(15_000)
        await made.add_cookies([{"name": "erc_session", "value": await serving.cookie(), "url": serving.url}])
        yield made
        await browser.close()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
@pytest.mark.parametrize("name", ["hostile.html", "hostile.svg"])
async def test_a_hostile_file_learns_nothing_and_does_nothing(serving, context: BrowserContext, name: str) -> None:
    script = STEAL % (serving.url, serving.url)
    content = {
        "hostile.html": f"<!DOCTYPE html><title>x</title><script>{script}</script>",
        "hostile.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><title>x</title><script><![CDATA[{script}]]></script></svg>',
    }[name]
    compendium = await serving.compendium(files={name: content.encode()})
    page = await context.new_page()
    writes: list[str] = []
    page.on("response", lambda answer: writes.append(answer.url) if answer.request.method == "POST" else None)
    await page.goto(f"/compendium/{compendium.id}/files/{name}")
    if name.endswith(".html"):
        await page.get_by_role("link", name="Open").click()
        await page.wait_for_url("**/c/**")
    else:
        await page.locator(".preview a").click()
        await page.wait_for_url("**/c/**")
        script_ran = await page.evaluate("document.documentElement.childElementCount")
        assert script_ran >= 1
    told = page.locator("#post")
    await told.wait_for(state="attached")
    said = {
        what: await page.locator(f"#{what}").text_content() for what in ("cookie", "storage", "parent", "fetch", "post")
    }
    assert said == {
        "cookie": "refused",
        "storage": "refused",
        "parent": "refused",
        "fetch": "refused",
        "post": "refused",
    }
    assert writes == []
    assert all(cookie["name"] == "erc_session" for cookie in await context.cookies())


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
async def test_files_are_looked_at_without_a_word_of_complaint(serving, context: BrowserContext, files) -> None:
    compendium = await serving.compendium(files=files)
    page, said = await context.new_page(), []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for path in ("figure.png", "data/rain.csv", "people.rda"):
        await page.goto(f"/compendium/{compendium.id}/files/{path}")
        if folder := os.environ.get("ERC_SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/{path.replace('/', '-')}.png", full_page=True)
    await page.goto(f"/compendium/{compendium.id}/files/figure.png")
    assert await page.locator(".preview img").evaluate("it => it.naturalWidth") == 1200
    await page.goto(f"/compendium/{compendium.id}")
    if folder:
        await page.screenshot(path=f"{folder}/compendium.png", full_page=True)
    assert said == []
